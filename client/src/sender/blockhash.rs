use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use solana_commitment_config::CommitmentConfig;
use solana_hash::Hash;
use solana_rpc_client_types::response::RpcBlockhash;
use tokio::sync::Mutex;

use super::SendError;
use crate::rpc::Pool;

/// Age at which a blockhash is replaced in the background. It is good for 150 blocks,
/// so this costs a transaction little of its life and the nodes few questions.
const STALE: Duration = Duration::from_secs(2);

/// Age from which nothing is signed with it before a new one is there.
const MAX_AGE: Duration = Duration::from_secs(10);

/// Pause between two attempts to replace it.
const RETRY: Duration = Duration::from_millis(500);

/// Blocks that a blockhash is good for, and what nodes may differ by.
const MOST_BLOCKS_AHEAD: u64 = 150 + 512;

/// No cluster makes blocks faster than this.
const SHORTEST_BLOCK: Duration = Duration::from_millis(20);

/// A blockhash and how long it lasts.
#[derive(Clone, Copy, Debug)]
pub struct RecentBlockhash {
    pub hash: Hash,
    /// Last block height at which a transaction with this blockhash can land.
    pub last_valid_block_height: u64,
    /// Position of the endpoint that it is from.
    pub endpoint: usize,
    fetched: Instant,
}

struct Latest {
    recent: RecentBlockhash,
    /// When the next one is asked for.
    replace_at: Instant,
}

/// Hands out a recent blockhash; asks once for all who wait.
pub struct Blockhashes {
    pool: Arc<Pool>,
    latest: Mutex<Option<Latest>>,
}

impl Blockhashes {
    pub fn new(pool: Arc<Pool>) -> Self {
        Self {
            pool,
            latest: Mutex::new(None),
        }
    }

    pub async fn latest(self: &Arc<Self>) -> Result<RecentBlockhash, SendError> {
        let mut latest = self.latest.lock().await;
        let now = Instant::now();
        let previous = latest.as_ref().map(|latest| latest.recent);
        match latest.as_mut() {
            Some(known) if now < known.replace_at => Ok(known.recent),
            Some(known) if now.duration_since(known.recent.fetched) < MAX_AGE => {
                // The others need not fetch it as well; if this fails, the next will.
                known.replace_at = now + RETRY;
                let (service, previous) = (self.clone(), known.recent);
                tokio::spawn(async move { service.replace(previous).await });
                Ok(previous)
            }
            _ => {
                let recent = self.fetch(previous).await?;
                *latest = Some(Latest::of(recent));
                Ok(recent)
            }
        }
    }

    /// Whoever comes while it is fetched uses the one before.
    async fn replace(&self, previous: RecentBlockhash) {
        match self.fetch(Some(previous)).await {
            Ok(recent) => *self.latest.lock().await = Some(Latest::of(recent)),
            Err(error) => tracing::debug!(%error, "no new blockhash; asked again soon"),
        }
    }

    /// Forgets one that served a transaction which never landed, and trusts the
    /// endpoint it came from less: a made-up hash looks like any other.
    pub async fn discard(&self, recent: &RecentBlockhash) {
        self.pool.blame(recent.endpoint);
        let mut latest = self.latest.lock().await;
        if latest
            .as_ref()
            .is_some_and(|it| it.recent.endpoint == recent.endpoint)
        {
            *latest = None;
        }
    }

    async fn fetch(&self, previous: Option<RecentBlockhash>) -> Result<RecentBlockhash, SendError> {
        let params = json!([CommitmentConfig::confirmed()]);
        let (endpoint, answer) = self.pool.request("getLatestBlockhash", params).await?;
        let nonsense = || SendError::Rpc("a blockhash that makes no sense".into());
        let value = answer.get("value").cloned().ok_or_else(nonsense)?;
        let answer: RpcBlockhash = serde_json::from_value(value).map_err(|_| nonsense())?;
        let recent = RecentBlockhash {
            hash: answer.blockhash.parse().map_err(|_| nonsense())?,
            last_valid_block_height: answer.last_valid_block_height,
            endpoint,
            fetched: Instant::now(),
        };
        if previous.is_some_and(|previous| !follows(&previous, &recent)) {
            self.pool.blame(endpoint);
            return Err(nonsense());
        }
        Ok(recent)
    }
}

impl Latest {
    fn of(recent: RecentBlockhash) -> Self {
        Self {
            recent,
            replace_at: recent.fetched + STALE,
        }
    }
}

/// Whether so many blocks can have been made in between: a last valid height far in
/// the future would keep a transaction from ever being declared dead.
fn follows(previous: &RecentBlockhash, recent: &RecentBlockhash) -> bool {
    let elapsed = recent.fetched.duration_since(previous.fetched);
    let blocks = elapsed.as_millis() / SHORTEST_BLOCK.as_millis();
    let most = u64::try_from(blocks)
        .unwrap_or(u64::MAX)
        .saturating_add(MOST_BLOCKS_AHEAD);
    recent.last_valid_block_height <= previous.last_valid_block_height.saturating_add(most)
}
