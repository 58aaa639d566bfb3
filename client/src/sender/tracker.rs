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
    /// Others who sent the very same bytes: same signature, same verdict.
    also: Vec<oneshot::Sender<Result<Landed, SendError>>>,
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
        if let Some(pending) = self.pending.get_mut(&tracked.signature) {
            pending.also.push(tracked.verdict);
            return;
        }
        self.broadcast(&tracked.transaction);
        self.pending.insert(
            tracked.signature,
            Pending {
                tracked,
                also: Vec::new(),
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
                    for (index, signature) in batch.iter().enumerate() {
                        match statuses.value.get(index).and_then(Option::as_ref) {
                            Some(status) => self.judge(signature, status),
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
        self.answer(signature, || match &status.err {
            None => Ok(Landed {
                signature: *signature,
                slot: status.slot,
            }),
            Some(error) => Err(SendError::Failed {
                signature: *signature,
                error: error.clone(),
            }),
        });
    }

    /// Tells everybody who waits for a transaction what became of it.
    fn answer(&mut self, signature: &Signature, verdict: impl Fn() -> Result<Landed, SendError>) {
        if let Some(pending) = self.pending.remove(signature) {
            for waiting in pending.also.into_iter().chain([pending.tracked.verdict]) {
                // The asker may have gone; then nobody needs the answer.
                let _ = waiting.send(verdict());
            }
        }
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
        let mut expired = Vec::new();
        for signature in due {
            let Some(pending) = self.pending.get_mut(&signature) else {
                continue;
            };
            let last = pending.tracked.last_valid_block_height;
            if height > last.saturating_add(DEAD_MARGIN) {
                expired.push(signature);
                continue;
            }
            pending.broadcast_at = Instant::now();
            let transaction = pending.tracked.transaction.clone();
            self.broadcast(&transaction);
        }
        for batch in expired.chunks(STATUS_BATCH) {
            self.bury(batch).await;
        }
    }

    /// Declares transactions dead whose blockhash has expired. The status asked for
    /// before may be older than the block height, and the recent statuses reach back
    /// a few minutes only; so the whole history has the last word.
    async fn bury(&mut self, expired: &[Signature]) {
        let statuses = match self.rpc.get_signature_statuses_with_history(expired).await {
            Ok(statuses) if statuses.value.len() == expired.len() => statuses.value,
            Ok(_) => return,
            Err(error) => {
                tracing::debug!(%error, "no history; asked again later");
                return;
            }
        };
        for (signature, status) in expired.iter().zip(statuses) {
            match status {
                Some(status) => self.judge(signature, &status),
                None => self.answer(signature, || Err(SendError::Dead(*signature))),
            }
        }
    }
}
