//! What a node is asked for beside its stream: how far the chain is.

use std::{sync::Arc, time::Duration};

use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use tokio::time::Instant;

use crate::source::{SlotStatus, SlotUpdate, SourceError, snapshot::chain_slot};

/// A node that fails fewer questions in a row than this is not given up.
const FEW: u32 = 3;

/// How far the chain is.
pub(super) struct Polled {
    pub chain: i64,
    /// The confirmed and the finalized slot, if they were asked for.
    pub settled: Option<[SlotUpdate; 2]>,
}

/// Asks for the chain's slot, and for what of it is certain if that is wanted.
pub(super) async fn poll(
    rpc: Arc<RpcClient>,
    commitment: CommitmentConfig,
    is_settled_wanted: bool,
) -> Result<Polled, SourceError> {
    let chain = chain_slot(&rpc, commitment).await?;
    let settled = if is_settled_wanted {
        let confirmed = chain_slot(&rpc, CommitmentConfig::confirmed()).await?;
        let finalized = chain_slot(&rpc, CommitmentConfig::finalized()).await?;
        let update = |slot, status| SlotUpdate {
            slot,
            parent: None,
            status,
        };
        Some([
            update(confirmed, SlotStatus::Confirmed),
            update(finalized, SlotStatus::Finalized),
        ])
    } else {
        None
    };
    Ok(Polled { chain, settled })
}

/// Failed questions in a row.
#[derive(Debug)]
pub(super) struct Failures {
    patience: Duration,
    count: u32,
    since: Instant,
}

impl Failures {
    /// A node that fails for longer than the `patience` is given up.
    pub fn new(patience: Duration) -> Self {
        Self {
            patience,
            count: 0,
            since: Instant::now(),
        }
    }

    /// A question failed; the stream itself may be well.
    ///
    /// # Errors
    /// When the node is to be given up.
    pub fn forgive(&mut self, error: SourceError) -> Result<(), SourceError> {
        if self.count == 0 {
            self.since = Instant::now();
        }
        self.count = self.count.saturating_add(1);
        if self.count >= FEW && self.since.elapsed() > self.patience {
            return Err(error);
        }
        tracing::debug!(%error, failures = self.count, "the node did not answer");
        Ok(())
    }

    /// A question was answered.
    pub fn end(&mut self) {
        self.count = 0;
    }
}
