//! Tables that a source fills, in a database of their own.

use std::{collections::BTreeMap, sync::Arc};

use anchor_lang::Discriminator as _;
use bytemuck::Zeroable as _;
use lottery_client::lottery::{
    self,
    state::{LAYOUT_VERSION, Lane},
};
use lottery_indexer::{
    ingest::{CHUNK_CAPACITY, Ingest, Wiring},
    ledger::Chunk,
    source::{Chain, Event, SlotStatus},
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

use super::run::in_time;

/// A database of its own, which goes with this value.
pub struct Database {
    _scratch: ScratchDatabase,
    pub pool: PgPool,
}

impl Database {
    async fn create(name: &str) -> Self {
        let scratch = ScratchDatabase::create(&format!("source_{name}"))
            .await
            .unwrap();
        let pool = store::pool(scratch.options(), 3);
        store::migrate(&pool).await.unwrap();
        sqlx::query(
            "INSERT INTO watermark (genesis_hash, program, commitment)
             VALUES ('test', $1, 'processed')",
        )
        .bind(lottery::ID.to_string())
        .execute(&pool)
        .await
        .unwrap();
        Self {
            _scratch: scratch,
            pool,
        }
    }

    /// The next draws of lanes that are open.
    pub async fn lanes(&self) -> BTreeMap<String, i64> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT address::text, next_draw::int8 FROM lanes WHERE closed_at_slot IS NULL",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        rows.into_iter().collect()
    }

    pub async fn transactions(&self) -> BTreeMap<String, (i64, Option<i64>)> {
        let rows: Vec<(String, i64, Option<i64>)> =
            sqlx::query_as("SELECT signature, slot::int8, block_time FROM transactions")
                .fetch_all(&self.pool)
                .await
                .unwrap();
        let rows = rows.into_iter();
        rows.map(|(signature, slot, time)| (signature, (slot, time)))
            .collect()
    }

    pub async fn applied(&self) -> Option<i64> {
        let applied: (Option<i64>,) = sqlx::query_as("SELECT applied_slot::int8 FROM watermark")
            .fetch_one(&self.pool)
            .await
            .unwrap();
        applied.0
    }
}

/// The bytes of a lane's account.
pub fn lane(next_draw: u64) -> Vec<u8> {
    let mut lane = Lane::zeroed();
    lane.version = LAYOUT_VERSION;
    lane.next_draw = next_draw;
    [Lane::DISCRIMINATOR, bytemuck::bytes_of(&lane)].concat()
}

/// Writes what a source tells, until it is ended.
pub struct Tables {
    pub database: Database,
    pub stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    _chunks: mpsc::Sender<Chunk>,
}

impl Tables {
    /// Begins to write events; `rpc` is asked for what forks took back.
    pub async fn fill(
        name: &str,
        rpc: String,
        again: Arc<Notify>,
        commitment: SlotStatus,
        events: mpsc::Receiver<Event>,
    ) -> Self {
        let database = Database::create(name).await;
        let stop = CancellationToken::new();
        let client = Arc::new(RpcClient::new(rpc));
        let mut ingest = Ingest::new(
            database.pool.connect_options().as_ref().clone(),
            Wiring {
                chain: Arc::new(Chain::new(client, CommitmentConfig::confirmed())),
                changed: Arc::new(Notify::new()),
                again,
                commitment,
                stop: stop.clone(),
            },
        );
        ingest.lead().await.unwrap();
        let (chunks, history) = mpsc::channel(CHUNK_CAPACITY);
        let writing = async move { ingest.run(events, history).await.unwrap() };
        Self {
            database,
            stop,
            tasks: vec![tokio::spawn(writing)],
            _chunks: chunks,
        }
    }

    /// What ends when the tables are ended.
    pub fn beside(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.push(tokio::spawn(task));
    }

    pub async fn end(self) {
        self.stop.cancel();
        drop(self._chunks);
        for task in self.tasks {
            in_time(task).await.unwrap();
        }
    }
}
