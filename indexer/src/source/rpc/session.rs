//! One session: until the stream fails or nobody listens.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures_util::StreamExt as _;
use solana_pubkey::Pubkey;
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, Interval, MissedTickBehavior, interval},
};

use super::{
    RpcSource,
    heard::Heard,
    poll::{Failures, Polled, poll},
    stream::{Stream, Told},
    witness::Witness,
};
use crate::{
    error::redact,
    source::{
        AccountUpdate, Event, Pieces, SlotUpdate, Snapshots as _, SourceError,
        sessions::{self, Deaf, End, Pending, due, pending},
        snapshot::{MAX_READ, read},
    },
    telemetry,
};

/// Between two looks at how far the chain is final.
const FINALITY_INTERVAL: Duration = Duration::from_secs(2);

/// After a snapshot that failed, the next one is tried this soon.
const REPAIR: Duration = Duration::from_secs(10);

/// Most bytes that wait for the first snapshot.
const MAX_EARLY: usize = 64 << 20;

type Found<T> = Result<T, SourceError>;

/// Accounts that were asked for, and what they are.
type Reread = (Vec<Pubkey>, Found<Vec<AccountUpdate>>);

pub(super) struct Session<'a> {
    source: &'a mut RpcSource,
    events: &'a mpsc::Sender<Event>,
    stream: Option<Stream>,
    heard: Heard,
    witness: Witness,
    taking: Option<Pieces>,
    next_snapshot: Instant,
    again: Arc<Notify>,
    /// The slot of the newest snapshot.
    from_slot: Option<i64>,
    /// What the stream told before the first snapshot, and how long that is.
    early: BTreeMap<Pubkey, AccountUpdate>,
    early_bytes: usize,
    /// Accounts to be read again.
    stale: BTreeSet<Pubkey>,
    reading: Option<Pending<Reread>>,
    polling: Option<Pending<Found<Polled>>>,
    ticks: Interval,
    next_finality: Instant,
    /// What became certain and waits until all that happened before it was told.
    settled: Vec<SlotUpdate>,
    failures: Failures,
    /// When the stream last told anything, and of the clock.
    heard_at: Instant,
    clock_at: Option<Instant>,
    /// The chain's slot by RPC, and when it last moved.
    chain: Option<i64>,
    moved: Option<Instant>,
}

