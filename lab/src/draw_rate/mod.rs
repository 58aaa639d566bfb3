//! How fast a keeper draws in calm weather, and what that costs.

mod report;
mod stage;
mod watch;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lottery_demo::{
    services::{self, Service},
    table::SOL,
};
use lottery_localnet::{ClusterChoice, Localnet, Options};
use solana_keypair::Keypair;
use solana_signer::Signer as _;

pub use report::Report;
use stage::Stage;
use watch::Watch;

use crate::usage;

/// What is to be drawn.
#[derive(Clone, Debug)]
pub struct Load {
    pub cluster: ClusterChoice,
    /// Milliseconds per slot.
    pub slot_ms: u64,
    pub houses: usize,
    /// Of each house.
    pub games: usize,
    pub rounds: u8,
    /// Of each house.
    pub lanes: u8,
    /// Seconds between rounds.
    pub interval: u32,
    /// How long the drawing may take.
    pub patience: Duration,
    pub keeper_flags: Vec<String>,
}

impl Load {
    fn all_games(&self) -> usize {
        self.houses * self.games
    }
}

/// Sets the stage, lets a keeper draw, and reports.
pub async fn run(load: &Load) -> Result<Report> {
    let localnet = Localnet::start(Options {
        cluster: load.cluster.clone(),
        slot_ms: load.slot_ms,
        ..Options::default()
    })
    .await?;
    let measured = measure(load, &localnet).await;
    localnet.shutdown().await;
    measured
}

async fn measure(load: &Load, localnet: &Localnet) -> Result<Report> {
    let folder = tempfile::tempdir()?;
    let stage = Stage::set(load, localnet).await?;
    let (payer, file) = (Keypair::new(), folder.path().join("keeper.json"));
    services::write_keypair(&file, &payer)?;
    localnet.airdrop(&payer.pubkey(), 400 * SOL).await?;
    let listen = services::free_address()?;
    let mut flags = vec![
        "--listen".to_owned(),
        listen.clone(),
        "--close".to_owned(),
        "false".to_owned(),
    ];
    flags.extend(load.keeper_flags.iter().cloned());
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let log = folder.path().join("keeper.log");
    let mut keeper = services::start_keeper_with(localnet, &file, log, &flags)?;

    let mut watch = Watch::start(localnet, &stage).await?;
    wait_until_ready(&mut keeper, &listen, load.patience).await?;
    let (waiting_since, ready) = (Instant::now(), Usage::of(&keeper, &listen).await);
    stage.wait_until_due().await?;
    let started = Instant::now();
    let deadline = started + load.patience;
    let idle = Usage::of(&keeper, &listen).await;
    let waited = started.duration_since(waiting_since);
    loop {
        keeper.check()?;
        if watch.is_settled(load.all_games()) {
            break;
        }
        ensure!(
            Instant::now() < deadline,
            "{} of {} games settled:\n{}",
            watch.settled(),
            load.all_games(),
            keeper.tail()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let drawn = started.elapsed();
    while !watch.is_paid(load.all_games()) {
        keeper.check()?;
        ensure!(
            Instant::now() < deadline,
            "not all paid:\n{}",
            keeper.tail()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let paid = started.elapsed();
    let busy = Usage::of(&keeper, &listen).await;
    let transactions = stage.transactions(&payer.pubkey()).await?;
    keeper.stop().await.context("draining the keeper")?;
    Ok(Report::new(
        load,
        localnet.kind(),
        watch.finish(),
        (drawn, paid),
        transactions,
        [ready, idle, busy],
        waited,
    ))
}

/// Until the keeper knows the chain.
async fn wait_until_ready(keeper: &mut Service, listen: &str, patience: Duration) -> Result<()> {
    let deadline = Instant::now() + patience;
    let url = format!("http://{listen}/readyz");
    loop {
        keeper.check()?;
        let answer = reqwest::get(&url).await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "not ready:\n{}", keeper.tail());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What the keeper has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Most memory it ever held (KiB).
    pub peak_kib: u64,
    /// Questions to nodes.
    pub rpc_calls: u64,
}

impl Usage {
    async fn of(keeper: &Service, listen: &str) -> Self {
        let usage = keeper.id().and_then(usage::Usage::of).unwrap_or_default();
        Self {
            peak_kib: usage.peak_kib,
            rpc_calls: rpc_calls(listen).await.unwrap_or(0),
        }
    }
}

/// The sum of a counter in the keeper's metrics.
async fn rpc_calls(listen: &str) -> Option<u64> {
    let url = format!("http://{listen}/metrics");
    let text = reqwest::get(url).await.ok()?.text().await.ok()?;
    let values = text
        .lines()
        .filter(|line| line.starts_with("lottery_keeper_rpc_requests_total"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    Some(values.sum::<f64>() as u64)
}
