//! Every game, checked from its own transactions as anybody can.

use futures_util::{StreamExt as _, stream};
use lottery_client::{history, verify::verify};
use serde::Serialize;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;

use super::{insist::insist, progress::Progress};

/// Games checked at the same time.
const AT_ONCE: usize = 8;

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verification {
    pub passed: usize,
    /// Games that did not, and why.
    pub failed: Vec<String>,
}

/// Checks all games.
pub async fn verify_all(rpc: &RpcClient, games: &[Pubkey], progress: &Progress) -> Verification {
    let mut checks = stream::iter(games)
        .map(|game| verify_one(rpc, game))
        .buffer_unordered(AT_ONCE);
    let mut verification = Verification::default();
    let mut done = 0;
    while let Some(checked) = checks.next().await {
        done += 1;
        progress.at(done, games.len(), "games verified");
        match checked {
            Ok(()) => verification.passed += 1,
            Err(why) => verification.failed.push(why),
        }
    }
    verification
}

async fn verify_one(rpc: &RpcClient, game: &Pubkey) -> Result<(), String> {
    let record = insist(async || history::record(rpc, game).await)
        .await
        .map_err(|error| format!("{game}: {error}"))?;
    let report = verify(&record);
    let failed: Vec<&str> = report
        .steps
        .iter()
        .filter(|step| !step.passed)
        .map(|step| step.what.as_str())
        .collect();
    if report.passed() {
        Ok(())
    } else {
        Err(format!("{game}: {}", failed.join("; ")))
    }
}
