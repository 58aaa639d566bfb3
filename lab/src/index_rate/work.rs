//! The indexer's writer at work, fed by hand.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use lottery_indexer::{
    error::IngestError,
    ingest::{CHANNEL_CAPACITY, CHUNK_CAPACITY, Ingest, Wiring},
    ledger::{CHUNK, Chunk},
    source::{AccountUpdate, Chain, Event, SlotStatus, SlotUpdate, TransactionUpdate},
    store::{self, watermark},
};
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::SNAPSHOT_SLOT;

/// The writer at work on a database.
pub(super) struct Work {
    pub events: mpsc::Sender<Event>,
    chunks: mpsc::Sender<Chunk>,
    task: JoinHandle<Result<(), IngestError>>,
    pool: PgPool,
    marks: i64,
}

impl Work {
    pub async fn begin(options: &PgConnectOptions) -> Result<Self> {
        let pool = store::pool(options.clone(), 10);
        let (events, receiver) = mpsc::channel(CHANNEL_CAPACITY);
        let (chunks, history) = mpsc::channel(CHUNK_CAPACITY);
        // No fork drops anything here, so nobody is asked.
        let rpc = Arc::new(RpcClient::new("http://127.0.0.1:1".to_owned()));
        let mut ingest = Ingest::new(
            options.clone(),
            Wiring {
                chain: Arc::new(Chain::new(rpc, CommitmentConfig::finalized())),
                changed: Arc::new(Notify::new()),
                again: Arc::new(Notify::new()),
                commitment: SlotStatus::Finalized,
                stop: CancellationToken::new(),
            },
        );
        ingest.lead().await?;
        let task = tokio::spawn(ingest.run(receiver, history));
        // All that is made up is final; what is not would be watched for forks.
        let last = SlotUpdate {
            slot: SNAPSHOT_SLOT,
            parent: None,
            status: SlotStatus::Finalized,
        };
        events.send(Event::Slot(last)).await?;
        Ok(Self {
            events,
            chunks,
            task,
            pool,
            marks: SNAPSHOT_SLOT,
        })
    }

    /// Waits until everything sent is in the tables.
    pub async fn wait(&mut self) -> Result<()> {
        self.marks += 1;
        let mark = Event::Progress {
            applied: self.marks,
            chain: self.marks,
        };
        self.events.send(mark).await?;
        loop {
            let seen = watermark::read(&self.pool).await?;
            if seen.and_then(|seen| seen.applied_slot) >= Some(self.marks) {
                return Ok(());
            }
            if self.task.is_finished() {
                bail!("the writer ended before its time");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub async fn end(self) -> Result<()> {
        drop((self.events, self.chunks));
        self.task.await??;
        self.pool.close().await;
        Ok(())
    }

    /// Has accounts written; how long that took.
    pub async fn parts(&mut self, parts: Vec<Vec<AccountUpdate>>) -> Result<Duration> {
        let start = Instant::now();
        for part in parts {
            self.events.send(Event::Part(part)).await?;
        }
        self.wait().await?;
        Ok(start.elapsed())
    }

    /// Has transactions written; how long that took.
    pub async fn chunks(&mut self, transactions: Vec<TransactionUpdate>) -> Result<Duration> {
        let mut chunks = Vec::new();
        let mut rest = transactions.into_iter().peekable();
        while rest.peek().is_some() {
            chunks.push(rest.by_ref().take(CHUNK).collect::<Vec<_>>());
        }
        let start = Instant::now();
        let mut written = Vec::new();
        for transactions in chunks {
            let (done, told) = oneshot::channel();
            let chunk = Chunk {
                transactions,
                letters: Vec::new(),
                cursor: None,
                done,
            };
            self.chunks.send(chunk).await?;
            written.push(told);
        }
        for told in written {
            told.await.context("the writer ended before its time")?;
        }
        Ok(start.elapsed())
    }
}
