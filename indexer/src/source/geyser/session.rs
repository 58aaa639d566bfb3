//! One stream, from its subscription to its end.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, Interval, MissedTickBehavior, interval, sleep_until},
};

use super::{
    GeyserError, GeyserSource,
    connect::Feed,
    convert::{Message, read},
    join::Join,
    snapshots::take_knowing,
};
use crate::{
    error::redact,
    source::{
        Event, Pieces, SlotStatus, Snapshots, SourceError,
        sessions::{self, Deaf, End, Pending, due, pending},
    },
    telemetry,
};

/// After a message that could not be read, the next snapshot comes this soon.
const REPAIR: Duration = Duration::from_secs(10);

/// A slot this much newer than the chain's is none: more than a month.
const FAR: i64 = 10_000_000;

pub(super) struct Session<'a, S> {
    source: &'a mut GeyserSource<S>,
    events: &'a mpsc::Sender<Event>,
    feed: Feed,
    /// A stream that waits for a snapshot.
    join: Option<Join>,
    /// The first slot of which the stream may not have told everything, if it is known.
    missed_from: Option<i64>,
    snapshot: Option<Pieces<GeyserError>>,
    next_snapshot: Instant,
    again: Arc<Notify>,
    asked: Option<Pending<Result<i64, SourceError>>>,
    ticks: Interval,
    /// When the stream last told of a slot.
    heard: Instant,
    /// The chain's slot by RPC, and when it last moved.
    chain: Option<i64>,
    moved: Option<Instant>,
    /// What was last told of it.
    progress: Option<(i64, i64)>,
    /// Gaps that no snapshot has made up for.
    gaps: u32,
}

