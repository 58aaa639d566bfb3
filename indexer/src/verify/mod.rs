//! Holds the tables against the chain, and recomputes every draw.
//!
//! Chain and tables move while this looks. So a difference counts only when it
//! is there, unchanged and in a row that was not written meanwhile, in two looks
//! between which the indexer has itself taken a newer snapshot than the one that
//! showed it. All agrees once whatever differed at first was seen to agree.

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
        derived,
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
    // A look after the indexer knows all that the last one saw: closed accounts are found
    // by snapshots alone, and what accounts no longer tell is in the transactions.
    let look_behind = async |last: &Report| -> Result<Report, VerifyError> {
        match wait_for(pool, last.slot, deadline, |mark| mark.snapshot_slot).await {
            Ok(()) | Err(VerifyError::Behind { .. }) => {}
            Err(error) => return Err(error),
        }
        match wait_for_ledger(pool, rpc, commitment, deadline).await {
            Ok(()) | Err(VerifyError::Behind { .. }) => {}
            Err(error) => return Err(error),
        }
        let known = known(pool).await?.max(last.slot);
        wait_for_derived(pool, known, deadline).await?;
        look().await
    };
    let mut last = look().await?;
    // What has differed in every look so far. Who is here no more has agreed once.
    let mut doubts: HashSet<Place> = places(&last);
    let mut is_behind = true;
    while !doubts.is_empty() {
        sleep(SETTLE).await;
        let mut next = match is_behind {
            true => look_behind(&last).await?,
            false => look().await?,
        };
        let stayed = stayed(&last, &next);
        if is_behind && !stayed.is_empty() {
            next.differences = stayed;
            return Ok(next);
        }
        let differing = places(&next);
        doubts.retain(|place| differing.contains(place));
        if !doubts.is_empty() && Instant::now() >= deadline {
            return Err(VerifyError::Moving(Box::new(next)));
        }
        // They may be newer than the indexer's last snapshot.
        is_behind = !stayed.is_empty();
        last = next;
    }
    last.differences.clear();
    Ok(last)
}

/// A field of an account, or what else is compared: kind, address, field.
type Place = (&'static str, String, String);

/// Where something differed.
fn places(report: &Report) -> HashSet<Place> {
    let differences = report.differences.iter();
    differences
        .map(|it| (it.kind, it.address.clone(), it.field.clone()))
        .collect()
}

/// The differences that both looks saw.
fn stayed(before: &Report, after: &Report) -> Vec<Difference> {
    let before: HashSet<&Difference> = before.differences.iter().collect();
    let after = after.differences.iter();
    after
        .filter(|difference| before.contains(difference))
        .cloned()
        .collect()
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

/// The newest slot that the tables know anything of: the ledger may be ahead of the accounts.
async fn known(pool: &PgPool) -> Result<i64, sqlx::Error> {
    let mark = watermark::read(pool).await?;
    let applied = mark.and_then(|mark| mark.applied_slot);
    let ledger = transactions::cursor(pool).await?.map(|cursor| cursor.slot);
    Ok(applied.max(ledger).unwrap_or_default())
}

/// Waits, up to the deadline, until nothing that the tables had at `slot` waits to be
/// completed: what stays is a difference.
async fn wait_for_derived(pool: &PgPool, slot: i64, deadline: Instant) -> Result<(), VerifyError> {
    while derived::is_due(pool, slot).await? && Instant::now() < deadline {
        sleep(POLL).await;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn report(written: i64, found: &str) -> Report {
        let mut report = Report {
            slot: 9,
            checked: Checked::default(),
            differences: Vec::new(),
        };
        report.note(("lanes", "address"), "state", "1", found);
        report.date(0, (written, 0));
        report
    }

    /// As of a lane that is busy, and drawing again by the next look.
    #[test]
    fn what_differs_in_the_same_way_in_a_row_that_was_written_meanwhile_has_not_stayed() {
        let first = report(7, "0");
        assert_eq!(stayed(&first, &report(7, "0")), first.differences);
        assert!(stayed(&first, &report(8, "0")).is_empty());
        assert!(stayed(&first, &report(7, "2")).is_empty());
    }
}
