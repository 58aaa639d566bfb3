//! A database per test, and a chain in memory to fill it from.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod chain;
pub mod ending;
pub mod ledger;
pub mod node;
pub mod played;
pub mod timeline;

use std::{sync::Arc, time::Duration};

use lottery_indexer::{
    error::{IngestError, LedgerError},
    ingest::{Ingest, Wiring},
    ledger::{Chunk, Ledger},
    source::{AccountUpdate, Chain, Event, SlotStatus, Snapshot},
    store,
};
use lottery_scratch::ScratchDatabase;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use sqlx::PgPool;
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// A database of its own, with the schema in it; dropped with this value.
pub struct TestDatabase {
    pub pool: PgPool,
    scratch: ScratchDatabase,
}

impl TestDatabase {
    pub async fn empty() -> Self {
        let scratch = ScratchDatabase::create("test").await.unwrap();
        Self {
            pool: store::pool(scratch.options(), 5),
            scratch,
        }
    }

    pub async fn migrated() -> Self {
        let database = Self::empty().await;
        store::migrate(&database.pool).await.unwrap();
        sqlx::query(
            "INSERT INTO watermark (genesis_hash, program, commitment)
             VALUES ('test', $1, 'confirmed')",
        )
        .bind(lottery::ID.to_string())
        .execute(&database.pool)
        .await
        .unwrap();
        database
    }

    /// The writer that a running indexer has, which asks this node what forks took back.
    pub async fn writer(&self, rpc: Arc<RpcClient>) -> Writing {
        let (events, receiver) = mpsc::channel(16);
        let (chunks, history) = mpsc::channel(2);
        let again = Arc::new(Notify::new());
        let mut ingest = Ingest::new(
            self.pool.connect_options().as_ref().clone(),
            Wiring {
                chain: Arc::new(Chain::new(rpc, CommitmentConfig::confirmed())),
                changed: Arc::new(Notify::new()),
                again: Arc::clone(&again),
                commitment: SlotStatus::Processed,
                stop: CancellationToken::new(),
            },
        );
        ingest.lead().await.unwrap();
        let task = tokio::spawn(ingest.run(receiver, history));
        Writing {
            events,
            chunks,
            again,
            task,
        }
    }

    /// Writes events as the running indexer does, and waits until they are in.
    pub async fn ingest(&self, events: Vec<Event>) {
        let writing = self.writer(nobody()).await;
        for event in events {
            writing.events.send(event).await.unwrap();
        }
        writing.end().await;
    }

    /// Has the ledger read what a node has; `false` where it has to come again.
    pub async fn read_ledger(
        &self,
        rpc: &Arc<RpcClient>,
        give_up: bool,
    ) -> Result<bool, LedgerError> {
        let writing = self.writer(nobody()).await;
        let ledger = Ledger::new(
            Arc::clone(rpc),
            self.pool.clone(),
            writing.chunks.clone(),
            CommitmentConfig::confirmed(),
            Duration::from_millis(1),
        );
        let mut read = ledger.catch_up(None).await;
        if give_up && let Ok(Some(missing)) = read {
            read = ledger.catch_up(Some(missing)).await;
        }
        drop(ledger);
        writing.end().await;
        read.map(|missing| missing.is_none())
    }

    pub async fn update(&self, update: AccountUpdate) {
        self.ingest(vec![Event::Account(update)]).await;
    }

    pub async fn snapshot(&self, slot: i64, accounts: Vec<AccountUpdate>) {
        self.ingest(snapshot(Snapshot { slot, accounts })).await;
    }

    /// A single value.
    pub async fn value<T>(&self, sql: &'static str) -> T
    where
        T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// Runs a statement that must change exactly one row.
    pub async fn tamper(&self, sql: &'static str) {
        let done = sqlx::query(sql).execute(&self.pool).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{sql}");
    }
}

/// A writer at work.
pub struct Writing {
    pub events: mpsc::Sender<Event>,
    pub chunks: mpsc::Sender<Chunk>,
    pub again: Arc<Notify>,
    task: JoinHandle<Result<(), IngestError>>,
}

impl Writing {
    /// Waits until everything is in.
    pub async fn end(self) {
        drop((self.events, self.chunks));
        self.task.await.unwrap().unwrap();
    }
}

/// A node that nobody should ask.
fn nobody() -> Arc<RpcClient> {
    Arc::new(RpcClient::new("http://127.0.0.1:1".to_owned()))
}

/// How a source delivers a snapshot.
pub fn snapshot(snapshot: Snapshot) -> Vec<Event> {
    let slot = snapshot.slot;
    vec![Event::Part(snapshot.accounts), Event::Complete { slot }]
}

/// Serves the API on a socket of the system's choice; the address.
pub async fn serve(pool: PgPool) -> String {
    serve_router(lottery_indexer::api::router(pool)).await
}

pub async fn serve_router(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

/// Numbers that are the same in every run: splitmix64.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}
