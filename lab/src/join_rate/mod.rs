//! How soon an indexer shows what players do as fast as they can.

mod bare;
mod chain;
mod confirmed;
mod report;
mod stage;
mod visible;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use lottery_demo::services::{self, Service};
use lottery_localnet::{ClusterChoice, Localnet, Options};
use sqlx::PgPool;

use crate::{database::Database, usage::Usage};
use bare::Bare;
use chain::Names;
use confirmed::Confirmed;
use report::Measured;
pub use report::{Report, Way};
use stage::{Sent, Stage};
use visible::{Table, Visible};

/// Between two questions whether all is there.
const LOOKS: Duration = Duration::from_millis(50);

/// How long the indexer may take to know the chain as it is before the first join.
const START: Duration = Duration::from_secs(60);

/// What is done.
#[derive(Clone, Debug)]
pub struct Load {
    pub cluster: ClusterChoice,
    /// Milliseconds per slot.
    pub slot_ms: u64,
    pub joins: usize,
    pub players: usize,
    pub houses: usize,
    /// Of each house.
    pub games: usize,
    /// Whether nothing runs beside the indexer.
    pub is_alone: bool,
    pub indexer_flags: Vec<String>,
    /// How long the tables may take to be complete after the last join.
    pub patience: Duration,
}

/// Sets the stage, lets players join under an indexer's eyes, and reports.
///
/// # Errors
/// Where something cannot be started, or ends early.
pub async fn run(load: &Load) -> Result<Report> {
    let database = Database::create("joins").await?;
    let measured = on_cluster(load, &database).await;
    database.drop_now().await?;
    measured
}

async fn on_cluster(load: &Load, database: &Database) -> Result<Report> {
    let localnet = Localnet::start(Options {
        cluster: load.cluster.clone(),
        slot_ms: load.slot_ms,
        ..Options::default()
    })
    .await?;
    let measured = measure(load, &localnet, database).await;
    localnet.shutdown().await;
    measured
}

async fn measure(load: &Load, localnet: &Localnet, database: &Database) -> Result<Report> {
    tracing::info!("houses, games and {} players", load.players);
    let stage = Stage::set(load, localnet).await?;
    let folder = tempfile::tempdir()?;
    let flags: Vec<&str> = load.indexer_flags.iter().map(String::as_str).collect();
    let url = database.scratch.url();
    let log = folder.path().join("indexer.log");
    let (mut indexer, ..) = services::start_indexer_with(localnet, Some(&url), log, &flags).await?;
    wait_until_current(&mut indexer, &database.pool).await?;

    let rpc = localnet.rpc_client();
    let confirmed = Confirmed::watch(localnet).await?;
    let bare = match load.is_alone {
        true => None,
        false => Some(Bare::start(localnet, &database.pool).await?),
    };
    let entries = Visible::watch(&database.pool, Table::Entries).await?;
    let transactions = Visible::watch(&database.pool, Table::Transactions).await?;
    let (before, last_slot) = (usage(&indexer)?, rpc.get_slot().await?);
    tracing::info!("{} joins", load.joins);
    let sent = stage.join(load).await;
    tracing::info!("{} landed in {:.1} s", sent.landed, sent.took.as_secs_f64());

    let (chain, end) = (Names::of_chain(&rpc).await?, rpc.get_slot().await?);
    let deadline = Instant::now() + load.patience;
    let is_there =
        || entries.has(chain.entries.iter()) && transactions.has(chain.transactions.iter());
    while !is_there() && Instant::now() < deadline {
        indexer.check()?;
        tokio::time::sleep(LOOKS).await;
    }
    let used = usage(&indexer)?;
    let tables = Names::of_tables(&database.pool).await?;
    // A busy node tells of what it confirmed much later.
    let is_told = || {
        let has_all = |bare: &Bare| bare.has_entries(&chain.entries);
        confirmed.at(end).is_some() && bare.as_ref().is_none_or(has_all)
    };
    while !is_told() && Instant::now() < deadline {
        tokio::time::sleep(LOOKS).await;
    }
    tracing::info!("lottery-indexer verify");
    let verified = services::verify_database(localnet, Some(&url)).await;
    indexer.stop().await.context("draining the indexer")?;
    Ok(Report::new(
        load,
        localnet.kind(),
        &confirmed,
        Measured {
            sent,
            last_slot,
            entries: entries.finish(),
            transactions: transactions.finish(),
            bare: bare.map(Bare::finish),
            chain,
            tables,
            cpu_ms: used.cpu_ms.saturating_sub(before.cpu_ms),
            peak_kib: used.peak_kib,
            verified,
        },
    ))
}

fn usage(indexer: &Service) -> Result<Usage> {
    let usage = indexer.id().and_then(Usage::of);
    usage.context("the kernel does not tell what the indexer uses")
}

/// Until the indexer has read the accounts and the ledger once.
async fn wait_until_current(indexer: &mut Service, pool: &PgPool) -> Result<()> {
    let deadline = Instant::now() + START;
    loop {
        indexer.check()?;
        let is_current: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM watermark WHERE snapshot_slot IS NOT NULL)
                AND EXISTS (SELECT FROM ledger_cursor)",
        )
        .fetch_one(pool)
        .await?;
        if is_current {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "not current:\n{}",
            indexer.tail()
        );
        tokio::time::sleep(LOOKS).await;
    }
}
