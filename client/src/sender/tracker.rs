//! Follows everything that was sent until its fate is known for certain.

use std::{collections::HashMap, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use solana_commitment_config::CommitmentConfig;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;
use solana_transaction_status_client_types::TransactionStatus;
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    Landed, SendError, Settings,
    confirmations::{Confirmations, Notice},
    fate::{self, Fate, STATUS_BATCH},
    journal::{End, Journal, Signed},
    send_config,
};
use crate::rpc::Pool;

/// Most broadcasts under way at once.
const BROADCASTS: usize = 64;

/// No cluster makes the 150 blocks that a blockhash is good for faster than this; who
/// says so lies.
const SHORTEST_LIFE: Duration = Duration::from_secs(3);

type Verdict = Result<Landed, SendError>;

/// A transaction to broadcast and follow.
pub struct Tracked {
    pub signed: Signed,
    pub verdict: oneshot::Sender<Verdict>,
    /// Who wants to know the slot as soon as it is processed.
    pub herald: Option<oneshot::Sender<u64>>,
}

struct Pending {
    signed: Signed,
    /// Who waits; several where the very same bytes were sent more than once, none
    /// once they were told that nothing is certain.
    waiting: Vec<oneshot::Sender<Verdict>>,
    /// Who is told ahead of its confirmation.
    heralds: Vec<oneshot::Sender<u64>>,
    since: Instant,
    broadcast_at: Instant,
}

/// What all transactions that are under way are followed by.
pub struct Tracker {
    pool: Arc<Pool>,
    settings: Settings,
    journal: Option<Arc<dyn Journal>>,
    pending: HashMap<Signature, Pending>,
    broadcasts: Arc<Semaphore>,
    confirmations: Option<Confirmations>,
}

impl Tracker {
    /// Runs until every sender is gone and nothing is pending.
    pub async fn run(
        pool: Arc<Pool>,
        settings: Settings,
        journal: Option<Arc<dyn Journal>>,
        mut queue: mpsc::UnboundedReceiver<Tracked>,
    ) {
        let (found, mut notices) = mpsc::unbounded_channel();
        let confirmations = settings
            .subscribe
            .then(|| Confirmations::start(pool.clone(), found))
            .flatten();
        let mut tracker = Self {
            pool,
            settings,
            journal,
            pending: HashMap::new(),
            broadcasts: Arc::new(Semaphore::new(BROADCASTS)),
            confirmations,
        };
        let mut open = true;
        let (mut next_poll, mut next_check) = (Instant::now(), Instant::now());
        let (mut polling, mut checking) = (JoinSet::new(), JoinSet::new());
        while open || !tracker.pending.is_empty() {
            let is_waiting = !tracker.pending.is_empty();
            tokio::select! {
                tracked = queue.recv(), if open => match tracked {
                    Some(tracked) => tracker.admit(tracked),
                    None => open = false,
                },
                Some(notice) = notices.recv() => tracker.on_notice(notice),
                Some(answers) = polling.join_next() => {
                    tracker.on_statuses(answers.unwrap_or_default());
                    next_poll = Instant::now() + tracker.pause();
                }
                Some(fates) = checking.join_next() => {
                    tracker.on_fates(fates.unwrap_or_default());
                    next_check = Instant::now() + settings.rebroadcast / 2;
                }
                // A node that hangs holds up the answers, but nothing that is sent.
                () = sleep_until(next_poll), if is_waiting && polling.is_empty() => {
                    polling.spawn(ask_statuses(tracker.pool.clone(), tracker.signatures()));
                }
                () = sleep_until(next_check), if is_waiting && checking.is_empty() => {
                    let (pool, margin) = (tracker.pool.clone(), settings.dead_margin);
                    let due = tracker.due();
                    checking.spawn(async move {
                        let fates = fate::of(&pool, &due, margin).await;
                        due.into_iter().zip(fates).collect::<Vec<_>>()
                    });
                }
            }
        }
    }

    fn signatures(&self) -> Vec<Signature> {
        self.pending.keys().copied().collect()
    }

    /// What has not been broadcast for a while.
    fn due(&self) -> Vec<Signed> {
        let pending = self.pending.values();
        let due = pending.filter(|it| it.broadcast_at.elapsed() >= self.settings.rebroadcast);
        due.map(|pending| pending.signed.clone()).collect()
    }

    /// Until statuses are asked for again.
    fn pause(&self) -> Duration {
        let is_told = self
            .confirmations
            .as_ref()
            .is_some_and(Confirmations::is_up);
        if is_told {
            self.settings.poll_when_told
        } else {
            self.settings.poll
        }
    }

    fn admit(&mut self, tracked: Tracked) {
        let signature = tracked.signed.signature;
        if let Some(pending) = self.pending.get_mut(&signature) {
            pending.waiting.push(tracked.verdict);
            pending.heralds.extend(tracked.herald);
            return;
        }
        self.broadcast(&tracked.signed);
        if let Some(confirmations) = &self.confirmations {
            confirmations.watch(signature, tracked.herald.is_some());
        }
        let now = Instant::now();
        let pending = Pending {
            signed: tracked.signed,
            waiting: vec![tracked.verdict],
            heralds: tracked.herald.into_iter().collect(),
            since: now,
            broadcast_at: now,
        };
        self.pending.insert(signature, pending);
    }

