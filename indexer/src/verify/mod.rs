//! Holds the tables against the chain, and recomputes every draw.
//!
//! Chain and tables move while this looks. So a difference counts only when it
//! is there, unchanged, in two looks in a row, the first of them after the
//! indexer has itself taken a newer snapshot than the one that showed it.

mod accounts;
mod games;
mod houses;
mod report;
mod settlement;
mod vaults;

use std::{collections::HashSet, time::Duration};

use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use games::Life;
pub use report::{Checked, Difference, Report};
pub use vaults::{Vault, Vaults};

use crate::{
    ledger::newest_transaction,
    source::{Snapshot, SourceError, take_snapshot},
    store::{
        games::GameBody,
        table, transactions,
        watermark::{self, Watermark},
    },
};

/// Between two looks at the watermark.
const POLL: Duration = Duration::from_millis(100);

/// Between two looks at everything: fates are computed shortly after a round.
const SETTLE: Duration = Duration::from_millis(500);

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("the chain: {0}")]
    Chain(#[from] SourceError),
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("no indexer has filled this database yet")]
    Empty,
    #[error("the indexer is at slot {indexed:?}, and did not reach slot {wanted} in time")]
    Behind { indexed: Option<i64>, wanted: i64 },
    #[error("chain and tables moved on with every look, and never agreed; the last look: {0}")]
    Moving(Box<Report>),
}

/// Compares until it agrees, or differences stay.
///
/// # Errors
/// When the chain or the database cannot be read, or the indexer does not catch
/// up within `deadline`.
pub async fn run(
    pool: &PgPool,
    rpc: &RpcClient,
    commitment: CommitmentConfig,
    deadline: Duration,
) -> Result<Report, VerifyError> {
    let deadline = Instant::now() + deadline;
    let look = async || -> Result<Report, VerifyError> {
        let snapshot = take_snapshot(rpc, commitment).await?;
        let vaults = vaults::fetch(rpc, commitment, &snapshot).await?;
        wait_for(pool, snapshot.slot, deadline, |mark| mark.applied_slot).await?;
        Ok(pass(pool, &snapshot, &vaults).await?)
    };
    let mut last = look().await?;
    if last.is_clean() {
        return Ok(last);
    }
    // Closed accounts are found by snapshots alone.
    match wait_for(pool, last.slot, deadline, |mark| mark.snapshot_slot).await {
        Ok(()) | Err(VerifyError::Behind { .. }) => {}
        Err(error) => return Err(error),
    }
    // What the accounts no longer tell is in the transactions.
    match wait_for_ledger(pool, rpc, commitment, deadline).await {
        Ok(()) | Err(VerifyError::Behind { .. }) => {}
        Err(error) => return Err(error),
    }
    last = look().await?;
    loop {
        if last.is_clean() {
            return Ok(last);
        }
        sleep(SETTLE).await;
        let mut next = look().await?;
        let before: HashSet<Difference> = last.differences.into_iter().collect();
        let stayed: Vec<Difference> = next
            .differences
            .iter()
            .filter(|difference| before.contains(difference))
            .cloned()
            .collect();
        if next.is_clean() {
            return Ok(next);
        }
        if !stayed.is_empty() {
            next.differences = stayed;
            return Ok(next);
        }
        if Instant::now() >= deadline {
            return Err(VerifyError::Moving(Box::new(next)));
        }
        last = next;
    }
}

/// Waits until the indexer is at `slot`.
async fn wait_for(
    pool: &PgPool,
    slot: i64,
    deadline: Instant,
    reached: impl Fn(&Watermark) -> Option<i64>,
) -> Result<(), VerifyError> {
    loop {
        let mark = watermark::read(pool).await?.ok_or(VerifyError::Empty)?;
        let indexed = reached(&mark);
        if indexed >= Some(slot) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(VerifyError::Behind {
                indexed,
                wanted: slot,
            });
        }
        sleep(POLL).await;
    }
}

/// Waits until the ledger has the transaction that is the newest now.
async fn wait_for_ledger(
    pool: &PgPool,
    rpc: &RpcClient,
    commitment: CommitmentConfig,
    deadline: Instant,
) -> Result<(), VerifyError> {
    let Some(wanted) = newest_transaction(rpc, commitment).await? else {
        return Ok(());
    };
    loop {
        let cursor = transactions::cursor(pool).await?;
        let indexed = cursor.map(|cursor| cursor.slot);
        if indexed >= Some(wanted) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(VerifyError::Behind { indexed, wanted });
        }
        sleep(POLL).await;
    }
}

/// Compares the tables, as they are at one moment, with a snapshot of the chain and the
/// vaults of its accounts.
///
/// # Errors
/// The database's.
pub async fn pass(
    pool: &PgPool,
    snapshot: &Snapshot,
    vaults: &Vaults,
) -> Result<Report, sqlx::Error> {
    let mut view = pool
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let mut report = Report {
        slot: snapshot.slot,
        checked: Checked::default(),
        differences: Vec::new(),
    };
    accounts::compare(&mut view, snapshot, vaults, &mut report).await?;
    let gone = games::gone(&mut view).await?;
    for game in table::all_rows::<GameBody>(&mut view).await? {
        let life = gone.get(&game.head.address).copied().unwrap_or(Life::Open);
        games::check(&mut view, &game, life, &mut report).await?;
    }
    houses::check(&mut view, &mut report).await?;
    view.rollback().await?;
    Ok(report)
}
