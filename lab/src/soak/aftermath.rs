//! After the weather: waits until everything is over, or finds out why it is not.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use lottery_demo::services::binary;
use serde::Serialize;
use serde_json::Value;
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use tokio::{process::Command, time::Instant};

use super::{insist::insist, journal, run::Soak};

/// Pause between two looks.
const LOOKS: Duration = Duration::from_secs(1);

/// How long keepers may take to find out what became of what they sent.
const FATES: Duration = Duration::from_secs(90);

/// Blocks within which a transaction lands or never does.
const EXPIRY: u64 = 155;

/// How things stood when the keepers had drained.
#[derive(Clone, Debug, Default)]
pub struct End {
    pub stuck: Vec<Stuck>,
    /// From the end of the weather to the last game closed, or the patience.
    pub waited: Duration,
}

/// A game that is not closed.
#[derive(Clone, Debug, Serialize)]
pub struct Stuck {
    pub game: String,
    pub why: String,
}

/// Waits for games and fates, then has the keepers drain, and waits until nothing that
/// was signed can land any more.
pub async fn wait(soak: &mut Soak<'_>) -> Result<End> {
    let began = Instant::now();
    let patience = Duration::from_secs(soak.settings.patience * 60);
    while !soak.look().await? && began.elapsed() < patience {
        tokio::time::sleep(LOOKS).await;
    }
    let waited = began.elapsed();
    let stuck = explain(soak, &soak.board.open()).await?;
    wait_for_fates(soak).await?;
    try_join_all(soak.posts.iter().map(|post| post.drain())).await?;
    wait_for_expiry(soak).await?;
    Ok(End { stuck, waited })
}

/// Until the journal knows what became of everything.
async fn wait_for_fates(soak: &Soak<'_>) -> Result<()> {
    let began = Instant::now();
    while began.elapsed() < FATES {
        if journal::open(&soak.stage.database.pool).await? == 0 {
            break;
        }
        for post in &soak.posts {
            post.look_after().await?;
        }
        tokio::time::sleep(LOOKS).await;
    }
    Ok(())
}

async fn wait_for_expiry(soak: &Soak<'_>) -> Result<()> {
    let rpc = soak.stage.localnet.rpc_client();
    let confirmed = CommitmentConfig::confirmed();
    let ask = async || rpc.get_block_height_with_commitment(confirmed).await;
    let height = async || insist(ask).await;
    let end = height().await? + EXPIRY;
    while height().await? < end {
        tokio::time::sleep(LOOKS).await;
    }
    Ok(())
}

/// Why these games are not over, by the plan of a keeper in fair weather.
async fn explain(soak: &Soak<'_>, games: &[Pubkey]) -> Result<Vec<Stuck>> {
    if games.is_empty() {
        return Ok(Vec::new());
    }
    let localnet = &soak.stage.localnet;
    let mut command = Command::new(binary("lottery-keeper")?);
    command
        .args(["plan", "--json"])
        .args([
            "--rpc-url",
            localnet.rpc_url(),
            "--ws-url",
            localnet.ws_url(),
        ])
        .args(["--close-after-seconds", "0"]);
    let output = command.output().await.context("planning")?;
    ensure!(
        output.status.success(),
        "lottery-keeper plan failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let plan: Value = serde_json::from_slice(&output.stdout).context("reading the plan")?;
    let reasons = reasons(&plan);
    let stuck = games.iter().map(|game| {
        let game = game.to_string();
        let why = reasons.get(&game).cloned();
        Stuck {
            why: why.unwrap_or_else(|| "the plan does not name it".to_owned()),
            game,
        }
    });
    Ok(stuck.collect())
}

/// What a plan says of each game: why it waits, or what is due for it.
fn reasons(plan: &Value) -> BTreeMap<String, String> {
    let list = |key: &str| plan.get(key).and_then(Value::as_array).cloned();
    let mut reasons = BTreeMap::new();
    for waiting in list("waiting").unwrap_or_default() {
        if let Some(game) = waiting.pointer("/game/address").and_then(Value::as_str) {
            let why = format!("waits: {}, until {}", waiting["reason"], waiting["until"]);
            reasons.insert(game.to_owned(), why);
        }
    }
    for action in list("actions").unwrap_or_default() {
        for game in addresses(&action) {
            reasons
                .entry(game)
                .or_insert_with(|| format!("due: {action}"));
        }
    }
    reasons
}

/// Every address within, of games or of anything else.
fn addresses(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if text.parse::<Pubkey>().is_ok() => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(addresses).collect(),
        Value::Object(members) => members.values().flat_map(addresses).collect(),
        _ => Vec::new(),
    }
}
