use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use solana_commitment_config::CommitmentConfig;
use solana_hash::Hash;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use tokio::sync::Mutex;

use super::SendError;

/// Age at which a blockhash is replaced. A blockhash is good for 150 blocks, so
/// this costs a transaction little of its life and the node few questions.
const MAX_AGE: Duration = Duration::from_secs(2);

/// A blockhash and how long it lasts.
#[derive(Clone, Copy, Debug)]
pub struct RecentBlockhash {
    pub hash: Hash,
    /// Last block height at which a transaction with this blockhash can land.
    pub last_valid_block_height: u64,
}

/// Hands out a recent blockhash; asks the node once for all who wait.
pub struct Blockhashes {
    rpc: Arc<RpcClient>,
    latest: Mutex<Option<(RecentBlockhash, Instant)>>,
}

impl Blockhashes {
    pub fn new(rpc: Arc<RpcClient>) -> Self {
        Self {
            rpc,
            latest: Mutex::new(None),
        }
    }

    pub async fn latest(&self) -> Result<RecentBlockhash, SendError> {
        let mut latest = self.latest.lock().await;
        if let Some((recent, fetched)) = *latest
            && fetched.elapsed() < MAX_AGE
        {
            return Ok(recent);
        }
        let (hash, last_valid_block_height) = self
            .rpc
            .get_latest_blockhash_with_commitment(CommitmentConfig::confirmed())
            .await?;
        let recent = RecentBlockhash {
            hash,
            last_valid_block_height,
        };
        *latest = Some((recent, Instant::now()));
        Ok(recent)
    }
}
