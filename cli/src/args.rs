use std::process::ExitCode;

use clap::{Parser, Subcommand};
use solana_pubkey::Pubkey;

use crate::verify;

/// Exit code for "what was asked could not be done": no answer, wrong input.
pub const COULD_NOT: u8 = 2;

/// Plays, operates and checks lotteries on Solana.
///
/// Exit codes: 0 done and in order; 1 done, and something is not in order;
/// 2 could not be done (wrong input, no answer from the node).
#[derive(Parser)]
#[command(name = "lottery", version)]
struct Args {
    /// RPC endpoint of a node.
    #[arg(
        long,
        short,
        env = "RPC_URL",
        default_value = "http://127.0.0.1:8899",
        global = true
    )]
    url: String,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Recompute a game from chain data alone and print each step.
    ///
    /// Reads the game, its entries and the transactions that revealed its random
    /// values; then recomputes who entered, each round's seed, the winners, the
    /// jackpots and the money. Trusts the node for what is on chain, and nothing
    /// else. Exits with 1 if anything differs.
    Verify {
        /// Address of the game.
        #[arg(value_parser = parse_address)]
        game: Pubkey,
    },
}

/// An address as people write it.
fn parse_address(text: &str) -> Result<Pubkey, String> {
    text.parse()
        .map_err(|_| "not an address: expected 32 bytes in base58".to_owned())
}

pub async fn run() -> ExitCode {
    let args = Args::parse();
    let result = match args.command {
        Command::Verify { game } => verify::run(&args.url, &game, args.json).await,
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            if args.json {
                println!("{}", serde_json::json!({ "error": format!("{error:#}") }));
            } else {
                eprintln!("error: {error:#}");
            }
            ExitCode::from(COULD_NOT)
        }
    }
}
