use std::{collections::HashMap, sync::Arc, time::Instant};

use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signature::Signature;
use solana_transaction::Transaction;
use solana_transaction_status_client_types::TransactionStatus;
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::MissedTickBehavior,
};

use super::{Landed, SendError, Settings, send_config};

/// Most signatures that one status question may name.
const STATUS_BATCH: usize = 256;

/// Most broadcasts under way at once.
const BROADCASTS: usize = 64;

/// Blocks waited past the last valid one before a transaction is declared dead,
/// so that a node a little behind cannot make us sign twice.
const DEAD_MARGIN: u64 = 5;

/// A transaction to broadcast and follow.
pub struct Tracked {
    pub transaction: Transaction,
    pub signature: Signature,
    pub last_valid_block_height: u64,
    pub verdict: oneshot::Sender<Result<Landed, SendError>>,
}

struct Pending {
    tracked: Tracked,
    broadcast_at: Instant,
}

/// Follows everything that was sent: one question for up to 256 transactions.
pub struct Tracker {
    rpc: Arc<RpcClient>,
    settings: Settings,
    pending: HashMap<Signature, Pending>,
    broadcasts: Arc<Semaphore>,
}

impl Tracker {
    pub fn new(rpc: Arc<RpcClient>, settings: Settings) -> Self {
        Self {
            rpc,
            settings,
            pending: HashMap::new(),
            broadcasts: Arc::new(Semaphore::new(BROADCASTS)),
        }
    }

    /// Runs until every sender is gone and nothing is pending.
    pub async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Tracked>) {
        let mut poll = tokio::time::interval(self.settings.poll);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut open = true;
        while open || !self.pending.is_empty() {
            tokio::select! {
                tracked = queue.recv(), if open => match tracked {
                    Some(tracked) => self.admit(tracked),
                    None => open = false,
                },
                _ = poll.tick(), if !self.pending.is_empty() => self.poll().await,
            }
        }
    }

    fn admit(&mut self, tracked: Tracked) {
        self.broadcast(&tracked.transaction);
        self.pending.insert(
            tracked.signature,
            Pending {
                tracked,
                broadcast_at: Instant::now(),
            },
        );
    }

    /// Sends bytes to the node. A failure needs no answer here: the transaction
    /// stays pending, and is sent again until it lands or dies.
    fn broadcast(&self, transaction: &Transaction) {
        let (rpc, transaction) = (self.rpc.clone(), transaction.clone());
        let permits = self.broadcasts.clone();
        tokio::spawn(async move {
            let Ok(_permit) = permits.acquire().await else {
                return;
            };
            if let Err(error) = rpc
                .send_transaction_with_config(&transaction, send_config())
                .await
            {
                tracing::debug!(%error, "broadcast failed; it will be repeated");
            }
        });
    }

    async fn poll(&mut self) {
        let signatures: Vec<Signature> = self.pending.keys().copied().collect();
        let mut missing = Vec::new();
        for batch in signatures.chunks(STATUS_BATCH) {
            match self.rpc.get_signature_statuses(batch).await {
                Ok(statuses) => {
                    for (signature, status) in batch.iter().zip(statuses.value) {
                        match status {
                            Some(status) => self.judge(signature, &status),
                            None => missing.push(*signature),
                        }
                    }
                }
                Err(error) => tracing::debug!(%error, "no statuses; asked again later"),
            }
        }
        if !missing.is_empty() {
            self.retry_or_bury(&missing).await;
        }
    }

    fn judge(&mut self, signature: &Signature, status: &TransactionStatus) {
        if !status.satisfies_commitment(CommitmentConfig::confirmed()) {
            return;
        }
        let Some(pending) = self.pending.remove(signature) else {
            return;
        };
        let verdict = match &status.err {
            None => Ok(Landed {
                signature: *signature,
                slot: status.slot,
            }),
            Some(error) => Err(SendError::Failed {
                signature: *signature,
                error: error.clone(),
            }),
        };
        // The asker may have gone; then nobody needs the answer.
        let _ = pending.tracked.verdict.send(verdict);
    }

    /// Transactions unknown to the node are sent again, until their blockhash
    /// has expired for certain.
    async fn retry_or_bury(&mut self, missing: &[Signature]) {
        let due: Vec<Signature> = missing
            .iter()
            .filter(|signature| {
                self.pending
                    .get(signature)
                    .is_some_and(|p| p.broadcast_at.elapsed() >= self.settings.rebroadcast)
            })
            .copied()
            .collect();
        if due.is_empty() {
            return;
        }
        let height = match self
            .rpc
            .get_block_height_with_commitment(CommitmentConfig::confirmed())
            .await
        {
            Ok(height) => height,
            Err(error) => {
                tracing::debug!(%error, "no block height; asked again later");
                return;
            }
        };
        for signature in due {
            let Some(pending) = self.pending.get_mut(&signature) else {
                continue;
            };
            if height > pending.tracked.last_valid_block_height + DEAD_MARGIN {
                if let Some(pending) = self.pending.remove(&signature) {
                    let _ = pending
                        .tracked
                        .verdict
                        .send(Err(SendError::Dead(signature)));
                }
                continue;
            }
            pending.broadcast_at = Instant::now();
            let transaction = pending.tracked.transaction.clone();
            self.broadcast(&transaction);
        }
    }
}