impl<'a, S: Snapshots> Session<'a, S> {
    /// Subscribes.
    pub(super) async fn open(
        source: &'a mut GeyserSource<S>,
        events: &'a mpsc::Sender<Event>,
    ) -> Result<Self, GeyserError> {
        let config = &source.config;
        let level = config.level();
        let from = source.resume_after.map(|slot| slot.saturating_add(1));
        let feed = Feed::open(config, from).await?;
        let now = Instant::now();
        // At `processed` a server does not send again how the newest slot began.
        let whole = from.is_some() && level > SlotStatus::Processed;
        let mut ticks = interval(config.slot_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let missed_from = match source.resume_after {
            Some(after) => {
                source.slots.covered(after);
                None
            }
            None => source.slots.applied().map(|slot| slot.saturating_add(1)),
        };
        Ok(Self {
            feed,
            join: (!whole).then(|| Join::begin(level, from.is_some(), config.silence, now)),
            missed_from,
            snapshot: None,
            // What was stored may be of a source that loses things.
            next_snapshot: if source.snapshot_slot.is_some() {
                now + config.snapshot_interval
            } else {
                now
            },
            gaps: 0,
            again: Arc::clone(&config.again),
            asked: None,
            ticks,
            heard: now,
            chain: None,
            moved: None,
            progress: None,
            source,
            events,
        })
    }

    /// Delivers until the stream fails or nobody listens.
    pub(super) async fn run(mut self) -> Result<Deaf, GeyserError> {
        loop {
            match self.step().await {
                Ok(()) => {}
                Err(End::Deaf) => return Ok(Deaf),
                Err(End::Failed(error)) => return Err(error),
            }
        }
    }

    async fn step(&mut self) -> Result<(), End<GeyserError>> {
        let joining = self.join.is_some();
        let deadline = self.join.as_ref().map(Join::deadline);
        let floor = self.join.as_ref().and_then(|j| j.floor(Instant::now()));
        if let Some(floor) = floor
            && self.snapshot.is_none()
        {
            self.snapshot = Some(self.take(floor));
        }
        let room = self.join.as_ref().is_none_or(Join::has_room);
        tokio::select! {
            frame = self.feed.next(), if room => self.receive(&frame?).await,
            piece = next_piece(&mut self.snapshot) => match piece {
                Ok(Event::Complete { slot }) => {
                    self.snapshot = None;
                    self.complete(slot).await
                }
                Ok(piece) => self.send(piece).await,
                Err(error) if joining => Err(error.into()),
                Err(error) => {
                    self.snapshot = None;
                    self.postpone(&error).await
                }
            },
            slot = pending(&mut self.asked) => {
                self.asked = None;
                self.watch(slot, room)?;
                self.report().await
            }
            _ = self.ticks.tick() => {
                if self.asked.is_none() {
                    self.asked = Some(self.ask());
                }
                if !joining {
                    self.source.slots.expire(Instant::now());
                }
                self.flush().await
            }
            () = at(deadline), if joining && floor.is_none() => Ok(()),
            () = due(&self.again, self.next_snapshot), if !joining && self.snapshot.is_none() => {
                self.next_snapshot = Instant::now() + self.source.config.snapshot_interval;
                self.snapshot = Some(self.take(0));
                Ok(())
            }
        }
    }

    /// Takes a message from the stream.
    async fn receive(&mut self, frame: &[u8]) -> Result<(), End<GeyserError>> {
        let last = self.chain.map_or(i64::MAX, |slot| slot.saturating_add(FAR));
        let message = match read(frame, last) {
            Ok(message) => message,
            Err(mut letter) => {
                if letter.slot == 0 {
                    let newest = self.source.slots.newest().or(self.chain);
                    letter.slot = newest.unwrap_or_default();
                }
                tracing::warn!(reason = letter.reason, "a message could not be read");
                let repaired = Instant::now() + REPAIR;
                self.next_snapshot = self.next_snapshot.min(repaired);
                return self.send(Event::Undecodable(*letter)).await;
            }
        };
        match &message {
            Message::Ping => self.feed.answer(),
            Message::Other => {}
            Message::Slot(_) | Message::Begun { .. } => {
                self.heard = Instant::now();
                self.feed.begin();
            }
            _ => self.feed.begin(),
        }
        if !wanted(&message) {
            return Ok(());
        }
        match &mut self.join {
            Some(join) => match join.hold(message, frame.len(), Instant::now()) {
                Some(early) => self.apply(early).await,
                None => Ok(()),
            },
            None => self.apply(message).await,
        }
    }

    async fn apply(&mut self, message: Message) -> Result<(), End<GeyserError>> {
        self.source.slots.take(message, Instant::now());
        self.flush().await
    }

    /// Delivers what can be by now.
    async fn flush(&mut self) -> Result<(), End<GeyserError>> {
        for event in self.source.slots.events() {
            // A snapshot knows better, above all which accounts were closed since.
            if let Event::Account(update) = &event
                && Some(update.slot) <= self.source.snapshot_slot
            {
                continue;
            }
            if matches!(event, Event::Gap { .. }) && self.join.is_none() {
                let newest = self.source.slots.newest().unwrap_or_default();
                // One under way may be older than what is missing.
                self.snapshot = None;
                self.join = Some(Join::again(
                    self.source.config.level(),
                    newest,
                    Instant::now(),
                ));
            }
            self.send(event).await?;
        }
        if self.join.is_none() {
            self.report().await?;
        }
        Ok(())
    }

    /// Says how far everything is, if that is new.
    async fn report(&mut self) -> Result<(), End<GeyserError>> {
        if self.join.is_some() {
            return Ok(());
        }
        let resume_after = self.source.slots.resume_after();
        self.source.resume_after = resume_after.max(self.source.resume_after);
        let Some(applied) = self.source.slots.applied() else {
            return Ok(());
        };
        let chain = self
            .chain
            .max(self.source.slots.newest())
            .unwrap_or(applied);
        if self.progress.replace((applied, chain)) != Some((applied, chain)) {
            self.send(Event::Progress { applied, chain }).await?;
        }
        Ok(())
    }

    /// A snapshot was delivered; what waited for it is next.
    async fn complete(&mut self, slot: i64) -> Result<(), End<GeyserError>> {
        self.source.config.known_slot = Some(slot);
        self.next_snapshot = Instant::now() + self.source.config.snapshot_interval;
        self.send(Event::Complete { slot }).await?;
        self.source.snapshot_slot = Some(slot);
        let Some(join) = self.join.take() else {
            return Ok(());
        };
        self.source.slots.covered(slot);
        if let Some(from) = self.missed_from.take()
            && let Some(to) = join.floor(Instant::now()).filter(|to| *to >= from)
        {
            self.send(Event::Gap { from, to }).await?;
        }
        (0..std::mem::take(&mut self.gaps)).for_each(|_| telemetry::gap_refilled());
        for message in join.into_messages() {
            match &mut self.join {
                // What waited told of a gap, and the rest waits for another snapshot.
                Some(join) => {
                    join.hold(message, 0, Instant::now());
                }
                None => self.apply(message).await?,
            }
        }
        // What waited was not silence.
        self.heard = Instant::now();
        Ok(())
    }

    /// The stream goes on without a snapshot for now.
    async fn postpone(&mut self, error: &GeyserError) -> Result<(), End<GeyserError>> {
        let error = redact(&error.to_string());
        tracing::warn!(%error, "no snapshot; trying again later");
        self.next_snapshot = Instant::now() + REPAIR;
        self.send(Event::Trouble(error)).await
    }

    /// A stream that tells of no slot while the chain goes on is dead.
    fn watch(
        &mut self,
        slot: Result<i64, SourceError>,
        reading: bool,
    ) -> Result<(), End<GeyserError>> {
        let slot = match slot {
            Ok(slot) => slot,
            Err(error) => {
                // The stream itself may be well.
                tracing::debug!(%error, "the chain's slot could not be asked for");
                return Ok(());
            }
        };
        if Some(slot) > self.chain && self.chain.replace(slot).is_some() {
            self.moved = Some(Instant::now());
        }
        if !reading {
            self.heard = Instant::now();
        }
        let moved = self.moved.is_some_and(|moved| moved > self.heard);
        let ahead = Some(slot) > self.source.slots.newest();
        if self.heard.elapsed() > self.source.config.silence && moved && ahead {
            return Err(End::Failed(GeyserError::Silent {
                seconds: self.heard.elapsed().as_secs(),
                slot,
            }));
        }
        Ok(())
    }

    fn ask(&self) -> Pending<Result<i64, SourceError>> {
        let snapshots = Arc::clone(&self.source.snapshots);
        Box::pin(async move { snapshots.slot().await })
    }

    /// A snapshot that knows a slot, as soon as there is one.
    fn take(&self, floor: i64) -> Pieces<GeyserError> {
        let snapshots = Arc::clone(&self.source.snapshots);
        let pause = self.source.config.slot_interval;
        take_knowing(snapshots, floor, self.source.config.known_slot, pause)
    }

    /// Waits for the writer as long as it takes; meanwhile nothing is read.
    async fn send(&mut self, event: Event) -> Result<(), End<GeyserError>> {
        if matches!(event, Event::Gap { .. }) {
            telemetry::gap_found();
            self.gaps += 1;
        }
        let before = Instant::now();
        let sent = sessions::send(self.events, event).await;
        // What waited was not silence.
        self.heard += before.elapsed();
        sent.map_err(|Deaf| End::Deaf)
    }
}

/// Whether it was asked for: the program's accounts, and transactions that name it. (Foreign
/// accounts could be filtered by the server, with a filter for each kind of our own; but
/// servers allow few filters, many of them one.)
fn wanted(message: &Message) -> bool {
    match message {
        Message::Account(update) => {
            (update.owner == lottery::ID && !update.is_foreign()) || update.is_closed()
        }
        Message::Transaction(executed) => {
            !executed.vote && executed.update.keys.contains(&lottery::ID)
        }
        Message::Ping | Message::Other => false,
        Message::Slot(_) | Message::Begun { .. } | Message::Block { .. } => true,
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Some of the snapshot that is under way.
async fn next_piece(taking: &mut Option<Pieces<GeyserError>>) -> Result<Event, GeyserError> {
    match taking {
        Some(pieces) => match pieces.next().await {
            Some(piece) => piece,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}
