//! What is asked of a node beside what it streams.

use std::{collections::BTreeSet, sync::Arc};

use solana_commitment_config::{CommitmentConfig, CommitmentLevel};
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    client_error::{Error as ClientError, ErrorKind},
    request::RpcError,
};

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
        let commitment = at_least_confirmed(commitment);
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

    /// The slots from `first` to `head`, which has one, that have blocks, or may have had
    /// one that the node no longer keeps; `None` from a node that does not tell.
    ///
    /// # Errors
    /// When the node does not answer, or does not know of `head` yet.
    pub async fn blocks(
        &self,
        first: i64,
        head: i64,
        status: SlotStatus,
    ) -> Result<Option<BTreeSet<i64>>, SourceError> {
        if head.saturating_sub(first) > MAX_BLOCKS {
            return Ok(None);
        }
        let commitment = match status {
            SlotStatus::Finalized => CommitmentConfig::finalized(),
            _ => CommitmentConfig::confirmed(),
        };
        let asked = |slot: i64| u64::try_from(slot).map_err(|_| SourceError::Slot(0));
        let answer = self
            .rpc
            .get_blocks_with_commitment(asked(first)?, Some(asked(head)?), commitment)
            .await;
        let mut blocks = match answer {
            Ok(blocks) => blocks
                .into_iter()
                .map(slot_number)
                .collect::<Result<BTreeSet<i64>, _>>()?,
            Err(error) if is_unknown_method(&error) => {
                tracing::debug!(%error, "the node does not tell which slots have blocks");
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        // A node that is not that far leaves out what it does not know without a word.
        if !blocks.contains(&head) {
            return Err(SourceError::NoBlock(head));
        }
        // And so does one that does not keep blocks for that long.
        let kept = match self.rpc.get_first_available_block().await {
            Ok(slot) => slot_number(slot)?,
            Err(error) if is_unknown_method(&error) => 0,
            Err(error) => return Err(error.into()),
        };
        blocks.extend(first..kept.min(head));
        Ok(Some(blocks))
    }
}

/// Whether the node does not know the question.
fn is_unknown_method(error: &ClientError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::RpcError(RpcError::RpcResponseError { code: -32601, .. })
    )
}

/// The commitment, or `confirmed` where it is less: nodes tell of blocks and of history
/// only what is confirmed.
pub fn at_least_confirmed(commitment: CommitmentConfig) -> CommitmentConfig {
    match commitment.commitment {
        CommitmentLevel::Finalized => CommitmentConfig::finalized(),
        CommitmentLevel::Processed | CommitmentLevel::Confirmed => CommitmentConfig::confirmed(),
    }
}
