//! Measures how long after its confirmation a join is in the indexer's tables, while
//! players join as fast as their client can send.

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Parser;
use lottery_lab::{
    command,
    join_rate::{Load, run},
};
use lottery_localnet::ClusterChoice;

/// Has players join games as fast as the client can send, and measures how soon an
/// indexer shows it.
///
/// Starts a cluster, an indexer on an empty database, houses, games and players; every
/// join is a transaction of its own, signed by its player. Of each it is measured how
/// long after the node confirmed it its entry is in table `entries` (the accounts' way)
/// and its transaction in table `transactions` (the ledger's way), as another connection
/// reads them. Confirmed is when the node says so of the join's slot, by the clock of this
/// machine; visible is when a look at the table that shows the row has ended, so the
/// figures err on the slow side, by the pause between two looks at most, which is
/// reported.
///
/// Beside it runs the simplest thing that could do the same: for each notification of
/// the node's WebSocket one INSERT, and nothing else; its figures go by the end of the
/// INSERT. Machine, node and Postgres are shared by all of them.
///
/// Ends with code 0 only if every join landed, every entry and every transaction of the
/// chain is in the tables, and nothing else, and `lottery-indexer verify` finds no
/// difference. Needs a Postgres: DATABASE_URL, or the PG* variables as pg_virtualenv sets
/// them; and lottery-indexer, built as this is, beside it.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Which cluster: auto, validator or surfnet; it has to tell of each slot's
    /// confirmation, as Agave's validator does, by this machine's clock.
    #[arg(long, default_value = "validator")]
    cluster: ClusterChoice,
    /// Milliseconds per slot.
    #[arg(long, default_value_t = 400)]
    slot_ms: u64,
    /// Joins in all.
    #[arg(long, default_value_t = 20_000, value_parser = at_least_one)]
    joins: usize,
    /// Wallets that join; they take turns.
    #[arg(long, default_value_t = 2_000, value_parser = at_least_one)]
    players: usize,
    /// Houses, which share players and joins evenly.
    #[arg(long, default_value_t = 4, value_parser = at_least_one)]
    houses: usize,
    /// Games of each house, which take turns.
    #[arg(long, default_value_t = 5, value_parser = at_least_one)]
    games: usize,
    /// Leave out what runs beside the indexer.
    #[arg(long)]
    alone: bool,
    /// Flags passed on to the indexer, such as --indexer-flag=--source=polling.
    #[arg(long)]
    indexer_flag: Vec<String>,
    /// How long the tables may take to be complete after the last join (seconds).
    #[arg(long, default_value_t = 120)]
    patience: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("a number of at least 1 is needed".to_owned()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    command::run(measure(Args::parse())).await
}

async fn measure(args: Args) -> Result<bool> {
    let load = Load {
        cluster: args.cluster,
        slot_ms: args.slot_ms,
        joins: args.joins,
        players: args.players,
        houses: args.houses,
        games: args.games,
        is_alone: args.alone,
        indexer_flags: args.indexer_flag,
        patience: Duration::from_secs(args.patience),
    };
    let report = run(&load).await?;
    command::print(&report, args.json)?;
    Ok(report.passed())
}
