//! The command line.

use std::{io::IsTerminal as _, net::SocketAddr, process::ExitCode, time::Duration};

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::{
    config::{Database, RpcUrl, WsUrl},
    run,
};

/// Exit codes of `verify`.
const DIFFERENT: u8 = 1;
const NOT_CHECKED: u8 = 2;

/// Connections of the accounts' writer, the ledger and the deriver together.
const WRITERS: u32 = 6;

/// Mirrors the lottery from the chain into Postgres and serves it over HTTP.
///
/// The database is given by DATABASE_URL, or else by the PG* variables that psql
/// reads. Settings may come from the environment or from flags; flags win.
/// RUST_LOG sets the log's detail (default: info).
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follow the chain into the database, and serve the API beside it.
    ///
    /// Migrates the database, subscribes to the program's accounts, takes a
    /// snapshot, and keeps the tables equal to the chain from there. SIGTERM and
    /// SIGINT finish the batch in flight and end with code 0.
    Run {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        chain: ChainArgs,
        #[command(flatten)]
        follow: FollowArgs,
        #[command(flatten)]
        listen: ListenArgs,
        /// Follow only; serve nothing.
        #[arg(long)]
        no_serve: bool,
    },
    /// Serve the API from a database that another process keeps.
    Serve {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        listen: ListenArgs,
    },
    /// Compare the database with the chain, and recompute every draw.
    ///
    /// Fetches every account of the program and compares each field with its row;
    /// checks that every account, or its vault, holds what it owes; recomputes entry
    /// hashes, round seeds, eliminations, winners, prizes and jackpots, also of games
    /// that are closed. Exits 0 when all agrees, 1 with the differences, 2 when it could
    /// not check.
    Verify {
        #[command(flatten)]
        database: DatabaseArgs,
        #[command(flatten)]
        chain: ChainArgs,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
        /// How long to wait for the indexer to reach the chain (seconds).
        #[arg(long, default_value_t = 60, value_name = "SECONDS")]
        deadline: u64,
    },
    /// Bring the database's schema up to date, and end.
    Migrate {
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

#[derive(Debug, Args)]
struct DatabaseArgs {
    /// Postgres, as postgres://user:password@host:port/database.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<Database>,
    /// Most connections to the database; `run` keeps six of them for writing.
    #[arg(long, env = "DATABASE_CONNECTIONS", default_value_t = 20, value_name = "N",
          value_parser = clap::value_parser!(u32).range(10..=1_000))]
    database_connections: u32,
}

#[derive(Debug, Args)]
struct ChainArgs {
    /// A Solana node's RPC.
    #[arg(
        long,
        env = "RPC_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8899",
        value_name = "URL"
    )]
    rpc_url: RpcUrl,
}

#[derive(Debug, Args)]
struct FollowArgs {
    /// The node's WebSocket. Default: RPC_URL's next port, or its host.
    #[arg(long, env = "WS_URL", hide_env_values = true, value_name = "URL")]
    ws_url: Option<WsUrl>,
    /// Use no WebSocket: poll snapshots alone.
    #[arg(long, conflicts_with = "ws_url")]
    no_ws: bool,
    /// Between two full snapshots, which find closed accounts and whatever the
    /// WebSocket lost (seconds).
    #[arg(long, env = "SNAPSHOT_INTERVAL", default_value_t = 30, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    snapshot_interval: u64,
    /// Reconnect when the WebSocket is silent for this long while the chain goes
    /// on (seconds).
    #[arg(long, env = "STREAM_SILENCE", default_value_t = 15, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=3_600))]
    stream_silence: u64,
    /// Between two looks for new transactions (milliseconds).
    #[arg(long, env = "LEDGER_INTERVAL", default_value_t = 1_000, value_name = "MS",
          value_parser = clap::value_parser!(u64).range(50..=600_000))]
    ledger_interval: u64,
}

#[derive(Debug, Args)]
struct ListenArgs {
    /// Where the API listens.
    #[arg(
        long,
        env = "LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    listen: SocketAddr,
}

impl DatabaseArgs {
    /// A pool of that many connections at most.
    fn pool(&self, connections: u32) -> sqlx::PgPool {
        let database = self.database_url.clone();
        let database = database.unwrap_or_else(Database::from_pg_environment);
        crate::store::pool(database.0, connections)
    }

    /// A pool of all the connections.
    fn whole_pool(&self) -> sqlx::PgPool {
        self.pool(self.database_connections)
    }
}

/// Parses the command line, does what it says, and reports.
pub async fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
        )
        // Standard output belongs to reports.
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match run(cli.command).await {
        Ok(code) => code,
        Err(error) => {
            // The chain of causes, without what URLs may hide.
            let error = crate::error::redact(&format!("{error:#}"));
            eprintln!("lottery-indexer: {error}");
            ExitCode::from(NOT_CHECKED)
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run {
            database,
            chain,
            follow,
            listen,
            no_serve,
        } => {
            let ws_url = match (follow.no_ws, follow.ws_url) {
                (true, _) => None,
                (false, Some(url)) => Some(url),
                (false, None) => Some(chain.rpc_url.websocket()),
            };
            // Requests never take the connections that the writers need.
            let for_requests = database.database_connections.saturating_sub(WRITERS);
            run::follow(
                database.pool(WRITERS),
                run::Follow {
                    rpc_url: chain.rpc_url,
                    ws_url,
                    snapshot_interval: Duration::from_secs(follow.snapshot_interval),
                    stream_silence: Duration::from_secs(follow.stream_silence),
                    ledger_interval: Duration::from_millis(follow.ledger_interval),
                    serve: (!no_serve).then(|| (listen.listen, database.pool(for_requests))),
                },
            )
            .await?;
        }
        Command::Serve { database, listen } => {
            run::serve(database.whole_pool(), listen.listen).await?;
        }
        Command::Verify {
            database,
            chain,
            json,
            deadline,
        } => {
            let report = run::verify(
                database.whole_pool(),
                &chain.rpc_url,
                Duration::from_secs(deadline),
            )
            .await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&report)?);
            } else {
                print!("{report}");
            }
            if !report.is_clean() {
                return Ok(ExitCode::from(DIFFERENT));
            }
        }
        Command::Migrate { database } => run::migrate(&database.whole_pool()).await?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
