//! A Solana node's own interface: WebSocket and snapshots, joined at one slot.
//!
//! A session subscribes first, then takes a snapshot, then reads on. An update
//! that says it is older than the snapshot is a hint to read the account again:
//! there are a few after each subscription, and nodes exist (surfpool) that put
//! the slot of the subscription on everything. Snapshots are repeated,
//! because a node does not tell of closed accounts (its program subscription
//! filters by owner, and a closed account is the system program's), and because
//! a stream that loses a message does not say so.

use std::{collections::BTreeSet, pin::Pin, sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    AccountUpdate, Event, SlotStatus, SlotUpdate, Snapshot, Source, SourceError,
    snapshot::{MAX_READ, read, slot_number, take},
    stream::{Connection, Message, Subscriptions},
};
use crate::{error::redact, telemetry};

/// How the source works.
#[derive(Clone, Debug)]
pub struct RpcSourceConfig {
    /// `None` polls snapshots alone.
    pub ws_url: Option<String>,
    pub commitment: CommitmentConfig,
    /// Between two snapshots.
    pub snapshot_interval: Duration,
    /// Between two looks at the chain's slot.
    pub slot_interval: Duration,
    /// A stream silent for longer, while the chain goes on, is given up.
    pub silence: Duration,
    /// Snapshots older than this are refused: the tables know better.
    pub known_slot: Option<i64>,
    /// Told when a snapshot is wanted before its time.
    pub again: Arc<Notify>,
}

/// Most accounts of a snapshot delivered at once.
const PART: usize = 20_000;

/// Between two looks at how far the chain is final.
const FINALITY_INTERVAL: Duration = Duration::from_secs(2);

/// A session that lived this long was healthy: the next failure starts a new
/// series of pauses.
const HEALTHY: Duration = Duration::from_secs(60);

/// Longest wait for the chain's slot.
const SLOT_TIMEOUT: Duration = Duration::from_secs(10);

/// Pauses between sessions.
fn pauses() -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(10))
        .with_jitter()
        .without_max_times()
        .build()
}

/// A Solana node.
pub struct RpcSource {
    rpc: Arc<RpcClient>,
    config: RpcSourceConfig,
}

/// Nobody listens any more.
struct Deaf;

type Pending<T> = Pin<Box<dyn Future<Output = Result<T, SourceError>> + Send>>;

impl RpcSource {
    pub fn new(rpc: Arc<RpcClient>, config: RpcSourceConfig) -> Self {
        Self { rpc, config }
    }

    /// One session: until the stream fails or nobody listens.
    async fn session(&mut self, events: &mpsc::Sender<Event>) -> Result<Deaf, SourceError> {
        match self.config.ws_url.clone() {
            Some(url) => {
                let connection = Connection::open(&url).await?;
                let subscriptions = connection.subscribe(self.config.commitment).await?;
                self.follow(events, Some(subscriptions)).await
            }
            None => self.follow(events, None).await,
        }
    }

    async fn follow(
        &mut self,
        events: &mpsc::Sender<Event>,
        mut stream: Option<Subscriptions<'_>>,
    ) -> Result<Deaf, SourceError> {
        let mut chain = Chain::default();
        let mut heard = Instant::now();
        let mut slots = interval(self.config.slot_interval);
        slots.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut finality = interval(FINALITY_INTERVAL);
        finality.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let again = Arc::clone(&self.config.again);
        let mut snapshot: Option<Pending<Snapshot>> = Some(self.take());
        let mut next_snapshot = Instant::now() + self.config.snapshot_interval;
        let mut from_slot = None;
        let mut stale = BTreeSet::new();
        let mut reading: Option<Pending<Vec<AccountUpdate>>> = None;
        loop {
            // Before the first snapshot is delivered the stream waits, buffered.
            let live = from_slot.is_some();
            if reading.is_none() && !stale.is_empty() {
                reading = Some(self.read(take_some(&mut stale)));
            }
            let event = tokio::select! {
                message = next_message(&mut stream), if live => {
                    heard = Instant::now();
                    match message? {
                        Message::Account(update) if Some(update.slot) >= from_slot => {
                            Event::Account(update)
                        }
                        Message::Account(update) => {
                            stale.insert(update.address);
                            continue;
                        }
                        Message::Slot => continue,
                    }
                }
                read = pending(&mut reading) => {
                    reading = None;
                    for update in read? {
                        if events.send(Event::Account(update)).await.is_err() {
                            return Ok(Deaf);
                        }
                    }
                    continue;
                }
                taken = pending(&mut snapshot) => {
                    snapshot = None;
                    let taken = taken?;
                    self.admit(&taken)?;
                    if !live {
                        // What waited was not silence.
                        heard = Instant::now();
                    }
                    let slot = taken.slot;
                    from_slot = Some(slot);
                    if deliver(events, taken).await.is_err() {
                        return Ok(Deaf);
                    }
                    Event::Complete { slot }
                }
                () = due(&again, next_snapshot), if snapshot.is_none() => {
                    snapshot = Some(self.take());
                    next_snapshot = Instant::now() + self.config.snapshot_interval;
                    continue;
                }
                _ = finality.tick() => {
                    for (commitment, status) in [
                        (CommitmentConfig::confirmed(), SlotStatus::Confirmed),
                        (CommitmentConfig::finalized(), SlotStatus::Finalized),
                    ] {
                        let slot = self.slot(commitment).await?;
                        let update = SlotUpdate { slot, parent: None, status };
                        if live && events.send(Event::Slot(update)).await.is_err() {
                            return Ok(Deaf);
                        }
                    }
                    continue;
                }
                _ = slots.tick() => {
                    let slot = self.slot(self.config.commitment).await?;
                    let applied = chain.advance(slot);
                    if live && stream.is_some() {
                        self.watch(heard, &chain)?;
                    }
                    match applied {
                        Some(applied) if live && stream.is_some() => {
                            Event::Progress { applied, chain: chain.slot }
                        }
                        // Snapshots alone say how far the tables are.
                        _ if live => Event::Progress { applied: 0, chain: chain.slot },
                        _ => continue,
                    }
                }
            };
            if events.send(event).await.is_err() {
                return Ok(Deaf);
            }
        }
    }