impl<'a> Session<'a> {
    /// Subscribes, if there is something to subscribe to.
    pub(super) async fn open(
        source: &'a mut RpcSource,
        events: &'a mpsc::Sender<Event>,
    ) -> Found<Self> {
        let stream = match &source.config.ws_url {
            Some(url) => Some(Stream::open(url, source.commitment()).await?),
            None => None,
        };
        let now = Instant::now();
        let mut ticks = interval(source.config.slot_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            stream,
            heard: Heard::default(),
            witness: Witness::default(),
            taking: None,
            next_snapshot: now,
            again: Arc::clone(&source.config.again),
            from_slot: None,
            early: BTreeMap::new(),
            early_bytes: 0,
            stale: BTreeSet::new(),
            reading: None,
            polling: None,
            ticks,
            next_finality: now,
            settled: Vec::new(),
            failures: Failures::new(source.config.silence),
            heard_at: now,
            clock_at: None,
            chain: None,
            moved: None,
            source,
            events,
        })
    }

    pub(super) async fn run(mut self) -> Found<Deaf> {
        loop {
            match self.step().await {
                Ok(()) => {}
                Err(End::Deaf) => return Ok(Deaf),
                Err(End::Failed(error)) => return Err(error),
            }
        }
    }

    async fn step(&mut self) -> Result<(), End<SourceError>> {
        let has_room = self.early_bytes < MAX_EARLY;
        tokio::select! {
            told = next_told(&mut self.stream), if has_room => self.take(told?).await,
            piece = next_piece(&mut self.taking) => match piece {
                Ok(piece) => self.deliver(piece).await,
                Err(error) => self.postpone(error).await,
            },
            (addresses, read) = pending(&mut self.reading) => {
                self.reading = None;
                self.refresh(addresses, read).await
            }
            polled = pending(&mut self.polling) => {
                self.polling = None;
                match polled {
                    Ok(polled) => self.learn(polled),
                    Err(error) => self.failures.forgive(error)?,
                }
                self.watch()?;
                self.report().await
            }
            () = due(&self.again, self.next_snapshot), if self.taking.is_none() => {
                self.next_snapshot = Instant::now() + self.source.config.snapshot_interval;
                let known = self.source.config.known_slot.unwrap_or(0);
                self.taking = Some(self.source.snapshots.take(known));
                Ok(())
            }
            _ = self.ticks.tick() => {
                if self.polling.is_none() {
                    self.polling = Some(self.poll());
                }
                if self.reading.is_none() && !self.stale.is_empty() {
                    self.reading = Some(self.read_stale());
                }
                Ok(())
            }
        }
    }

    /// Takes what the stream told.
    async fn take(&mut self, told: Told) -> Result<(), End<SourceError>> {
        self.heard_at = Instant::now();
        match told {
            Told::Account(update) if update.is_foreign() => Ok(()),
            Told::Account(update) => self.account(update).await,
            Told::Clock { slot } => {
                self.clock_at = Some(self.heard_at);
                self.heard.clock(slot);
                self.report().await
            }
            Told::Slot { root } => {
                self.heard.slot(root);
                Ok(())
            }
        }
    }

    async fn account(&mut self, update: AccountUpdate) -> Result<(), End<SourceError>> {
        self.witness.told(&update);
        let Some(from) = self.from_slot else {
            let known = self.early.get(&update.address);
            if known.is_none_or(|known| known.slot <= update.slot) {
                self.early_bytes = self.early_bytes.saturating_add(update.data.len());
                self.early.insert(update.address, update);
            }
            return Ok(());
        };
        if update.slot >= from {
            return self.send(Event::Account(update)).await;
        }
        self.stale.insert(update.address);
        Ok(())
    }

    /// Delivers some of a snapshot.
    async fn deliver(&mut self, piece: Event) -> Result<(), End<SourceError>> {
        match &piece {
            Event::Begin => self.witness.begin(),
            Event::Part(accounts) if self.stream.is_some() => self.witness.part(accounts),
            _ => {}
        }
        let Event::Complete { slot } = piece else {
            return self.send(piece).await;
        };
        self.taking = None;
        self.source.config.known_slot = self.source.config.known_slot.max(Some(slot));
        self.send(piece).await?;
        self.witness.complete();
        if self.from_slot.is_none() {
            // What waited was not silence.
            self.heard_at = Instant::now();
            self.clock_at = self.clock_at.map(|_| self.heard_at);
        }
        self.from_slot = Some(slot);
        self.early_bytes = 0;
        for update in std::mem::take(&mut self.early).into_values() {
            self.account(update).await?;
        }
        self.report().await
    }

    /// Without the first snapshot there is nothing to go on from; any later one can be
    /// taken later.
    async fn postpone(&mut self, error: SourceError) -> Result<(), End<SourceError>> {
        self.taking = None;
        if self.from_slot.is_none() {
            return Err(error.into());
        }
        let error = redact(&error.to_string());
        tracing::warn!(%error, "no snapshot; trying again later");
        let interval = self.source.config.snapshot_interval;
        self.next_snapshot = Instant::now() + REPAIR.min(interval);
        self.send(Event::Trouble(error)).await
    }

    /// Delivers accounts that were read again.
    async fn refresh(
        &mut self,
        addresses: Vec<Pubkey>,
        read: Found<Vec<AccountUpdate>>,
    ) -> Result<(), End<SourceError>> {
        let read = match read {
            Ok(read) => read,
            Err(error) => {
                self.stale.extend(addresses);
                return Ok(self.failures.forgive(error)?);
            }
        };
        self.failures.end();
        for update in read {
            self.send(Event::Account(update)).await?;
        }
        Ok(())
    }

    fn learn(&mut self, polled: Polled) {
        self.failures.end();
        // The first answer is no move.
        let slot = polled.chain;
        if Some(slot) > self.chain && self.chain.replace(slot).is_some() {
            self.moved = Some(Instant::now());
        }
        if let Some(settled) = polled.settled {
            self.settled.extend(settled);
        }
    }

    /// A stream that says nothing while the chain goes on is dead, and so is one that tells
    /// of slots alone.
    fn watch(&self) -> Found<()> {
        let Some(slot) = self.chain else {
            return Ok(());
        };
        if self.stream.is_none() || self.from_slot.is_none() {
            return Ok(());
        }
        let silent = |since: Instant| {
            let is_long = since.elapsed() > self.source.config.silence;
            let seconds = since.elapsed().as_secs();
            (is_long && self.moved.is_some_and(|moved| moved > since)).then_some(seconds)
        };
        if let Some(seconds) = silent(self.heard_at) {
            return Err(SourceError::StreamSilent { seconds, slot });
        }
        match self.clock_at.and_then(silent) {
            Some(seconds) => Err(SourceError::AccountsSilent { seconds, slot }),
            None => Ok(()),
        }
    }

    /// Says how far everything is.
    async fn report(&mut self) -> Result<(), End<SourceError>> {
        if self.from_slot.is_none() {
            return Ok(());
        }
        if let Some(told) = self.heard.told().filter(|_| self.stream.is_some()) {
            self.is_reliable(told)?;
            // Without a stream, snapshots alone say how far the tables are.
            self.source.applied = self.source.applied.max(told);
        }
        let applied = self.source.applied;
        let known = self.chain.max(self.heard.newest());
        let chain = known.unwrap_or(applied).max(applied);
        self.send(Event::Progress { applied, chain }).await?;
        let settled = std::mem::take(&mut self.settled).into_iter();
        let has = |update: &SlotUpdate| {
            let slot = update.slot;
            self.stream.is_none() || Some(slot) < self.from_slot || self.heard.has(slot)
        };
        let (told, waiting): (Vec<_>, Vec<_>) = settled.partition(has);
        self.settled = waiting;
        for update in told {
            self.send(Event::Slot(update)).await?;
        }
        Ok(())
    }

    /// Whether the stream told what snapshots show, as far as it has told everything.
    fn is_reliable(&self, told: i64) -> Found<()> {
        let accounts = self.witness.lost(told);
        if accounts == 0 {
            return Ok(());
        }
        // The snapshot made up for it.
        telemetry::gap_found();
        telemetry::gap_refilled();
        Err(SourceError::StreamLost {
            accounts,
            slot: told,
        })
    }

    fn poll(&mut self) -> Pending<Found<Polled>> {
        // What was certain before is told before it is asked for anew.
        let is_due = self.settled.is_empty() && Instant::now() >= self.next_finality;
        if is_due {
            self.next_finality = Instant::now() + FINALITY_INTERVAL;
        }
        let rpc = Arc::clone(self.source.snapshots.rpc());
        Box::pin(poll(rpc, self.source.commitment(), is_due))
    }

    fn read_stale(&mut self) -> Pending<Reread> {
        let rpc = Arc::clone(self.source.snapshots.rpc());
        let commitment = self.source.commitment();
        let least = self.from_slot;
        let addresses: Vec<Pubkey> = std::iter::from_fn(|| self.stale.pop_first())
            .take(MAX_READ)
            .collect();
        Box::pin(async move {
            let read = read(&rpc, commitment, &addresses, least).await;
            (addresses, read)
        })
    }

    /// Waits for the writer as long as it takes; meanwhile nothing is read.
    async fn send(&mut self, event: Event) -> Result<(), End<SourceError>> {
        let before = Instant::now();
        let sent = sessions::send(self.events, event).await;
        // What waited was not silence.
        let waited = before.elapsed();
        self.heard_at += waited;
        self.clock_at = self.clock_at.map(|at| at + waited);
        sent.map_err(|Deaf| End::Deaf)
    }
}

async fn next_told(stream: &mut Option<Stream>) -> Found<Told> {
    match stream {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}

/// Some of the snapshot that is under way.
async fn next_piece(taking: &mut Option<Pieces>) -> Found<Event> {
    match taking {
        Some(pieces) => match pieces.next().await {
            Some(piece) => piece,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}
