//! From nothing to settled games, with the real programs, services and players.

use std::{process::ExitCode, time::Duration};

use anyhow::{Result, ensure};
use clap::Parser;
use lottery::state;
use lottery_client::history::{self, fetch_account};
use lottery_demo::{
    api::Api,
    scenario::{Game, Kind, Settings, play, total_tickets},
    services::{self, Service},
    table::{SOL, Table, certain_mean},
};
use lottery_localnet::{ClusterChoice, Localnet, Options};
use solana_signer::Signer as _;

/// Lanes of the demo's house: draws that may wait for randomness at the same time.
const LANES: u8 = 2;

/// Plays whole lotteries on a local cluster and checks every one of them.
///
/// Starts a cluster, a keeper and an indexer with its API; has hundreds of players
/// join a game of one round, which hits the minor jackpot, one of five rounds and one
/// that is cancelled. Waits until every prize and refund has arrived, recomputes every
/// draw from chain data alone, compares the database with the chain, and closes what
/// is over.
#[derive(Parser)]
#[command(name = "lottery-demo", version)]
struct Args {
    /// Leave everything running afterwards, until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// Players of each big game.
    #[arg(long, default_value_t = 220)]
    players: usize,
    /// Which cluster: auto, validator or surfnet.
    #[arg(long, default_value = "auto")]
    cluster: ClusterChoice,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<()> {
    ensure!(
        args.players >= 3,
        "--players must be at least 3: the game of five rounds has three winners"
    );
    // Kept when something fails: what the services logged says why.
    let folder = tempfile::Builder::new()
        .prefix("lottery-demo-")
        .tempdir()?
        .keep();
    println!("Logs are in {}", folder.display());

    let localnet = Localnet::start(Options {
        cluster: args.cluster.clone(),
        ..Options::default()
    })
    .await?;
    println!(
        "Cluster     {} ({:?}), WebSocket {}",
        localnet.rpc_url(),
        localnet.kind(),
        localnet.ws_url()
    );
    let (indexer, api, base) =
        services::start_indexer(&localnet, None, folder.join("indexer.log")).await?;
    println!("API         {base}");

    let mut table = Table::open(&localnet, LANES, |house| {
        house.rules.jackpot_mean[0] = certain_mean(house, total_tickets(args.players));
    })
    .await?;
    let keypair = folder.join("keeper.json");
    let keeper_key = solana_keypair::Keypair::new();
    services::write_keypair(&keypair, &keeper_key)?;
    localnet.airdrop(&keeper_key.pubkey(), 100 * SOL).await?;
    let keeper = services::start_keeper(&localnet, &keypair, folder.join("keeper.log"))?;
    println!("Keeper      {}", keeper_key.pubkey());
    println!("House       {}", table.house);

    table.seat(&localnet, args.players, 10 * SOL).await?;
    println!("Players     {} with 10 SOL each", args.players);

    let mut services = [indexer, keeper];
    let settings = Settings {
        players: args.players,
        patience: Duration::from_secs(180),
    };
    let games = match play(&table, &api, &settings, &mut services).await {
        Ok(games) => games,
        Err(error) => {
            for service in &services {
                eprintln!("--- {}\n{}", service.log.display(), service.tail());
            }
            return Err(error);
        }
    };

    println!();
    for game in &games {
        show(&api, game).await?;
    }
    show_jackpots(&api, &table).await?;
    show_bounties(&table, &games).await?;
    println!("\nRecomputing every game from chain data alone:");
    verify_draws(&localnet, &games).await?;
    verify_database(&localnet).await?;

    println!("\nClosing what is over, so that rent and unspent bounties return:");
    services::close_everything(&localnet, &keypair).await?;
    show_closed(&table, &games).await?;
    println!("Recomputing every game again, now from its transactions:");
    verify_draws(&localnet, &games).await?;
    verify_database(&localnet).await?;

    if args.keep {
        println!(
            "\nEverything is left running: RPC {}, WebSocket {}, API {base}. Ctrl-C ends it.",
            localnet.rpc_url(),
            localnet.ws_url()
        );
        tokio::signal::ctrl_c().await?;
    }
    let [indexer, keeper] = services;
    stop(keeper).await?;
    stop(indexer).await?;
    localnet.shutdown().await;
    std::fs::remove_dir_all(&folder)?;
    println!(
        "\nAll games are settled or refunded, every draw verified, every claim paid, every account closed."
    );
    Ok(())
}

async fn stop(service: Service) -> Result<()> {
    service.stop().await
}

/// Prints a game as the API, hence Postgres, knows it.
async fn show(api: &Api, game: &Game) -> Result<()> {
    let shown = api.get(&format!("/api/games/{}", game.address)).await?;
    println!(
        "Game {} ({}): {}, {} tickets by {} players, takings {}",
        game.address,
        game.kind.describe(),
        text(&shown["status"]),
        shown["tickets"],
        shown["players"],
        sol(&shown["gross"]),
    );
    if game.kind == Kind::Cancelled {
        println!("    refunded {}", sol(&shown["refunded"]));
    }
    let sizes: Vec<String> = list(&shown["rounds"])
        .iter()
        .filter(|round| !round["seed"].is_null())
        .map(|round| format!("{} -> {}", round["tickets"], round["survivors"]))
        .collect();
    if !sizes.is_empty() {
        println!("    rounds   {}", sizes.join(", "));
    }
    for winner in list(&shown["winners"]) {
        println!(
            "    place {}  ticket {:>4}  {}  {}{}",
            winner["place"].as_u64().unwrap_or_default() + 1,
            winner["ticket"],
            text(&winner["player"]),
            sol(&winner["prize"]),
            paid(&winner["paid"]),
        );
    }
    for award in list(&shown["jackpots"]) {
        println!(
            "    {} jackpot  ticket {:>4}  {}  {}{}",
            text(&award["tier"]),
            award["ticket"],
            text(&award["player"]),
            sol(&award["award"]),
            paid(&award["paid"]),
        );
    }
    Ok(())
}

async fn show_jackpots(api: &Api, table: &Table) -> Result<()> {
    let shown = api
        .get(&format!("/api/jackpots?house={}", table.house))
        .await?;
    println!("Jackpots");
    for jackpot in list(&shown["jackpots"]) {
        println!(
            "    {:<6} {} in the pot, {} hits, {} won so far",
            text(&jackpot["name"]),
            sol(&jackpot["amount"]),
            text(&jackpot["hits"]),
            sol(&jackpot["total_won"]),
        );
    }
    Ok(())
}

/// What cranks were paid of each game's escrow, as far as the game tells.
async fn show_bounties(table: &Table, games: &[Game]) -> Result<()> {
    println!("Bounties paid to the keeper");
    for game in games {
        let state: state::Game = fetch_account(table.rpc(), &game.address).await?;
        let escrowed = state.bounty * state::Game::bounties(state.rounds, state.winners);
        // Refunds are paid for by the entries.
        let refunds = match game.kind {
            Kind::Cancelled => state.bounty * u64::from(state.entries),
            _ => 0,
        };
        let paid = escrowed - state.bounty_escrow + refunds;
        println!("    {}  {}", game.address, lamports(paid));
    }
    Ok(())
}

/// Shows that nothing is left of the games.
async fn show_closed(table: &Table, games: &[Game]) -> Result<()> {
    for game in games {
        let left = history::entries(table.rpc(), &game.address).await?.len();
        let balance = table.rpc().get_balance(&game.address).await?;
        ensure!(
            left == 0 && balance == 0,
            "game {} has {left} entries and {balance} lamports left",
            game.address
        );
        println!("    {}  closed with all its entries", game.address);
    }
    Ok(())
}

/// Runs `lottery verify` on every game.
async fn verify_draws(localnet: &Localnet, games: &[Game]) -> Result<()> {
    for game in games {
        let printed = services::verify_game(localnet, &game.address).await?;
        let verdict = printed.lines().last().unwrap_or_default();
        println!("    {}  {verdict}", game.address);
    }
    Ok(())
}

/// Runs `lottery-indexer verify`.
async fn verify_database(localnet: &Localnet) -> Result<()> {
    println!("Comparing the database with the chain:");
    for line in services::verify_database(localnet, None).await?.lines() {
        println!("    {line}");
    }
    Ok(())
}

fn list(value: &serde_json::Value) -> &[serde_json::Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or("?")
}

fn paid(value: &serde_json::Value) -> &'static str {
    if value.as_bool() == Some(true) {
        ", paid"
    } else {
        ""
    }
}

/// Lamports, as the API's string, in SOL: exact, in integers.
fn sol(value: &serde_json::Value) -> String {
    text(value)
        .parse()
        .map_or_else(|_| "? SOL".to_owned(), lamports)
}

fn lamports(amount: u64) -> String {
    format!("{}.{:09} SOL", amount / SOL, amount % SOL)
}