    /// The chain's slot. The stream waits meanwhile, so not for long.
    async fn slot(&self, commitment: CommitmentConfig) -> Result<i64, SourceError> {
        let asked = self.rpc.get_slot_with_commitment(commitment);
        let slot = timeout(SLOT_TIMEOUT, asked)
            .await
            .map_err(|_| SourceError::Timeout(SLOT_TIMEOUT.as_secs()))??;
        slot_number(slot)
    }

    fn take(&self) -> Pending<Snapshot> {
        let rpc = Arc::clone(&self.rpc);
        let commitment = self.config.commitment;
        Box::pin(async move { take(&rpc, commitment).await })
    }

    fn read(&self, addresses: Vec<Pubkey>) -> Pending<Vec<AccountUpdate>> {
        let rpc = Arc::clone(&self.rpc);
        let commitment = self.config.commitment;
        Box::pin(async move { read(&rpc, commitment, &addresses, None).await })
    }

    /// Refuses a snapshot from a node that lags behind what is known.
    fn admit(&mut self, snapshot: &Snapshot) -> Result<(), SourceError> {
        match self.config.known_slot {
            Some(known) if snapshot.slot < known => Err(SourceError::Behind {
                slot: snapshot.slot,
                known,
            }),
            _ => {
                self.config.known_slot = Some(snapshot.slot);
                Ok(())
            }
        }
    }

    /// A stream that says nothing while the chain goes on is dead.
    fn watch(&self, heard: Instant, chain: &Chain) -> Result<(), SourceError> {
        if heard.elapsed() > self.config.silence && chain.moved_since(heard) {
            return Err(SourceError::StreamSilent {
                seconds: heard.elapsed().as_secs(),
                slot: chain.slot,
            });
        }
        Ok(())
    }
}

/// The chain's slot as polled.
#[derive(Default)]
struct Chain {
    slot: i64,
    moved: Option<Instant>,
    polls: u64,
}

impl Chain {
    /// Takes a polled slot; returns the one polled before: by now the stream has
    /// delivered what belongs to it. (A node promises no order between the two;
    /// the regular snapshots make up for it.)
    fn advance(&mut self, slot: i64) -> Option<i64> {
        let previous = self.slot;
        if slot > self.slot {
            self.slot = slot;
            self.moved = Some(Instant::now());
        }
        self.polls = self.polls.saturating_add(1);
        (self.polls > 1).then_some(previous)
    }

    fn moved_since(&self, then: Instant) -> bool {
        self.moved.is_some_and(|moved| moved > then)
    }
}

async fn next_message(stream: &mut Option<Subscriptions<'_>>) -> Result<Message, SourceError> {
    match stream {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}

async fn pending<T>(work: &mut Option<Pending<T>>) -> Result<T, SourceError> {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// Delivers a snapshot's accounts in parts.
async fn deliver(
    events: &mpsc::Sender<Event>,
    snapshot: Snapshot,
) -> Result<(), mpsc::error::SendError<Event>> {
    let mut accounts = snapshot.accounts.into_iter();
    loop {
        let part: Vec<AccountUpdate> = accounts.by_ref().take(PART).collect();
        if part.is_empty() {
            return Ok(());
        }
        events.send(Event::Part(part)).await?;
    }
}

/// Waits until a snapshot is due, or wanted.
async fn due(again: &Notify, next: Instant) {
    tokio::select! {
        () = again.notified() => {}
        () = tokio::time::sleep_until(next) => {}
    }
}

/// Takes out as many addresses as one question may name.
fn take_some(addresses: &mut BTreeSet<Pubkey>) -> Vec<Pubkey> {
    std::iter::from_fn(|| addresses.pop_first())
        .take(MAX_READ)
        .collect()
}

impl Source for RpcSource {
    async fn run(mut self, events: mpsc::Sender<Event>, stop: CancellationToken) {
        let mut waits = pauses();
        let kind = match self.config.ws_url {
            Some(_) => telemetry::Source::Websocket,
            None => telemetry::Source::Polling,
        };
        loop {
            telemetry::source(kind, true);
            let started = Instant::now();
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = self.session(&events) => ended,
            };
            let error = match ended {
                Ok(Deaf) => return,
                Err(error) => redact(&error.to_string()),
            };
            if started.elapsed() > HEALTHY {
                waits = pauses();
            }
            let pause = waits.next().unwrap_or_default();
            tracing::warn!(%error, ?pause, "the source failed; starting over");
            telemetry::reconnected(kind);
            telemetry::source(kind, false);
            if events.send(Event::Trouble(error)).await.is_err() {
                return;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => {}
            }
        }
    }
}
