//! A Solana node's own interface: WebSocket and snapshots, joined at one slot.
//!
//! A session subscribes first, then takes a snapshot; what the stream tells meanwhile waits
//! here, up to a bound, and then with the node. An update that says it is older than the
//! snapshot is a hint to read the account again: there are a few after each subscription,
//! and nodes exist (surfpool) that put the slot of the subscription on everything.
//! Snapshots are repeated, because a node does not tell of closed accounts (its program
//! subscription filters by owner, and a closed account is the system program's), and
//! because a stream that loses a message does not say so: a snapshot that shows what the
//! stream ought to have told ends the session.

mod heard;
mod poll;
mod session;
mod stream;
mod witness;

use std::{sync::Arc, time::Duration};

use solana_commitment_config::CommitmentConfig;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

pub use stream::StreamError;

use super::{
    Event, RpcSnapshots, Source, SourceError,
    sessions::{self, Deaf, Sessions},
};
use crate::telemetry;
use session::Session;

/// How the source works.
#[derive(Clone, Debug)]
pub struct RpcSourceConfig {
    /// `None` polls snapshots alone.
    pub ws_url: Option<String>,
    /// Between two snapshots.
    pub snapshot_interval: Duration,
    /// Between two looks at the chain's slot.
    pub slot_interval: Duration,
    /// A stream silent for longer, while the chain goes on, is given up, and so is a node
    /// that does not answer for longer.
    pub silence: Duration,
    /// Snapshots older than this are refused: the tables know better.
    pub known_slot: Option<i64>,
    /// Told when a snapshot is wanted before its time.
    pub again: Arc<Notify>,
}

/// A Solana node.
pub struct RpcSource {
    snapshots: RpcSnapshots,
    config: RpcSourceConfig,
    /// Everything up to here was delivered, in this session or before.
    applied: i64,
}

impl RpcSource {
    /// Follows the node that the snapshots are of, at their commitment.
    pub fn new(snapshots: RpcSnapshots, config: RpcSourceConfig) -> Self {
        Self {
            snapshots,
            config,
            applied: 0,
        }
    }

    fn commitment(&self) -> CommitmentConfig {
        self.snapshots.commitment()
    }
}

impl Sessions for RpcSource {
    type Error = SourceError;

    fn kind(&self) -> telemetry::Source {
        match self.config.ws_url {
            Some(_) => telemetry::Source::Websocket,
            None => telemetry::Source::Polling,
        }
    }

    async fn session(&mut self, events: &mpsc::Sender<Event>) -> Result<Deaf, SourceError> {
        Session::open(self, events).await?.run().await
    }
}

impl Source for RpcSource {
    async fn run(self, events: mpsc::Sender<Event>, stop: CancellationToken) {
        sessions::run(self, events, stop).await;
    }
}
