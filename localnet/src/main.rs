//! `lottery-localnet`: a local cluster until it is told to stop.

use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Parser;
use lottery_localnet::{Addresses, ClusterChoice, Localnet, Options};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// A local Solana cluster with the lottery, and oracles that answer as Switchboard's do.
///
/// It is ready when it prints its addresses, and runs until SIGTERM or SIGINT. With
/// --rpc-url (or RPC_URL) it starts no cluster but makes the oracles on that one, if
/// the randomness stand-in is loaded there. RUST_LOG sets what is logged on stderr.
#[derive(Debug, Parser)]
#[command(name = "lottery-localnet", version)]
struct Args {
    /// auto, validator or surfnet. auto: the one of RPC_URL, else
    /// solana-test-validator if it is on PATH, else lottery-surfnet.
    #[arg(long, default_value = "auto", conflicts_with = "rpc_url")]
    cluster: ClusterChoice,

    /// Use the cluster that runs there; auto takes RPC_URL from the environment.
    #[arg(long)]
    rpc_url: Option<String>,

    /// Its WebSocket; the RPC's port + 1 by default.
    #[arg(long, requires = "rpc_url")]
    ws_url: Option<String>,

    /// Port of the RPC, the next being the WebSocket's. A free one by default.
    #[arg(long)]
    rpc_port: Option<u16>,

    /// Port of the oracles' gateway. A free one by default.
    #[arg(long)]
    gateway_port: Option<u16>,

    /// Where lottery.so and randomness_stand_in.so are; target/deploy of the
    /// workspace by default.
    #[arg(long)]
    program_dir: Option<PathBuf>,

    /// Milliseconds per slot.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(20..))]
    slot_ms: u64,

    /// Oracles on the queue.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=78))]
    oracles: u8,

    /// Print the addresses as one JSON object.
    #[arg(long)]
    json: bool,

    /// Also write that JSON to a file.
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Args {
    fn options(&self) -> Options {
        let defaults = Options::default();
        Options {
            cluster: match &self.rpc_url {
                Some(rpc_url) => ClusterChoice::Attach {
                    rpc_url: rpc_url.clone(),
                    ws_url: self.ws_url.clone(),
                },
                None => self.cluster.clone(),
            },
            rpc_port: self.rpc_port,
            gateway_port: self.gateway_port,
            program_dir: self.program_dir.clone().unwrap_or(defaults.program_dir),
            slot_ms: self.slot_ms,
            oracles: self.oracles.into(),
            ..defaults
        }
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

async fn run(args: Args) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let told = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    tokio::pin!(told);

    let mut localnet = tokio::select! {
        started = Localnet::start(args.options()) => started?,
        () = &mut told => return Ok(()),
    };
    announce(&args, &localnet.addresses())?;
    let ended = tokio::select! {
        () = &mut told => Ok(()),
        error = until_it_ends(&mut localnet) => Err(error),
    };
    localnet.shutdown().await;
    Ok(ended?)
}

/// Looks every second whether the cluster still runs; gives the reason once it does not.
async fn until_it_ends(localnet: &mut Localnet) -> lottery_localnet::LocalnetError {
    loop {
        if let Err(error) = localnet.check() {
            return error;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn announce(args: &Args, addresses: &Addresses) -> anyhow::Result<()> {
    let json = serde_json::to_string(addresses)?;
    if let Some(file) = &args.out {
        // Whoever waits for the file never reads half of it.
        let partial = file.with_extension("partial");
        std::fs::write(&partial, format!("{json}\n"))
            .and_then(|()| std::fs::rename(&partial, file))
            .with_context(|| format!("writing {}", file.display()))?;
    }
    if args.json {
        println!("{json}");
        return Ok(());
    }
    println!("RPC        {}", addresses.rpc_url);
    println!("WebSocket  {}", addresses.ws_url);
    if let (Some(gateway), Some(queue)) = (&addresses.gateway_url, &addresses.queue) {
        println!("gateway    {gateway}");
        println!("queue      {queue}");
        for oracle in &addresses.oracles {
            println!("oracle     {oracle}");
        }
    }
    Ok(())
}
