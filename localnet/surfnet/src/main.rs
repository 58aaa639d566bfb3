//! `lottery-surfnet`: surfpool's embedded cluster as a process of its own, so that a
//! test or `lottery-localnet` can start one without linking it.

mod cluster;
mod stop;

use std::{io::Write as _, net::IpAddr};

use anyhow::Context as _;
use clap::Parser;

/// An offline Solana cluster in one process, with HTTP and WebSocket RPC as a
/// validator speaks it.
///
/// It holds its accounts in memory, produces a block every slot, airdrops on request
/// and answers surfpool's cheatcodes (surfnet_writeProgram, surfnet_setAccount,
/// surfnet_timeTravel). When both ports serve, it prints one line on stdout:
/// {"rpc_url": ..., "ws_url": ..., "slot_ms": ...}. SIGTERM or SIGINT ends it.
#[derive(Debug, Parser)]
#[command(name = "lottery-surfnet", version)]
struct Args {
    /// Port of the HTTP RPC.
    #[arg(long, default_value_t = 8899)]
    rpc_port: u16,

    /// Port of the WebSocket; one more than the RPC's by default, as a validator has it.
    #[arg(long)]
    ws_port: Option<u16>,

    /// Address both listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,

    /// Milliseconds between blocks. Under 200, transactions that wait in the queue
    /// may outlive their blockhash.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(10..))]
    slot_ms: u64,

    /// End when stdin closes, so that a parent that is killed leaves nothing behind.
    #[arg(long)]
    exit_with_parent: bool,

    /// Print what the cluster logs on stderr.
    #[arg(long)]
    verbose: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let ws_port = match args.ws_port {
        Some(port) => port,
        None => args
            .rpc_port
            .checked_add(1)
            .context("--rpc-port leaves no port above it for the WebSocket")?,
    };
    let stop = stop::listen(args.exit_with_parent)?;
    let settings = cluster::Settings {
        host: args.host,
        rpc_port: args.rpc_port,
        ws_port,
        slot_ms: args.slot_ms,
    };
    let cluster = cluster::Cluster::start(&settings)?;
    cluster.run(&stop, args.verbose, || announce(&settings))
}

/// The one line a parent waits for.
fn announce(settings: &cluster::Settings) -> anyhow::Result<()> {
    let line = serde_json::json!({
        "rpc_url": format!("http://{}:{}", settings.host, settings.rpc_port),
        "ws_url": format!("ws://{}:{}", settings.host, settings.ws_port),
        "slot_ms": settings.slot_ms,
    });
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}
