//! Plays many games to their end, by real keepers on a real cluster, under faults at
//! random, and accounts for everything: games stuck, payments made twice, lamports
//! missing. Exits with 0 only if there are none.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::Parser;
use lottery_lab::{
    command,
    soak::{Progress, Report, Settings, run},
};
use lottery_localnet::ClusterChoice;
use tokio::signal::unix::{SignalKind, signal};

/// Plays games under faults at random, and accounts for everything.
///
/// Needs a Postgres: DATABASE_URL, or the PG* variables as pg_virtualenv sets them.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Which cluster: auto, validator or surfnet.
    #[arg(long, default_value = "auto")]
    cluster: ClusterChoice,
    /// Milliseconds per slot.
    #[arg(long, default_value_t = 400)]
    slot_ms: u64,
    /// Games in all.
    #[arg(long, default_value_t = 1_000)]
    games: usize,
    /// Share of the games that play for a token, from 0 to 1.
    #[arg(long, default_value_t = 0.15)]
    token_share: f64,
    /// Rounds of each game.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=8))]
    rounds: u8,
    /// How long the weather lasts; games are created all the while, but for its last twenty-fifth.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
    /// Keepers, which take turns by a lease.
    #[arg(long, default_value_t = 3)]
    keepers: usize,
    /// Players of each house.
    #[arg(long, default_value_t = 40)]
    players: usize,
    /// Lanes of each house: draws at the same time.
    #[arg(long, default_value_t = 8)]
    lanes: u8,
    /// Decides games, weather and kills.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The same without weather and without kills.
    #[arg(long)]
    calm: bool,
    /// Leave out what the diary would describe with these words, such as --without=lies;
    /// all else comes as the seed says.
    #[arg(long)]
    without: Vec<String>,
    /// How long the games may take after the weather (minutes).
    #[arg(long, default_value_t = 5)]
    patience: u64,
    /// Flags passed on to the keepers, such as --keeper-flag=--log=debug.
    #[arg(long)]
    keeper_flag: Vec<String>,
    /// Folder for the keepers' logs; by default a new one, kept where a check fails.
    #[arg(long)]
    logs: Option<PathBuf>,
    /// Print JSON, with every event, in place of a text.
    #[arg(long)]
    json: bool,
    /// Write the JSON to a file.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Show every change of the weather as it happens.
    #[arg(long)]
    verbose: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    command::run(soak(Args::parse())).await
}

/// Whether everything was as it must be.
async fn soak(args: Args) -> Result<bool> {
    let temporary = tempfile::TempDir::with_prefix("lottery-soak-")?;
    let folder = match &args.logs {
        Some(folder) => {
            std::fs::create_dir_all(folder).context("creating the logs' folder")?;
            folder.clone()
        }
        None => temporary.path().to_owned(),
    };
    let progress = Progress::new(args.verbose);
    let settings = settings(&args);
    let ended = tokio::select! {
        report = run(&settings, folder, &progress) => report,
        () = interrupted() => Err(anyhow::anyhow!("interrupted")),
    };
    let passed = ended.as_ref().is_ok_and(|report| report.passed);
    if !passed && args.logs.is_none() {
        eprintln!("the keepers' logs are in {}", temporary.keep().display());
    }
    show(&args, &ended?)?;
    Ok(passed)
}

fn settings(args: &Args) -> Settings {
    Settings {
        cluster: args.cluster.clone(),
        slot_ms: args.slot_ms,
        games: args.games,
        token_share: args.token_share,
        rounds: args.rounds,
        players: args.players,
        lanes: args.lanes,
        minutes: args.minutes,
        keepers: args.keepers,
        seed: args.seed,
        calm: args.calm,
        without: args.without.clone(),
        patience: args.patience,
        keeper_flags: args.keeper_flag.clone(),
    }
}

fn show(args: &Args, report: &Report) -> Result<()> {
    if let Some(file) = &args.report {
        let json = serde_json::to_string_pretty(report)?;
        std::fs::write(file, json).with_context(|| format!("writing {}", file.display()))?;
    }
    command::print(report, args.json)
}

/// Returns on the first SIGINT or SIGTERM; what was started ends with what holds it.
async fn interrupted() {
    let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    let [Ok(mut interrupt), Ok(mut terminate)] = signals else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
