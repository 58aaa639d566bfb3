use std::{
    cmp::Reverse,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
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

/// Blocks that a blockhash is good for.
const BLOCKS_OF_LIFE: u64 = 150;

/// The same and what one node may jump.
const MOST_BLOCKS_AHEAD: u64 = BLOCKS_OF_LIFE + 512;

/// Blocks that nodes at the same height may differ by.
const HEIGHT_SLACK: u64 = 64;

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
    /// Whether another endpoint agreed.
    is_shared: bool,
    fetched: Instant,
}

struct Latest {
    recent: RecentBlockhash,
    /// When the next one is asked for.
    replace_at: Instant,
}

/// What an endpoint says to another's blockhash.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Yes,
    No,
    /// It does not know it, nor can it yet.
    Behind,
}

/// What the others say to an endpoint's blockhash, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Opinion {
    Shared,
    /// Nobody can tell.
    None,
    Unknown,
    /// It exists, but lasts for another time than its endpoint says.
    OtherHeight,
    /// Nobody else can tell, and its own endpoint does not know it.
    Refuted,
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
            // One that two agreed on is better than a newer one that nobody can vouch for.
            Ok(recent) if previous.is_shared && !recent.is_shared => {}
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

    /// One that another endpoint knows, too, where there is one to ask: a made-up hash
    /// would hold up for its whole life what is signed with it. Where no two agree, the
    /// first is better than none: what dies of it is [discarded](Self::discard).
    async fn fetch(&self, previous: Option<RecentBlockhash>) -> Result<RecentBlockhash, SendError> {
        let mut doubted: Vec<(Opinion, RecentBlockhash)> = Vec::new();
        for index in self.pool.ranked() {
            let params = json!([CommitmentConfig::confirmed()]);
            let answer = self.pool.ask(index, "getLatestBlockhash", params).await;
            let Some((mut recent, slot)) = answer.ok().and_then(|answer| parse(index, &answer))
            else {
                continue;
            };
            let opinion = self.opinion(&recent, slot).await;
            recent.is_shared = opinion == Opinion::Shared;
            // With nobody to ask, all there is to compare it with is what was before.
            let is_plausible = || previous.is_none_or(|previous| follows(&previous, &recent));
            if opinion == Opinion::Shared || opinion == Opinion::None && is_plausible() {
                for (_, other) in doubted {
                    self.pool.blame(other.endpoint);
                }
                return Ok(recent);
            }
            tracing::warn!(endpoint = index, hash = %recent.hash, "a doubtful blockhash");
            doubted.push((opinion, recent));
        }
        // What not even its own endpoint knows can never land.
        let has_answered = !doubted.is_empty();
        doubted.retain(|(opinion, _)| *opinion != Opinion::Refuted);
        doubted
            .sort_by_key(|(opinion, recent)| (*opinion, Reverse(recent.last_valid_block_height)));
        if let Some((_, recent)) = doubted.first() {
            return Ok(*recent);
        }
        if has_answered {
            return Err(SendError::Rpc("no blockhash that any node knows".into()));
        }
        // Nobody has a present one: whoever is nearest, and more patiently.
        let params = json!([CommitmentConfig::confirmed()]);
        let (index, answer) = self.pool.request("getLatestBlockhash", params).await?;
        let found = parse(index, &answer);
        found.map_or_else(
            || Err(SendError::Rpc("a blockhash that makes no sense".into())),
            |(recent, _)| Ok(recent),
        )
    }

    /// What the others say to a blockhash that was the latest at this slot, and to how
    /// long it lasts.
    async fn opinion(&self, recent: &RecentBlockhash, slot: u64) -> Opinion {
        let now = Instant::now();
        let others = self.pool.endpoints().iter().enumerate();
        let others = others.filter(|(index, endpoint)| {
            *index != recent.endpoint && !endpoint.health().is_resting(now)
        });
        let mut asked: FuturesUnordered<_> = others
            .map(|(index, _)| self.verdict(index, recent, slot))
            .collect();
        let mut worst = Opinion::None;
        while let Some(opinion) = asked.next().await {
            match opinion {
                // One suffices, or one liar could refuse all there are.
                Opinion::Shared => return Opinion::Shared,
                opinion => worst = worst.max(opinion),
            }
        }
        if worst != Opinion::None || self.pool.endpoints().len() == 1 {
            return worst;
        }
        match self.verdict(recent.endpoint, recent, slot).await {
            Opinion::Unknown => Opinion::Refuted,
            Opinion::OtherHeight => Opinion::OtherHeight,
            _ => Opinion::None,
        }
    }

    /// What one endpoint says to it.
    async fn verdict(&self, index: usize, recent: &RecentBlockhash, slot: u64) -> Opinion {
        let mut known = self.knows(index, recent, slot).await;
        if matches!(known, Some(Known::No | Known::Behind)) {
            tokio::time::sleep(SECOND_LOOK).await;
            known = self.knows(index, recent, slot).await;
        }
        match known {
            Some(Known::Yes) => match self.lasts(index, recent).await {
                Some(true) => Opinion::Shared,
                Some(false) => Opinion::OtherHeight,
                None => Opinion::None,
            },
            Some(Known::No) => Opinion::Unknown,
            Some(Known::Behind) | None => Opinion::None,
        }
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

    /// Whether it lasts as long as one does that has just been made, by an endpoint's
    /// height. With a lower one a transaction would be declared dead that can still land;
    /// with a higher one it would never be.
    async fn lasts(&self, index: usize, recent: &RecentBlockhash) -> Option<bool> {
        let params = json!([CommitmentConfig::confirmed()]);
        let height = self.pool.ask(index, "getBlockHeight", params).await.ok()?;
        let expected = height.as_u64()?.saturating_add(BLOCKS_OF_LIFE);
        Some(expected.abs_diff(recent.last_valid_block_height) <= HEIGHT_SLACK)
    }
}

/// An endpoint's latest blockhash, and as of which slot.
fn parse(endpoint: usize, answer: &Value) -> Option<(RecentBlockhash, u64)> {
    let slot = answer.pointer("/context/slot").and_then(Value::as_u64);
    let told: RpcBlockhash = serde_json::from_value(answer.get("value")?.clone()).ok()?;
    let recent = RecentBlockhash {
        hash: told.blockhash.parse().ok()?,
        last_valid_block_height: told.last_valid_block_height,
        endpoint,
        is_shared: false,
        fetched: Instant::now(),
    };
    Some((recent, slot.unwrap_or(0)))
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
