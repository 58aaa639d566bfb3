//! Asks the database from time to time how far the tables are and how the pools are, and
//! tells of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use lottery_service::text::scrub;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{Connections, Finality, Health, Mark, record};
use crate::{
    store::watermark::{self, Watermark},
    survey::{self, Schema},
};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(5);

/// What is looked at.
pub struct Watch {
    pub health: Arc<Health>,
    /// Of the writers, where there are any.
    pub writing: Option<PgPool>,
    /// Of the API, where it is served.
    pub reading: Option<PgPool>,
    /// How sure rows are when they are written.
    pub finality: Finality,
}

impl Watch {
    /// Looks until `stop`, and does not fail: what cannot be seen is told, too.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let turn = async {
                self.look().await;
                tokio::time::sleep(PAUSE).await;
            };
            tokio::select! {
                () = stop.cancelled() => break,
                () = turn => {}
            }
        }
        self.health.draining();
    }

    /// Looks once.
    pub async fn look(&self) {
        let pools = [
            (Connections::Writing, self.writing.as_ref()),
            (Connections::Reading, self.reading.as_ref()),
        ];
        let pools = pools
            .into_iter()
            .filter_map(|(which, pool)| Some((which, pool?)));
        let mut is_first = true;
        for (which, pool) in pools {
            record::connections(which, pool);
            // The first is of the database itself, if there is a replica beside it.
            let looked = match is_first {
                true => self.look_at(which, pool).await,
                false => wait_for(which, pool).await,
            };
            if let Err(error) = looked {
                record::statement_failed(&error);
                tracing::debug!(error = scrub(&error), "could not look at the database");
            }
            is_first = false;
        }
        if let Some(pool) = &self.reading {
            match survey::replica_lag(pool).await {
                Ok(behind) => record::replica_lag(behind.unwrap_or_default()),
                Err(error) => record::statement_failed(&error),
            }
        }
        self.health.turned();
    }

    async fn look_at(&self, which: Connections, pool: &PgPool) -> Result<(), sqlx::Error> {
        let result = self.ask(which, pool).await;
        record::database(result.is_ok());
        result
    }

    async fn ask(&self, which: Connections, pool: &PgPool) -> Result<(), sqlx::Error> {
        wait_for(which, pool).await?;
        let is_migrated = survey::schema(pool).await? == Schema::Current;
        self.health.answered(is_migrated);
        if !is_migrated {
            return Ok(());
        }
        record::dead_letters_waiting(survey::letters_waiting(pool).await?);
        let partitioned = survey::partitioned(pool).await?;
        let ends = partitioned.iter().filter_map(|table| table.until);
        if let Some(first) = ends.min_by(f64::total_cmp) {
            record::partitions_end(first);
        }
        if let Some(seen) = watermark::read(pool).await? {
            self.tell(&seen);
        }
        Ok(())
    }

    fn tell(&self, seen: &Watermark) {
        let age = |seconds: Option<f64>| {
            seconds.map(|it| Duration::try_from_secs_f64(it).unwrap_or_default())
        };
        self.health.seen(&Mark {
            applied: seen.applied_slot,
            chain: seen.chain_slot,
            chain_age: age(seen.chain_age),
            snapshot: seen.snapshot_slot,
        });
        if let (Some(chain), Some(applied)) = (seen.chain_slot, seen.applied_slot) {
            record::slots(chain, applied);
            let slots = chain.saturating_sub(applied).max(0);
            record::lag(self.finality, slots, age(seen.applied_age));
            for (finality, slot) in [
                (Finality::Confirmed, seen.confirmed_slot),
                (Finality::Finalized, seen.finalized_slot),
            ] {
                if let Some(slot) = slot.filter(|_| finality != self.finality) {
                    record::lag(finality, chain.saturating_sub(slot).max(0), None);
                }
            }
        }
    }
}

/// Gets a connection, and gives it back.
async fn wait_for(which: Connections, pool: &PgPool) -> Result<(), sqlx::Error> {
    let begun = Instant::now();
    drop(pool.acquire().await?);
    record::acquired(which, begun.elapsed());
    Ok(())
}
