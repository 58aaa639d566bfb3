//! Measures how many joins per second a cluster confirms: a burst of joins by as
//! many players, all at once, into one game.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use lottery_demo::table::{SOL, Table, one_round};
use lottery_localnet::{Localnet, Options};

/// Measures confirmed joins per second in a burst.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Players, one join each.
    #[arg(long, default_value_t = 1_000, value_parser = at_least_one)]
    players: usize,
    /// Bursts, each into a new game.
    #[arg(long, default_value_t = 3, value_parser = at_least_one)]
    bursts: usize,
    /// Games that each burst is spread over; joins of different games do not wait
    /// for each other.
    #[arg(long, default_value_t = 1, value_parser = at_least_one)]
    games: usize,
    /// Which cluster: auto, validator or surfnet.
    #[arg(long, default_value = "auto")]
    cluster: lottery_localnet::ClusterChoice,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("a number of at least 1 is needed".to_owned()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<()> {
    let localnet = Localnet::start(Options {
        cluster: args.cluster,
        ..Options::default()
    })
    .await?;
    // Games as big as any burst, which must not contribute more than the means.
    let mut table = Table::open(&localnet, 0, |house| {
        house.rules.jackpot_mean = [u64::MAX; 3];
    })
    .await?;
    table.seat(&localnet, args.players, SOL).await?;
    println!(
        "cluster {:?}, {} players, {} game(s) a burst",
        localnet.kind(),
        args.players,
        args.games
    );
    for burst in 1..=args.bursts {
        let mut games = Vec::new();
        for _ in 0..args.games {
            games.push(
                table
                    .create_game(|id, now| one_round(id, now, u32::MAX / 2))
                    .await?,
            );
        }
        let result = table
            .join_spread(&games, args.players, |_| 1, || ())
            .await?;
        println!(
            "burst {burst}: {} joins confirmed in {:.2} s = {:.0}/s",
            result.joins,
            result.took.as_secs_f64(),
            result.rate()
        );
    }
    localnet.shutdown().await;
    Ok(())
}
