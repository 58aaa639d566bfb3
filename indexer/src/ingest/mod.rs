//! The writer of the accounts' tables: the only one. Takes what has arrived,
//! writes it in one transaction together with the watermark, and goes on. While
//! a batch is being written the next one gathers, so batches grow with the load
//! and a lone change is not held up.

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use sqlx::PgPool;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    error::IngestError,
    source::{AccountUpdate, Event, Snapshot},
    store::{
        self,
        batch::{Batch, TABLES, Written, letter},
        dead_letters, table, watermark,
    },
};

/// Events that wait for the writer before the source has to.
pub const CHANNEL_CAPACITY: usize = 4_096;

/// Most events taken at once.
const BATCH_EVENTS: usize = 2_048;

/// Most rows of a snapshot in one transaction.
const SNAPSHOT_ROWS: usize = 2_000;

/// After a stop, a database that does not answer is waited for this long.
const DRAIN: Duration = Duration::from_secs(10);

/// Writes what a source delivers.
pub struct Ingest {
    pool: PgPool,
    /// Told after every change.
    changed: Arc<Notify>,
    stop: CancellationToken,
}

/// How far the stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Progress {
    applied: i64,
    chain: i64,
}

impl Ingest {
    pub fn new(pool: PgPool, changed: Arc<Notify>, stop: CancellationToken) -> Self {
        Self {
            pool,
            changed,
            stop,
        }
    }

    /// Writes until the source is done and everything it delivered is stored.
    ///
    /// # Errors
    /// When the database refuses for a reason that trying again cannot cure, or
    /// does not come back while stopping.
    pub async fn run(self, mut events: mpsc::Receiver<Event>) -> Result<(), IngestError> {
        let mut gathered = Vec::with_capacity(BATCH_EVENTS);
        while events.recv_many(&mut gathered, BATCH_EVENTS).await > 0 {
            let mut updates = Vec::new();
            let mut progress = None;
            for event in gathered.drain(..) {
                match event {
                    Event::Update(update) => updates.push(update),
                    Event::Progress { applied, chain } => {
                        progress = Some(Progress { applied, chain });
                    }
                    Event::Snapshot(snapshot) => {
                        self.write(std::mem::take(&mut updates), progress.take())
                            .await?;
                        self.snapshot(snapshot).await?;
                    }
                    Event::Trouble(trouble) => self.note(&trouble).await,
                }
            }
            self.write(updates, progress).await?;
        }
        Ok(())
    }

    /// Writes updates, each once, however often the database fails meanwhile.
    async fn write(
        &self,
        updates: Vec<AccountUpdate>,
        progress: Option<Progress>,
    ) -> Result<(), IngestError> {
        if updates.is_empty() && progress.is_none() {
            return Ok(());
        }
        let written = self
            .persist(|| store_updates(&self.pool, &updates, progress))
            .await?;
        self.report(written);
        Ok(())
    }

    async fn snapshot(&self, snapshot: Snapshot) -> Result<(), IngestError> {
        let Snapshot { slot, accounts } = snapshot;
        let present: Vec<String> = accounts.iter().map(|a| a.address.to_string()).collect();
        for part in accounts.chunks(SNAPSHOT_ROWS) {
            let written = self
                .persist(|| store_updates(&self.pool, part, None))
                .await?;
            self.report(written);
        }
        let closed = self
            .persist(|| finish_snapshot(&self.pool, slot, &present))
            .await?;
        // Even one that changed nothing: the deriver may have waited for it.
        self.changed.notify_one();
        tracing::debug!(slot, accounts = accounts.len(), closed, "snapshot applied");
        Ok(())
    }

    fn report(&self, written: Written) {
        if written.letters > 0 {
            tracing::warn!(count = written.letters, "undecodable accounts set aside");
        }
        if written.rows > 0 {
            tracing::debug!(rows = written.rows, "accounts written");
            self.changed.notify_one();
        }
    }

    async fn note(&self, trouble: &str) {
        if let Err(error) = watermark::note_error(&self.pool, trouble).await {
            tracing::debug!(%error, "could not note an error in the database");
        }
    }

    /// Tries until it works or cannot: nothing delivered is ever dropped, and
    /// while this waits, the full channel makes the source wait too.
    async fn persist<T, F>(&self, mut work: impl FnMut() -> F) -> Result<T, IngestError>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(50))
            .with_max_delay(Duration::from_secs(3))
            .with_jitter()
            .without_max_times()
            .build();
        let mut deadline = None;
        loop {
            let error = match work().await {
                Ok(done) => return Ok(done),
                Err(error) if store::is_transient(&error) => error,
                Err(error) => return Err(IngestError::Database(error)),
            };
            if self.stop.is_cancelled() {
                let now = tokio::time::Instant::now();
                if now >= *deadline.get_or_insert(now + DRAIN) {
                    return Err(IngestError::Drain(error));
                }
            }
            let pause = waits.next().unwrap_or_default();
            tracing::warn!(%error, ?pause, "the database failed; trying again");
            tokio::time::sleep(pause).await;
        }
    }
}

/// Writes updates and progress in one transaction. If a row is refused for what
/// it holds, the batch is halved until the row stands alone and goes to the dead
/// letters, so that one bad account cannot stop the others.
async fn store_updates(
    pool: &PgPool,
    updates: &[AccountUpdate],
    progress: Option<Progress>,
) -> Result<Written, sqlx::Error> {
    let mut total = Written::default();
    let mut parts = vec![updates];
    while let Some(part) = parts.pop() {
        let progress = progress.filter(|_| parts.is_empty());
        match store_part(pool, part, progress).await {
            Ok(written) => {
                total.rows = total.rows.saturating_add(written.rows);
                total.letters = total.letters.saturating_add(written.letters);
            }
            Err(error) if !store::is_refused_row(&error) => return Err(error),
            Err(error) => match part {
                [] => return Err(error),
                [alone] => {
                    let mut connection = pool.acquire().await?;
                    let letter = letter(alone, &error.to_string());
                    dead_letters::insert(&mut connection, &letter).await?;
                    total.letters = total.letters.saturating_add(1);
                    if progress.is_some() {
                        parts.push(&[]);
                    }
                }
                several => {
                    // The later half goes under the earlier one: order is kept.
                    let (first, second) = several.split_at(several.len() / 2);
                    parts.push(second);
                    parts.push(first);
                }
            },
        }
    }
    Ok(total)
}

async fn store_part(
    pool: &PgPool,
    updates: &[AccountUpdate],
    progress: Option<Progress>,
) -> Result<Written, sqlx::Error> {
    let batch = Batch::decode(updates.iter().cloned());
    let mut transaction = pool.begin().await?;
    let written = batch.write(&mut transaction).await?;
    if let Some(Progress { applied, chain }) = progress {
        watermark::progress(&mut transaction, applied, chain).await?;
    }
    transaction.commit().await?;
    Ok(written)
}

async fn finish_snapshot(pool: &PgPool, slot: i64, present: &[String]) -> Result<u64, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let mut closed = 0u64;
    for name in TABLES {
        let gone = table::close_absent(&mut transaction, name, slot, present).await?;
        closed = closed.saturating_add(gone);
    }
    watermark::snapshot_done(&mut transaction, slot).await?;
    transaction.commit().await?;
    Ok(closed)
}
