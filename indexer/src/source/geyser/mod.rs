//! A node's Geyser plugin over gRPC (Yellowstone): accounts, transactions, slots and
//! blocks in one stream.
//!
//! A session subscribes, and then takes a snapshot of the slot that the stream began in,
//! or of a later one; meanwhile the stream waits, and what it tells of accounts up to the
//! snapshot's slot is not repeated. A session that follows another asks the
//! server for what happened since the newest slot that was delivered and is final, which
//! most servers keep for some minutes, and need not wait for a snapshot then — except at the
//! `processed` commitment, where servers leave out the beginning of the slot that is
//! being executed (its transactions are the ledger's to find). Snapshots are repeated now and then, because a stream that loses a
//! message does not say so.
//!
//! Forks are told, not resolved: whoever reads drops what the chain dropped.

mod about;
mod connect;
pub mod convert;
mod error;
mod executed;
mod frames;
mod join;
mod session;
pub mod slots;
mod snapshots;

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use solana_commitment_config::CommitmentConfig;
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

pub use about::{About, about};
pub use connect::{GeyserSettingError, GeyserToken, GeyserUrl};
pub use error::GeyserError;
pub use executed::Executed;
pub use snapshots::{RpcSnapshots, Snapshots};

use super::{Event, SlotStatus, Source};
use crate::{error::redact, telemetry};
use session::{Deaf, Session};
use slots::Slots;

/// How the source works.
#[derive(Clone, Debug)]
pub struct GeyserConfig {
    pub url: GeyserUrl,
    pub token: Option<GeyserToken>,
    /// From when on things are told. What is told at `processed` may be undone.
    pub commitment: CommitmentConfig,
    /// Longest wait for a connection and for a subscription.
    pub connect_timeout: Duration,
    /// Between two pings, and the longest wait for their answers.
    pub keep_alive: Duration,
    /// A stream that tells of no slot for longer, while the chain goes on, is given up.
    pub silence: Duration,
    /// Between two looks at the chain's slot.
    pub slot_interval: Duration,
    /// Between two snapshots.
    pub snapshot_interval: Duration,
    /// Told when a snapshot is wanted before it is due.
    pub again: Arc<Notify>,
    /// Snapshots older than this are refused: the tables know better.
    pub known_slot: Option<i64>,
    /// The newest final slot up to which everything is stored, if the first stream is to
    /// go on from there.
    pub finalized_slot: Option<i64>,
}

impl GeyserConfig {
    /// What is subscribed to.
    fn level(&self) -> SlotStatus {
        SlotStatus::of(self.commitment)
    }
}

/// A session that lived this long was healthy: the next failure starts a new series of
/// pauses.
const HEALTHY: Duration = Duration::from_secs(60);

/// Pauses between sessions.
fn pauses() -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(10))
        .with_jitter()
        .without_max_times()
        .build()
}

/// A Geyser server, and a node for snapshots.
pub struct GeyserSource<S> {
    config: GeyserConfig,
    snapshots: Arc<S>,
    slots: Slots,
    /// The slot after which the next stream begins.
    resume_after: Option<i64>,
    /// The slot of the newest snapshot that was delivered.
    snapshot_slot: Option<i64>,
}

impl<S: Snapshots> GeyserSource<S> {
    pub fn new(config: GeyserConfig, snapshots: S) -> Self {
        Self {
            slots: Slots::new(config.level()),
            resume_after: config.finalized_slot,
            snapshot_slot: None,
            snapshots: Arc::new(snapshots),
            config,
        }
    }

    /// One session, and what it leaves to deliver.
    async fn session(&mut self, events: &mpsc::Sender<Event>) -> Result<Deaf, GeyserError> {
        let ended = Session::open(self, events).await?.run().await;
        self.slots.end();
        for event in self.slots.events() {
            if events.send(event).await.is_err() {
                return Ok(Deaf);
            }
        }
        ended
    }
}

impl<S: Snapshots> Source for GeyserSource<S> {
    async fn run(mut self, events: mpsc::Sender<Event>, stop: CancellationToken) {
        let mut waits = pauses();
        let kind = telemetry::Source::Geyser;
        loop {
            telemetry::source(kind, true);
            let started = Instant::now();
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = self.session(&events) => ended,
            };
            let error = match ended {
                Ok(Deaf) => return,
                Err(error) => error,
            };
            if started.elapsed() > HEALTHY {
                waits = pauses();
            }
            let pause = if matches!(error, GeyserError::TooOld { .. }) {
                // Asked for less, it may answer at once.
                self.resume_after = None;
                Duration::ZERO
            } else {
                waits.next().unwrap_or_default()
            };
            let error = redact(&error.to_string());
            tracing::warn!(%error, ?pause, "the source failed; starting over");
            telemetry::reconnected(kind);
            telemetry::source(kind, false);
            let told = events.send(Event::Trouble(error));
            tokio::select! {
                () = stop.cancelled() => return,
                told = told => if told.is_err() { return },
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => {}
            }
        }
    }
}
