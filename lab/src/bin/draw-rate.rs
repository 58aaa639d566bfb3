//! Measures how fast a keeper draws: many games that become due at the same second,
//! in calm weather; beside plain transfers, sent all the while, as the simplest thing
//! that a cluster confirms.

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Parser;
use lottery_lab::{
    command,
    draw_rate::{Load, run},
};
use lottery_localnet::ClusterChoice;

/// Measures draws settled per minute, and what they cost.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Which cluster: auto, validator or surfnet.
    #[arg(long, default_value = "auto")]
    cluster: ClusterChoice,
    /// Milliseconds per slot.
    #[arg(long, default_value_t = 400)]
    slot_ms: u64,
    /// Houses; each draws for itself.
    #[arg(long, default_value_t = 20)]
    houses: usize,
    /// Games of each house.
    #[arg(long, default_value_t = 50)]
    games: usize,
    /// Rounds of each game (1 to 8).
    #[arg(long, default_value_t = 5)]
    rounds: u8,
    /// Lanes of each house.
    #[arg(long, default_value_t = 3)]
    lanes: u8,
    /// Seconds between a game's rounds.
    #[arg(long, default_value_t = 1)]
    interval: u32,
    /// How long it may take (seconds).
    #[arg(long, default_value_t = 900)]
    patience: u64,
    /// Flags passed on to the keeper, such as --keeper-flag=--draw-jobs=64.
    #[arg(long)]
    keeper_flag: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    command::run(measure(Args::parse())).await
}

async fn measure(args: Args) -> Result<bool> {
    let load = Load {
        cluster: args.cluster,
        slot_ms: args.slot_ms,
        houses: args.houses,
        games: args.games,
        rounds: args.rounds,
        lanes: args.lanes,
        interval: args.interval,
        patience: Duration::from_secs(args.patience),
        keeper_flags: args.keeper_flag,
    };
    command::print(&run(&load).await?, args.json)?;
    Ok(true)
}
