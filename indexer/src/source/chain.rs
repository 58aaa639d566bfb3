//! What is asked of a node beside what it streams.

use std::{collections::BTreeSet, sync::Arc};

use solana_commitment_config::{CommitmentConfig, CommitmentLevel};
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::client_error::ErrorKind;

use super::{
    AccountUpdate, SlotStatus, SourceError,
    snapshot::{read, slot_number},
};

/// Most slots that one `getBlocks` may span.
const MAX_BLOCKS: i64 = 500_000;

/// A node, asked for the chain as it is.
pub struct Chain {
    rpc: Arc<RpcClient>,
    commitment: CommitmentConfig,
}

impl Chain {
    /// Answers are of `commitment`, or of confirmed blocks where that is not as much.
    pub fn new(rpc: Arc<RpcClient>, commitment: CommitmentConfig) -> Self {
        let commitment = match commitment.commitment {
            CommitmentLevel::Finalized => CommitmentConfig::finalized(),
            CommitmentLevel::Processed | CommitmentLevel::Confirmed => {
                CommitmentConfig::confirmed()
            }
        };
        Self { rpc, commitment }
    }

    /// Accounts as they are at `slot` or later.
    ///
    /// # Errors
    /// When the node does not answer, or not as asked, or is not that far.
    pub async fn accounts(
        &self,
        addresses: &[Pubkey],
        slot: i64,
    ) -> Result<Vec<AccountUpdate>, SourceError> {
        read(&self.rpc, self.commitment, addresses, Some(slot)).await
    }

    /// The slots from `first` to `last` that have blocks; `None` from a node that does not
    /// tell.
    ///
    /// # Errors
    /// When the node does not answer, or not as asked.
    pub async fn blocks(
        &self,
        first: i64,
        last: i64,
        status: SlotStatus,
    ) -> Result<Option<BTreeSet<i64>>, SourceError> {
        if last.saturating_sub(first) > MAX_BLOCKS {
            return Ok(None);
        }
        let commitment = match status {
            SlotStatus::Finalized => CommitmentConfig::finalized(),
            _ => CommitmentConfig::confirmed(),
        };
        let asked = |slot: i64| u64::try_from(slot).map_err(|_| SourceError::Slot(0));
        let answer = self
            .rpc
            .get_blocks_with_commitment(asked(first)?, Some(asked(last)?), commitment)
            .await;
        match answer {
            Ok(blocks) => blocks
                .into_iter()
                .map(slot_number)
                .collect::<Result<_, _>>()
                .map(Some),
            // It refuses the question, which asking again will not change.
            Err(error) if matches!(error.kind(), ErrorKind::RpcError(_)) => {
                tracing::debug!(%error, "the node does not tell which slots have blocks");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}
