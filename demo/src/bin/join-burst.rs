//! Measures how many joins per second a cluster confirms: a burst of joins by as
//! many players, all at once, into one game.

use anyhow::Result;
use clap::Parser;
use lottery_demo::table::{SOL, Table, one_round};
use lottery_localnet::{Localnet, Options};

/// Measures confirmed joins per second in a burst.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Players, one join each.
    #[arg(long, default_value_t = 1_000)]
    players: usize,
    /// Bursts, each into a new game.
    #[arg(long, default_value_t = 3)]
    bursts: usize,
    /// Games that each burst is spread over; joins of different games do not wait
    /// for each other.
    #[arg(long, default_value_t = 1)]
    games: usize,
    /// Which cluster: auto, validator or surfnet.
    #[arg(long, default_value = "auto")]
    cluster: lottery_localnet::ClusterChoice,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let localnet = Localnet::start(Options {
        cluster: args.cluster,
        ..Options::default()
    })
    .await?;
    let mut table = Table::open(&localnet, 0, |_| ()).await?;
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
