use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
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

/// Pause before an endpoint that does not know a blockhash is asked again: it may be a
/// block or two behind the one that named it.
const SECOND_LOOK: Duration = Duration::from_millis(400);

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

/// What an endpoint says to another's blockhash.
enum Known {
    Yes,
    No,
    /// It does not know it, nor can it yet.
    Behind,
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

    /// One that another endpoint knows, too, where there is one to ask. A made-up hash
    /// would hold up for its whole life what is signed with it.
    async fn fetch(&self, previous: Option<RecentBlockhash>) -> Result<RecentBlockhash, SendError> {
        for _ in self.pool.endpoints() {
            let (recent, slot) = self.ask(previous).await?;
            if self.is_known(&recent, slot).await != Some(false) {
                return Ok(recent);
            }
            tracing::warn!(endpoint = recent.endpoint, hash = %recent.hash, "nobody knows it");
            self.pool.blame(recent.endpoint);
        }
        Err(SendError::Rpc("no blockhash that two nodes know".into()))
    }

    /// Whether the first of the other endpoints that can tell knows a blockhash that was
    /// the latest at this slot; `None` where none can.
    async fn is_known(&self, recent: &RecentBlockhash, slot: u64) -> Option<bool> {
        for index in self.pool.ranked() {
            let health = self.pool.endpoints().get(index)?.health();
            if index == recent.endpoint || health.is_resting(Instant::now()) {
                continue;
            }
            let mut known = self.knows(index, recent, slot).await;
            if let Some(Known::No | Known::Behind) = known {
                tokio::time::sleep(SECOND_LOOK).await;
                known = self.knows(index, recent, slot).await;
            }
            match known {
                Some(Known::Yes) => return Some(true),
                Some(Known::No) => return Some(false),
                Some(Known::Behind) | None => {}
            }
        }
        None
    }

    async fn knows(&self, index: usize, recent: &RecentBlockhash, slot: u64) -> Option<Known> {
        let params = json!([recent.hash.to_string(), CommitmentConfig::processed()]);
        let answer = self
            .pool
            .ask(index, "isBlockhashValid", params)
            .await
            .ok()?;
        let seen = answer.pointer("/context/slot")?.as_u64()?;
        Some(match answer.get("value")?.as_bool()? {
            true => Known::Yes,
            // Of what has been confirmed, whatever slot the source names.
            false if seen < slot.min(self.pool.slot()) => Known::Behind,
            false => Known::No,
        })
    }

    /// What the fittest endpoint says, and as of which slot.
    async fn ask(
        &self,
        previous: Option<RecentBlockhash>,
    ) -> Result<(RecentBlockhash, u64), SendError> {
        let params = json!([CommitmentConfig::confirmed()]);
        let (endpoint, answer) = self.pool.request("getLatestBlockhash", params).await?;
        let nonsense = || SendError::Rpc("a blockhash that makes no sense".into());
        let slot = answer.pointer("/context/slot").and_then(Value::as_u64);
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
        Ok((recent, slot.unwrap_or(0)))
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
