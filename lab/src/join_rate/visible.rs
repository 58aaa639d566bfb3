//! When each row came to be seen by another connection.
//!
//! Looks follow one another. The longer they take the longer are the pauses between them,
//! so that what is measured has most of the machine; but no longer than is told well.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use anyhow::Result;
use sqlx::{PgConnection, PgPool};
use tokio::task::JoinHandle;

use crate::lock::lock;

/// Least and longest pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How much longer than a look the pause after it is, within these.
const PAUSES_A_LOOK: u32 = 9;

/// A row, as first seen.
#[derive(Clone, Copy, Debug)]
pub struct Sighting {
    /// That it came with.
    pub slot: u64,
    pub at: SystemTime,
}

/// What was seen, by address or signature.
#[derive(Debug, Default)]
pub struct Seen {
    pub rows: HashMap<String, Sighting>,
    /// From the end of each look to the end of the next: how late a row may be seen.
    pub gaps: Vec<Duration>,
}

/// A table under watch, until dropped.
pub struct Visible {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// How new rows of a table are found.
#[derive(Clone, Copy, Debug)]
pub enum Table {
    Entries,
    Transactions,
}

impl Visible {
    pub async fn watch(pool: &PgPool, table: Table) -> Result<Self> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let connection = pool.acquire().await?.detach();
        let task = tokio::spawn({
            let seen = seen.clone();
            async move {
                if let Err(error) = follow(connection, table, &seen).await {
                    tracing::error!(?table, "cannot be watched any more: {error:#}");
                }
            }
        });
        Ok(Self { seen, task })
    }

    /// Whether rows of all these names were seen.
    pub fn has<'a>(&self, mut names: impl Iterator<Item = &'a String>) -> bool {
        let seen = lock(&self.seen);
        names.all(|name| seen.rows.contains_key(name))
    }

    pub fn finish(self) -> Seen {
        self.task.abort();
        std::mem::take(&mut *lock(&self.seen))
    }
}

async fn follow(mut connection: PgConnection, table: Table, seen: &Mutex<Seen>) -> Result<()> {
    let (mut cursor, mut ended) = (0, Instant::now());
    loop {
        let began = Instant::now();
        let (next, rows) = table.look(&mut connection, cursor).await?;
        cursor = next;
        let (at, before) = (SystemTime::now(), ended);
        ended = Instant::now();
        {
            let mut seen = lock(seen);
            seen.gaps.push(ended.duration_since(before));
            for (name, slot) in rows {
                let slot = u64::try_from(slot)?;
                let sighting = Sighting { slot, at };
                seen.rows.entry(name).or_insert(sighting);
            }
        }
        let pause = began.elapsed() * PAUSES_A_LOOK;
        tokio::time::sleep(pause.clamp(PAUSE, LONGEST_PAUSE)).await;
    }
}

impl Table {
    /// Rows that came since `cursor`, some of them perhaps once more, and the next cursor.
    async fn look(
        self,
        connection: &mut PgConnection,
        cursor: i64,
    ) -> Result<(i64, Vec<(String, i64)>)> {
        match self {
            // Rows are numbered as the one writer writes them.
            Self::Transactions => {
                let rows: Vec<(i64, String, i64)> = sqlx::query_as(
                    "SELECT id, signature, slot::int8 FROM transactions WHERE id > $1 ORDER BY id",
                )
                .bind(cursor)
                .fetch_all(connection)
                .await?;
                let last = rows.last().map_or(cursor, |(id, ..)| *id);
                let rows = rows.into_iter().map(|(_, name, slot)| (name, slot));
                Ok((last, rows.collect()))
            }
            // What was written by transactions that were under way at the last look, or
            // have begun since.
            Self::Entries => {
                let next: i64 = sqlx::query_scalar(
                    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::int8 % 4294967296",
                )
                .fetch_one(&mut *connection)
                .await?;
                let rows = sqlx::query_as(
                    "SELECT address, first_slot::int8 FROM entries
                     WHERE $1 = 0 OR age(xmin) <= age($1::text::xid)",
                )
                .bind(cursor)
                .fetch_all(connection)
                .await?;
                Ok((next, rows))
            }
        }
    }
}
