//! The writer of the tables: the only one. Takes what has arrived, writes it in one
//! transaction together with the watermark, and goes on. While a batch is being
//! written the next one gathers, so batches grow with the load and a lone change is
//! not held up.

mod forks;
mod history;
mod persist;
mod restore;
mod write;

use std::{sync::Arc, time::Duration};

use sqlx::postgres::PgConnectOptions;
use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    error::{IngestError, redact},
    ledger::Chunk,
    source::{AccountUpdate, Chain, Event, SlotStatus, SlotUpdate},
    store::{
        present, watermark,
        writer::{Writer, WriterError},
    },
    telemetry,
};
use forks::{Forks, Settled};
pub use history::{Added, store_history};
use persist::{Attempts, persist};
use write::{Gathered, Progress, Written};

/// Events that wait for the writer before the source has to.
pub const CHANNEL_CAPACITY: usize = 4_096;

/// Chunks of the ledger that wait.
pub const CHUNK_CAPACITY: usize = 2;

/// Most events taken at once.
const BATCH_EVENTS: usize = 2_048;

/// Most rows of a snapshot in one transaction.
const SNAPSHOT_ROWS: usize = 20_000;

/// A snapshot under way.
#[derive(Clone, Copy)]
struct Under {
    /// The writer's connection that knows which accounts it showed; 0 when that was lost.
    generation: u64,
    begun: Instant,
    accounts: usize,
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
}