    /// Sends bytes to all nodes. A failure needs no answer here: the transaction
    /// stays pending, and is sent again until it lands or dies.
    fn broadcast(&self, signed: &Signed) {
        let params = json!([STANDARD.encode(&signed.transaction), send_config()]);
        let (pool, permits) = (self.pool.clone(), self.broadcasts.clone());
        tokio::spawn(async move {
            let Ok(_permit) = permits.acquire().await else {
                return;
            };
            if let Err(fault) = pool.tell_all("sendTransaction", params).await {
                tracing::debug!(%fault, "broadcast failed; it will be repeated");
            }
        });
    }

    fn on_notice(&mut self, notice: Notice) {
        if let Some(confirmations) = &self.confirmations {
            confirmations.told();
        }
        if notice.is_confirmed {
            self.finish(&notice.signature, notice.slot, notice.error);
        } else if notice.error.is_none() {
            self.herald(&notice.signature, notice.slot);
        }
    }

    /// Tells those who want to build on it that a transaction took effect.
    fn herald(&mut self, signature: &Signature, slot: u64) {
        let pending = self.pending.get_mut(signature);
        for herald in pending.into_iter().flat_map(|it| it.heralds.drain(..)) {
            // Who does not wait any more need not know.
            let _ = herald.send(slot);
        }
    }

    fn on_statuses(&mut self, statuses: Vec<(Signature, TransactionStatus)>) {
        for (signature, status) in statuses {
            self.judge(&signature, status);
        }
    }

    fn judge(&mut self, signature: &Signature, status: TransactionStatus) {
        if !status.satisfies_commitment(CommitmentConfig::confirmed()) {
            if status.err.is_none() {
                self.herald(signature, status.slot);
            }
            return;
        }
        if let Some(confirmations) = &self.confirmations {
            confirmations.missed();
        }
        self.finish(signature, status.slot, status.err);
    }

    fn finish(&mut self, signature: &Signature, slot: u64, error: Option<TransactionError>) {
        if error.is_none() {
            self.herald(signature, slot);
        }
        let end = match &error {
            None => End::Landed { slot },
            Some(error) => End::Failed {
                slot,
                error: error.to_string(),
            },
        };
        self.answer(signature, &end, || match &error {
            None => Ok(Landed {
                signature: *signature,
                slot,
            }),
            Some(error) => Err(SendError::Failed {
                signature: *signature,
                error: error.clone(),
            }),
        });
    }

    /// Tells everybody who waits for a transaction what became of it.
    fn answer(&mut self, signature: &Signature, end: &End, verdict: impl Fn() -> Verdict) {
        let Some(pending) = self.pending.remove(signature) else {
            return;
        };
        for waiting in pending.waiting {
            // The asker may have gone; then nobody needs the answer.
            let _ = waiting.send(verdict());
        }
        if let Some(journal) = self.journal.clone() {
            let (signature, end) = (*signature, end.clone());
            tokio::spawn(async move { journal.ended(&signature, &end).await });
        }
    }

    /// Sends again what can still land, until its blockhash has expired for certain.
    fn on_fates(&mut self, fates: Vec<(Signed, Fate)>) {
        for (signed, fate) in fates {
            let signature = signed.signature;
            // It may have ended while its fate was asked for.
            let Some(pending) = self.pending.get(&signature) else {
                continue;
            };
            let is_young = pending.since.elapsed() < SHORTEST_LIFE;
            match fate {
                Fate::Known(status) => {
                    self.judge(&signature, status);
                    // Who says that it is processed and no more must not keep it waiting
                    // for ever.
                    self.broadcast_again(&signed, self.settings.patience_after_expiry);
                }
                Fate::Dead if !is_young => {
                    let verdict = || Err(SendError::Dead(signature));
                    self.answer(&signature, &End::Dead, verdict);
                }
                Fate::Live => self.broadcast_again(&signed, self.settings.patience),
                Fate::Dead | Fate::Uncertain => {
                    self.broadcast_again(&signed, self.settings.patience_after_expiry);
                }
            }
        }
    }

    /// Tells those who have waited for so long that nothing is certain.
    fn broadcast_again(&mut self, signed: &Signed, patience: Duration) {
        if !self.pending.contains_key(&signed.signature) {
            return;
        }
        self.broadcast(signed);
        let Some(pending) = self.pending.get_mut(&signed.signature) else {
            return;
        };
        pending.broadcast_at = Instant::now();
        if pending.since.elapsed() > patience {
            pending.tell_uncertain();
        }
        // After that long no cluster takes it, whatever nodes say or do not say.
        if pending.since.elapsed() > self.settings.forget {
            self.pending.remove(&signed.signature);
        }
    }
}

impl Pending {
    fn tell_uncertain(&mut self) {
        for waiting in self.waiting.drain(..) {
            let _ = waiting.send(Err(SendError::Uncertain(self.signed.signature)));
        }
        self.heralds.clear();
    }
}

/// Statuses of those that some node has seen.
async fn ask_statuses(
    pool: Arc<Pool>,
    signatures: Vec<Signature>,
) -> Vec<(Signature, TransactionStatus)> {
    let mut seen = Vec::new();
    for batch in signatures.chunks(STATUS_BATCH) {
        match fate::statuses(&pool, batch).await {
            Ok(statuses) => {
                let statuses = batch.iter().copied().zip(statuses);
                seen.extend(statuses.filter_map(|(signature, status)| Some((signature, status?))));
            }
            Err(fault) => tracing::debug!(%fault, "no statuses; asked again later"),
        }
    }
    seen
}
