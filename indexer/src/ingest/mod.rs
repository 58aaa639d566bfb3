//! The writer of the tables: the only one. Takes what has arrived, writes it in one
//! transaction together with the watermark, and goes on. While a batch is being
//! written the next one gathers, so batches grow with the load and a lone change is
//! not held up.

mod forks;
mod history;
mod persist;
mod prepare;
mod restore;
mod slots;
mod write;

use std::{sync::Arc, time::Duration};

use sqlx::postgres::PgConnectOptions;
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    error::{IngestError, redact},
    ledger::Chunk,
    source::{AccountUpdate, Chain, Event, SlotStatus},
    store::{
        watermark,
        writer::{SILENCE, Writer, WriterError},
    },
    telemetry,
};
use forks::Forks;
pub use history::{Added, store_history};
use persist::{Attempts, persist};
use prepare::{Deaf, Prepared, Preparing, Step};
use slots::Settled;
use write::Written;

/// Events that wait for the writer before the source has to.
pub const CHANNEL_CAPACITY: usize = 4_096;

/// Chunks of the ledger that wait.
pub const CHUNK_CAPACITY: usize = 2;

/// Most events taken at once.
const BATCH_EVENTS: usize = 2_048;

/// How often the writer says that it is there while it has nothing to write.
const HEARTBEAT: Duration = Duration::from_secs(SILENCE.as_secs() / 4);

/// A snapshot under way.
#[derive(Clone, Copy)]
struct Under {
    /// The writer's connection that knows which accounts it showed; 0 when that was lost.
    generation: u64,
    begun: Instant,
    accounts: usize,
    /// Whether it is noted what it shows.
    is_noted: bool,
}

/// What ingests are told and tell.
pub struct Wiring {
    /// Asked for what forks took back.
    pub chain: Arc<Chain>,
    /// Told after every change.
    pub changed: Arc<Notify>,
    /// Told when a snapshot has to be taken again.
    pub again: Arc<Notify>,
    /// What every row is at least, by what sources are asked for.
    pub commitment: SlotStatus,
    pub stop: CancellationToken,
}

/// Writes what sources deliver.
pub struct Ingest {
    writer: Writer,
    wiring: Wiring,
    forks: Forks,
    /// The snapshot under way.
    snapshot: Option<Under>,
    /// The slots that snapshots were taken at, where they may yet be dropped.
    snapshots: Vec<i64>,
    /// Whether it was the one that writes.
    has_led: bool,
    /// The connection since which it knows what may yet be dropped.
    learned: u64,
}

impl Ingest {
    pub fn new(options: PgConnectOptions, wiring: Wiring) -> Self {
        Self {
            writer: Writer::new(options),
            wiring,
            forks: Forks::default(),
            snapshot: None,
            snapshots: Vec::new(),
            has_led: false,
            learned: 0,
        }
    }

    /// Waits until this is the one that writes, and finds out what may yet be dropped.
    ///
    /// # Errors
    /// When the database refuses for a reason that trying again cannot cure.
    pub async fn lead(&mut self) -> Result<(), IngestError> {
        let (confirmed, finalized, touched) =
            persist!(self, connection => restore::unsettled(connection))?;
        self.forks = Forks::starting_at(confirmed, finalized);
        for (slot, account) in touched {
            self.forks.touch(slot, account);
        }
        (self.has_led, self.learned) = (true, self.writer.generation());
        Ok(())
    }

    /// While the connection was lost another indexer may have written: what it left to be
    /// settled is this one's to watch.
    async fn relearn(&mut self) -> Result<(), IngestError> {
        if self.learned == self.writer.generation() {
            return Ok(());
        }
        let (.., touched) = persist!(self, connection => restore::unsettled(connection))?;
        for (slot, account) in touched {
            self.forks.touch(slot, account);
        }
        self.learned = self.writer.generation();
        Ok(())
    }

    /// Writes until the sources are done and everything they delivered is stored.
    ///
    /// # Errors
    /// When the database refuses for a reason that trying again cannot cure, or
    /// does not come back while stopping.
    pub async fn run(
        mut self,
        events: mpsc::Receiver<Event>,
        chunks: mpsc::Receiver<Chunk>,
    ) -> Result<(), IngestError> {
        let (sender, mut steps) = mpsc::channel(prepare::AHEAD);
        let preparing = tokio::spawn(prepare::run(events, chunks, sender));
        let mut result = Ok(());
        loop {
            let Ok(step) = timeout(HEARTBEAT, steps.recv()).await else {
                self.writer.beat().await;
                continue;
            };
            let Some(step) = step else { break };
            result = self.take(step).await;
            if result.is_err() {
                break;
            }
        }
        drop(steps);
        let ended = preparing.await;
        self.writer.close().await;
        result?;
        match ended {
            Ok(Ok(()) | Err(Deaf)) => Ok(()),
            Err(error) => Err(IngestError::Prepare(error)),
        }
    }