impl Ingest {
    pub fn new(options: PgConnectOptions, wiring: Wiring) -> Self {
        Self {
            writer: Writer::new(options),
            wiring,
            forks: Forks::default(),
            snapshot: None,
            snapshots: Vec::new(),
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
        Ok(())
    }

    /// Writes until the sources are done and everything they delivered is stored.
    ///
    /// # Errors
    /// When the database refuses for a reason that trying again cannot cure, or
    /// does not come back while stopping.
    pub async fn run(
        mut self,
        mut events: mpsc::Receiver<Event>,
        mut chunks: mpsc::Receiver<Chunk>,
    ) -> Result<(), IngestError> {
        let mut gathered = Vec::with_capacity(BATCH_EVENTS);
        let (mut live, mut history) = (true, true);
        while live || history {
            tokio::select! {
                count = events.recv_many(&mut gathered, BATCH_EVENTS), if live => {
                    live = count > 0;
                    telemetry::queue(events.len());
                    self.take(&mut gathered).await?;
                }
                chunk = chunks.recv(), if history => match chunk {
                    Some(chunk) => self.chunk(chunk).await?,
                    None => history = false,
                }
            }
        }
        self.writer.close().await;
        Ok(())
    }

    /// Writes what has arrived, in its order.
    async fn take(&mut self, events: &mut Vec<Event>) -> Result<(), IngestError> {
        let mut gathered = Gathered::default();
        for event in std::mem::take(events) {
            match event {
                Event::Account(update) => gathered.accounts.push(update),
                Event::Transaction(transaction) => gathered.transactions.push(*transaction),
                Event::Undecodable(letter) => gathered.letters.push(letter),
                Event::Progress { applied, chain } => {
                    gathered.progress = Some(Progress { applied, chain });
                }
                Event::Slot(update) => {
                    self.write(std::mem::take(&mut gathered)).await?;
                    self.slot(update).await?;
                }
                Event::Part(accounts) => {
                    self.write(std::mem::take(&mut gathered)).await?;
                    self.part(accounts).await?;
                }
                Event::Complete { slot } => {
                    self.write(std::mem::take(&mut gathered)).await?;
                    self.complete(slot).await?;
                }
                // The ledger lists what there is by itself.
                Event::Gap { from, to } => tracing::warn!(from, to, "the stream left slots out"),
                Event::Trouble(trouble) => {
                    let trouble = redact(&trouble);
                    self.note(&trouble).await;
                }
            }
        }
        self.write(gathered).await
    }

    /// Writes what was gathered, each once, however often the database fails meanwhile.
    async fn write(&mut self, gathered: Gathered) -> Result<(), IngestError> {
        if gathered.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let written = persist!(self, connection => write::store(connection, &gathered))?;
        self.written(&gathered.accounts, written, begun.elapsed());
        Ok(())
    }

    /// Remembers what may yet be dropped, and tells who waits for changes.
    fn written(&mut self, accounts: &[AccountUpdate], written: Written, took: Duration) {
        for update in accounts {
            self.forks.touch(update.slot, Some(update.address));
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

    async fn chunk(&mut self, chunk: Chunk) -> Result<(), IngestError> {
        let gathered = Gathered {
            transactions: chunk.transactions,
            letters: chunk.letters,
            cursor: chunk.cursor,
            ..Gathered::default()
        };
        self.write(gathered).await?;
        // Who no longer waits need not be told.
        let _ = chunk.done.send(());
        Ok(())
    }

    /// The snapshot under way, or a new one.
    async fn under(&mut self) -> Result<Under, IngestError> {
        if let Some(under) = self.snapshot {
            return Ok(under);
        }
        persist!(self, connection => present::begin(connection))?;
        Ok(*self.snapshot.insert(Under {
            generation: self.writer.generation(),
            begun: Instant::now(),
            accounts: 0,
        }))
    }

    async fn part(&mut self, accounts: Vec<AccountUpdate>) -> Result<(), IngestError> {
        let mut under = self.under().await?;
        under.accounts = under.accounts.saturating_add(accounts.len());
        for part in accounts.chunks(SNAPSHOT_ROWS) {
            let begun = Instant::now();
            let written = persist!(self, connection => write::store_part(connection, part))?;
            if under.generation != self.writer.generation() {
                // What the lost connection knew of the snapshot is lost with it.
                under.generation = 0;
            }
            self.written(&[], written, begun.elapsed());
        }
        self.snapshot = Some(under);
        Ok(())
    }

    async fn complete(&mut self, slot: i64) -> Result<(), IngestError> {
        let under = self.under().await?;
        self.snapshot = None;
        let is_whole = under.generation == self.writer.generation();
        let closed = if is_whole {
            persist!(self, connection => write::finish_snapshot(connection, slot))?
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

    /// Takes back what a slot's fate drops.
    async fn slot(&mut self, update: SlotUpdate) -> Result<(), IngestError> {
        let mut settled = self.forks.note(update);
        if update.status <= self.wiring.commitment {
            settled = Settled::default();
        }
        if !settled.unsure.is_empty() {
            let Some(asked) = restore::ask(&self.wiring, &settled.unsure, update).await else {
                return Ok(());
            };
            settled.dropped.extend(asked);
        }
        if !settled.dropped.is_empty() && !self.restore(update, &settled.dropped).await? {
            return Ok(());
        }
        let before = self.forks.settled();
        self.forks.done(update, &settled.dropped);
        let (confirmed, finalized) = self.forks.settled();
        if (confirmed, finalized) != before {
            persist!(self, connection => watermark::settled(connection, confirmed, finalized))?;
            self.snapshots.retain(|slot| Some(*slot) > finalized);
        }
        Ok(())
    }

    /// `false` when the indexer stops before it is done.
    async fn restore(&mut self, update: SlotUpdate, dropped: &[i64]) -> Result<bool, IngestError> {
        tracing::warn!(
            ?dropped,
            "a fork dropped slots; taking back what they brought"
        );
        let accounts: Vec<_> = self.forks.accounts(dropped).into_iter().collect();
        let Some(read) = restore::read(&self.wiring, &accounts, update.slot).await else {
            // What is left is found at the next start.
            return Ok(false);
        };
        let restored = persist!(self, connection => restore::restore(connection, dropped, &read))?;
        tracing::info!(?dropped, ?restored, "taken back");
        telemetry::slots_dropped(u64::try_from(dropped.len()).unwrap_or(u64::MAX));
        for (table, rows) in &restored.rows {
            telemetry::rows_reverted(table, *rows);
        }
        if self.snapshots.iter().any(|slot| dropped.contains(slot)) {
            self.wiring.again.notify_one();
        }
        self.wiring.changed.notify_one();
        Ok(true)
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
