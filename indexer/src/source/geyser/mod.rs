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
pub mod frames;
mod join;
mod server;
mod session;
pub mod slots;
mod snapshots;

use std::{sync::Arc, time::Duration};

use solana_commitment_config::CommitmentConfig;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

pub use about::{About, about};
pub use error::GeyserError;
pub use executed::Executed;
pub use server::{Authorities, GeyserServer, GeyserSettingError, GeyserToken, GeyserUrl};

use super::{
    Event, SlotStatus, Snapshots, Source,
    sessions::{self, Deaf, Sessions},
};
use crate::telemetry;
use session::Session;
use slots::Slots;

/// How the source works.
#[derive(Clone, Debug)]
pub struct GeyserConfig {
    pub server: GeyserServer,
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
}

impl<S: Snapshots> Sessions for GeyserSource<S> {
    type Error = GeyserError;

    fn kind(&self) -> telemetry::Source {
        telemetry::Source::Geyser
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

    fn is_mended(&mut self, error: &GeyserError) -> bool {
        let is_too_old = matches!(error, GeyserError::TooOld { .. });
        if is_too_old {
            // Asked for less, it may answer at once.
            self.resume_after = None;
        }
        is_too_old
    }
}

impl<S: Snapshots> Source for GeyserSource<S> {
    async fn run(self, events: mpsc::Sender<Event>, stop: CancellationToken) {
        sessions::run(self, events, stop).await;
    }
}
