//! Where snapshots come from: a Geyser server has none.

use std::{sync::Arc, time::Duration};

use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use tokio::time::{Instant, sleep, timeout};

use super::GeyserError;
use crate::source::{
    Snapshot, SourceError,
    snapshot::{slot_number, take},
};

/// Longest wait for the chain's slot.
const SLOT_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait for the node that snapshots come from to be as far as the stream.
const CATCH_UP: Duration = Duration::from_secs(60);

/// A supplier of snapshots.
pub trait Snapshots: Send + Sync + 'static {
    /// The slot that a snapshot would be of.
    fn slot(&self) -> impl Future<Output = Result<i64, SourceError>> + Send;

    /// All accounts of the program.
    fn take(&self) -> impl Future<Output = Result<Snapshot, SourceError>> + Send;
}

/// Snapshots by RPC. They must not be of a block that may yet be dropped: what only an
/// abandoned fork had would stay.
#[derive(Clone)]
pub struct RpcSnapshots {
    rpc: Arc<RpcClient>,
    commitment: CommitmentConfig,
}

impl RpcSnapshots {
    /// At a commitment, but never below `confirmed`.
    pub fn new(rpc: Arc<RpcClient>, commitment: CommitmentConfig) -> Self {
        let commitment = if commitment.is_at_least_confirmed() {
            commitment
        } else {
            CommitmentConfig::confirmed()
        };
        Self { rpc, commitment }
    }
}

impl Snapshots for RpcSnapshots {
    async fn slot(&self) -> Result<i64, SourceError> {
        let asked = self.rpc.get_slot_with_commitment(self.commitment);
        slot_number(asked.await?)
    }

    async fn take(&self) -> Result<Snapshot, SourceError> {
        take(&self.rpc, self.commitment).await
    }
}

/// The slot that a snapshot would be of.
pub(super) async fn chain_slot(snapshots: &impl Snapshots) -> Result<i64, GeyserError> {
    let slot = timeout(SLOT_TIMEOUT, snapshots.slot()).await;
    Ok(slot.map_err(|_| SourceError::Timeout(SLOT_TIMEOUT.as_secs()))??)
}

/// A snapshot of `floor` or later, as soon as there is one; one that is older than what is
/// `known` is refused. Between two looks there is a `pause`.
pub(super) async fn take_knowing(
    snapshots: &impl Snapshots,
    floor: i64,
    known: Option<i64>,
    pause: Duration,
) -> Result<Snapshot, GeyserError> {
    let until = Instant::now() + CATCH_UP;
    loop {
        let slot = chain_slot(snapshots).await?;
        if slot >= floor {
            let snapshot = snapshots.take().await?;
            let slot = snapshot.slot;
            if let Some(known) = known.filter(|known| slot < *known) {
                return Err(SourceError::Behind { slot, known }.into());
            }
            // A pool's next node may be behind the one asked before.
            if slot >= floor {
                return Ok(snapshot);
            }
        }
        if Instant::now() > until {
            return Err(GeyserError::Behind { slot, floor });
        }
        sleep(pause).await;
    }
}
