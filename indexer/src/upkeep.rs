//! What the database needs beside its rows: partitions for the months to come, those
//! that are too old dropped, statistics computed anew.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    store::{
        partitions::{self, Month},
        statistics,
    },
    telemetry,
};

/// Between two looks at the partitions.
const PARTITIONS_INTERVAL: Duration = Duration::from_secs(3_600);

/// After a failure.
const RETRY: Duration = Duration::from_secs(30);

/// Nobody is kept waiting for longer by a partition that is made or dropped.
const LOCK_TIMEOUT: &str = "SET lock_timeout = '5s'";

/// What is kept, and how fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upkeep {
    /// Months that have partitions before they begin.
    pub months_ahead: u32,
    /// Whole months that events are kept; for ever where it is `None`.
    pub months_kept: Option<u32>,
    /// Between two refreshes of the statistics; never where it is `None`.
    pub statistics: Option<Duration>,
}

impl Upkeep {
    /// Looks after the database until `stop`.
    pub async fn run(self, pool: PgPool, stop: CancellationToken) {
        let mut partitions_due = Instant::now();
        let mut statistics_due = self.statistics.map(|_| Instant::now());
        loop {
            let next = statistics_due.map_or(partitions_due, |due| due.min(partitions_due));
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep_until(next) => {}
            }
            let now = Instant::now();
            if partitions_due <= now {
                let done = tokio::select! {
                    () = stop.cancelled() => return,
                    done = self.keep_partitions(&pool) => done,
                };
                partitions_due = now + pause(done, "the partitions", PARTITIONS_INTERVAL);
            }
            if let Some((due, interval)) = statistics_due.zip(self.statistics)
                && due <= now
            {
                let done = tokio::select! {
                    () = stop.cancelled() => return,
                    done = refresh(&pool) => done,
                };
                if done.is_err() {
                    telemetry::statistics_failed();
                }
                // From its end on: a database that takes long is not kept at it.
                statistics_due = Some(Instant::now() + pause(done, "the statistics", interval));
            }
        }
    }

    /// Makes and drops the partitions that are due.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_partitions(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        // A connection of its own: its settings are nobody else's.
        let mut connection = pool.acquire().await?.detach();
        sqlx::query(LOCK_TIMEOUT).execute(&mut connection).await?;
        let kept = partitions::keep(
            &mut connection,
            Month::now(),
            self.months_ahead,
            self.months_kept,
        )
        .await?;
        if kept != partitions::Kept::default() {
            let partitions::Kept { made, dropped } = kept;
            tracing::info!(made, dropped, "partitions of events");
        }
        Ok(())
    }
}

/// Computes all statistics anew.
///
/// # Errors
/// The database's.
pub async fn refresh(pool: &PgPool) -> Result<(), sqlx::Error> {
    let begun = Instant::now();
    let mut connection = pool.acquire().await?;
    for view in statistics::VIEWS {
        let took = statistics::refresh(&mut connection, view).await?;
        tracing::debug!(view, ?took, "statistics refreshed");
    }
    telemetry::statistics_refreshed(begun.elapsed());
    Ok(())
}

/// How long to wait after this.
fn pause(done: Result<(), sqlx::Error>, what: &str, interval: Duration) -> Duration {
    match done {
        Ok(()) => interval,
        Err(error) => {
            tracing::warn!(%error, "could not look after {what}; will try again");
            RETRY.min(interval)
        }
    }
}