    /// Does a step, once, however often the database fails meanwhile.
    async fn take(&mut self, step: Step) -> Result<(), IngestError> {
        self.relearn().await?;
        match step {
            Step::Write(preparing) => self.write(preparing).await,
            Step::Chunk(preparing, done) => {
                self.write(preparing).await?;
                // Who no longer waits need not be told.
                let _ = done.send(());
                Ok(())
            }
            Step::Begin => {
                self.snapshot = None;
                Ok(())
            }
            Step::Part(preparing) => self.part(preparing).await,
            Step::Complete(slot) => self.complete(slot).await,
            Step::Trouble(trouble) => {
                self.note(&redact(&trouble)).await;
                Ok(())
            }
        }
    }

    async fn write(&mut self, preparing: Preparing) -> Result<(), IngestError> {
        let prepared = preparing.end().await.map_err(IngestError::Prepare)?;
        match self.foresee(&prepared.gathered) {
            Some(settled) => self.write_all(&prepared, settled).await,
            None => self.write_in_turn(prepared.gathered).await,
        }
    }

    /// Writes all of it in one transaction.
    async fn write_all(
        &mut self,
        prepared: &Prepared,
        settled: Settled,
    ) -> Result<(), IngestError> {
        let (gathered, begun) = (&prepared.gathered, Instant::now());
        if gathered.is_to_be_written() || settled.is_some() {
            let written =
                persist!(self, connection => write::store(connection, prepared, settled))?;
            self.written(&gathered.accounts, written, begun.elapsed());
        }
        for told in &gathered.slots {
            self.pass(told.update);
        }
        Ok(())
    }

    /// Remembers what may yet be dropped, and tells who waits for changes.
    fn written(&mut self, accounts: &[AccountUpdate], written: Written, took: Duration) {
        for update in accounts {
            self.forks.hear(update.slot, update.address);
        }
        for slot in &written.slots {
            self.forks.touch(*slot, None);
        }
        for (slot, account) in &written.touched {
            self.forks.touch(*slot, Some(*account));
        }
        if !written.letters.is_empty() {
            tracing::warn!(letters = ?written.letters, "what was not understood was set aside");
        }
        for letter in &written.letters {
            telemetry::dead_letter(*letter);
        }
        for (table, rows) in &written.rows {
            telemetry::rows_written(table, *rows);
        }
        telemetry::ledger_transactions(usize::try_from(written.transactions).unwrap_or(usize::MAX));
        let rows = written.all_rows();
        telemetry::batch(rows, took);
        if rows > 0 {
            tracing::debug!(rows, ?took, "written");
            self.wiring.changed.notify_one();
        }
    }

    /// The snapshot under way, or a new one.
    async fn under(&mut self) -> Result<Under, IngestError> {
        if let Some(under) = self.snapshot {
            return Ok(under);
        }
        let is_noted = persist!(self, connection => write::begin_snapshot(connection))?;
        Ok(*self.snapshot.insert(Under {
            is_noted,
            generation: self.writer.generation(),
            begun: Instant::now(),
            accounts: 0,
        }))
    }

    async fn part(&mut self, preparing: Preparing) -> Result<(), IngestError> {
        let prepared = preparing.end().await.map_err(IngestError::Prepare)?;
        let mut under = self.under().await?;
        let accounts = prepared.gathered.accounts.len();
        under.accounts = under.accounts.saturating_add(accounts);
        let begun = Instant::now();
        let written =
            persist!(self, connection => write::store_part(connection, &prepared, under.is_noted))?;
        if under.generation != self.writer.generation() {
            // What the lost connection knew of the snapshot is lost with it.
            under.generation = 0;
        }
        self.written(&[], written, begun.elapsed());
        self.snapshot = Some(under);
        Ok(())
    }

    async fn complete(&mut self, slot: i64) -> Result<(), IngestError> {
        let under = self.under().await?;
        self.snapshot = None;
        let is_noted = under.is_noted;
        let is_whole = !is_noted || under.generation == self.writer.generation();
        let closed = if is_whole {
            persist!(self, connection => write::finish_snapshot(connection, slot, is_noted))?
        } else {
            None
        };
        let Some(closed) = closed else {
            tracing::warn!(
                slot,
                "the database was lost during a snapshot; taking another"
            );
            self.wiring.again.notify_one();
            return Ok(());
        };
        tracing::debug!(slot, closed, accounts = under.accounts, "snapshot applied");
        telemetry::snapshot(under.accounts, under.begun.elapsed());
        self.forks.touch(slot, None);
        self.snapshots.push(slot);
        // Even one that changed nothing: the deriver may have waited for it.
        self.wiring.changed.notify_one();
        Ok(())
    }

    async fn note(&mut self, trouble: &str) {
        let noted = match self.writer.connection().await {
            Ok(connection) => watermark::note_error(connection, trouble).await,
            Err(_) => return,
        };
        if let Err(error) = noted {
            tracing::debug!(%error, "could not note an error in the database");
            self.writer.discard();
        }
    }
}
