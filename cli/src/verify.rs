use std::process::ExitCode;

use anyhow::Context as _;
use lottery_client::{
    history,
    lottery::money::is_native,
    verify::{Report, verify},
};
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;

/// Lamports in a SOL.
const SOL: u64 = 1_000_000_000;

pub async fn run(url: &str, game: &Pubkey, as_json: bool) -> anyhow::Result<ExitCode> {
    let rpc = RpcClient::new(url.to_owned());
    let record = history::record(&rpc, game)
        .await
        .with_context(|| format!("cannot collect the record of game {game} from {url}"))?;
    let report = verify(&record);
    if as_json {
        println!("{}", to_json(game, &report));
    } else {
        let is_native = is_native(&record.game.vault);
        print(game, &report, is_native);
    }
    Ok(if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(game: &Pubkey, report: &Report, is_native: bool) {
    println!("game {game}");
    for step in &report.steps {
        let mark = if step.passed { "ok  " } else { "FAIL" };
        println!("  {mark} {}", step.what);
        println!("       {}", step.detail);
    }
    for winner in &report.winners {
        println!(
            "  place {:>2}: ticket {:>6} of {} wins {}{}",
            winner.place + 1,
            winner.ticket,
            winner.player,
            amount(winner.prize, is_native),
            if winner.paid { ", paid" } else { "" }
        );
    }
    for award in &report.awards {
        println!(
            "  {} jackpot: ticket {:>6} of {} wins {}{}",
            lottery_client::lottery::state::TIER_NAMES
                .get(usize::from(award.tier))
                .unwrap_or(&"?"),
            award.ticket,
            award.player,
            amount(award.amount, is_native),
            if award.paid { ", paid" } else { "" }
        );
    }
    let failed = report.steps.iter().filter(|step| !step.passed).count();
    if failed == 0 {
        println!("verified: {} steps, all in order", report.steps.len());
    } else {
        println!(
            "NOT in order: {failed} of {} steps failed",
            report.steps.len()
        );
    }
}

fn amount(units: u64, is_native: bool) -> String {
    if is_native {
        format!("{}.{:09} SOL", units / SOL, units % SOL)
    } else {
        format!("{units} base units of the house's token")
    }
}

fn to_json(game: &Pubkey, report: &Report) -> serde_json::Value {
    json!({
        "game": game.to_string(),
        "verified": report.passed(),
        "steps": report.steps.iter().map(|step| json!({
            "what": step.what,
            "detail": step.detail,
            "passed": step.passed,
        })).collect::<Vec<_>>(),
        "winners": report.winners.iter().map(|winner| json!({
            "place": winner.place,
            "ticket": winner.ticket,
            "entry": winner.entry.to_string(),
            "player": winner.player.to_string(),
            "prize": winner.prize.to_string(),
            "paid": winner.paid,
        })).collect::<Vec<_>>(),
        "awards": report.awards.iter().map(|award| json!({
            "tier": award.tier,
            "ticket": award.ticket,
            "entry": award.entry.to_string(),
            "player": award.player.to_string(),
            "amount": award.amount.to_string(),
            "paid": award.paid,
        })).collect::<Vec<_>>(),
    })
}
