//! What comes of it in the tables. (These need a Postgres: run them under pg_virtualenv.)

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
    source::{Chain, GeyserSource, SlotStatus, Source as _},
    store,
};
use lottery_lab::{
    Rule, ScriptedRpc,
    scripted_geyser::{ScriptedAccount, geyser::CommitmentLevel},
    scripted_rpc::Depths,
};
use solana_account::Account;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgPool, postgres::PgConnectOptions};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::stage::{Stage, address_of, in_time, number, signature_of, transaction};

/// A database of its own.
struct Database {
    server: PgConnectOptions,
    name: String,
    pool: PgPool,
}

impl Database {
    async fn create(name: &str) -> Self {
        let server = match std::env::var("DATABASE_URL") {
            Ok(url) => url.parse().unwrap(),
            Err(_) => PgConnectOptions::new(),
        };
        let name = format!("lottery_geyser_{}_{name}", std::process::id());
        let mut admin = server
            .connect()
            .await
            .expect("these tests need a Postgres: run them under pg_virtualenv");
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        admin.execute(create).await.unwrap();
        let pool = store::pool(server.clone().database(&name), 3);
        store::migrate(&pool).await.unwrap();
        sqlx::query(
            "INSERT INTO watermark (genesis_hash, program, commitment)
             VALUES ('test', $1, 'processed')",
        )
        .bind(lottery::ID.to_string())
        .execute(&pool)
        .await
        .unwrap();
        Self { server, name, pool }
    }

    /// The next draws of lanes that are open.
    async fn lanes(&self) -> BTreeMap<String, i64> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT address::text, next_draw::int8 FROM lanes WHERE closed_at_slot IS NULL",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        rows.into_iter().collect()
    }

    async fn transactions(&self) -> BTreeMap<String, (i64, Option<i64>)> {
        let rows: Vec<(String, i64, Option<i64>)> =
            sqlx::query_as("SELECT signature, slot::int8, block_time FROM transactions")
                .fetch_all(&self.pool)
                .await
                .unwrap();
        let rows = rows.into_iter();
        rows.map(|(signature, slot, time)| (signature, (slot, time)))
            .collect()
    }

    async fn applied(&self) -> Option<i64> {
        let applied: (Option<i64>,) = sqlx::query_as("SELECT applied_slot::int8 FROM watermark")
            .fetch_one(&self.pool)
            .await
            .unwrap();
        applied.0
    }

    async fn drop_now(self) {
        self.pool.close().await;
        let mut admin = self.server.connect().await.unwrap();
        let drop = AssertSqlSafe(format!("DROP DATABASE {} WITH (FORCE)", self.name));
        admin.execute(drop).await.unwrap();
    }
}

/// A stage whose source writes tables. The node of snapshots answers for accounts, too.
struct Written {
    stage: Stage,
    rpc: ScriptedRpc,
    database: Database,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    _chunks: mpsc::Sender<Chunk>,
}

fn lane(account: u64, next_draw: u64) -> ScriptedAccount {
    let mut lane = Lane::zeroed();
    lane.version = LAYOUT_VERSION;
    lane.next_draw = next_draw;
    ScriptedAccount {
        address: address_of(account),
        lamports: 1_000,
        owner: lottery::ID,
        data: [Lane::DISCRIMINATOR, bytemuck::bytes_of(&lane)].concat(),
    }
}

impl Written {
    async fn begin(name: &str) -> Self {
        let stage = Stage::set(CommitmentConfig::processed()).await;
        let rpc = ScriptedRpc::start(7).await.unwrap();
        rpc.ledger.set_depths(Depths {
            confirmed: 0,
            finalized: 0,
        });
        let database = Database::create(name).await;
        let stop = CancellationToken::new();
        let client = Arc::new(RpcClient::new(rpc.url()));
        let mut ingest = Ingest::new(
            database.pool.connect_options().as_ref().clone(),
            Wiring {
                chain: Arc::new(Chain::new(client, CommitmentConfig::confirmed())),
                changed: Arc::new(Notify::new()),
                again: Arc::clone(&stage.again),
                commitment: SlotStatus::Processed,
                stop: stop.clone(),
            },
        );
        ingest.lead().await.unwrap();
        let (events, receiver) = mpsc::channel(64);
        let (chunks, history) = mpsc::channel(CHUNK_CAPACITY);
        let source = GeyserSource::new(stage.config(), stage.node.clone());
        let tasks = vec![
            tokio::spawn(source.run(events, stop.clone())),
            tokio::spawn(async move { ingest.run(receiver, history).await.unwrap() }),
        ];
        stage.subscribed(1).await;
        Self {
            stage,
            rpc,
            database,
            stop,
            tasks,
            _chunks: chunks,
        }
    }

    /// Each slot changes one lane and opens another.
    fn play(&self, slots: u64) {
        for _ in 0..slots {
            let slot = self.stage.chain().open();
            self.fill(slot);
            self.stage.chain().seal(slot);
            self.rpc.ledger.advance(1);
        }
    }

    fn fill(&self, slot: u64) {
        self.stage.chain().put(slot, lane(0, slot));
        self.stage.chain().put(slot, lane(slot, slot));
        self.stage.chain().transact(slot, transaction(slot));
    }

    /// The chain's lanes at its newest block.
    fn expected(&self) -> BTreeMap<String, i64> {
        let slot = self.stage.chain().slot(CommitmentLevel::Processed);
        let accounts = self.stage.node.accounts(slot).into_iter();
        accounts
            .map(|account| {
                let at = Lane::DISCRIMINATOR.len();
                let lane: Lane = bytemuck::pod_read_unaligned(&account.data[at..]);
                (account.address.to_string(), number(lane.next_draw))
            })
            .collect()
    }

    /// Waits until the tables are as far as the chain, and as it is.
    async fn settled(&self) {
        let slot = number(self.stage.chain().slot(CommitmentLevel::Processed));
        in_time(async {
            while self.database.applied().await < Some(slot)
                || self.database.lanes().await != self.expected()
            {
                // How far the tables are is no change that anybody is told of.
                self.stage.node.until_asked(1).await;
            }
        })
        .await;
    }

    async fn end(self) {
        self.stop.cancel();
        drop(self._chunks);
        for task in self.tasks {
            in_time(task).await.unwrap();
        }
        self.database.drop_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_leaves_nothing_behind() {
    let written = Written::begin("fork").await;
    let chain = written.stage.chain();
    written.play(4);
    written.settled().await;
    chain.set_depths(Depths {
        confirmed: 1_000,
        finalized: 1_000,
    });
    let base = chain.slot(CommitmentLevel::Processed);
    for slot in [base + 1, base + 2] {
        chain.begin(slot, base);
        written.fill(slot);
        chain.transact(slot, transaction(9_000));
        chain.freeze(slot);
        written.rpc.ledger.advance(1);
    }
    // What a node has once the second is the one.
    for account in written.stage.node.accounts(base + 2) {
        let known = Account {
            lamports: account.lamports,
            data: account.data,
            owner: account.owner,
            ..Account::default()
        };
        written.rpc.ledger.set_account(account.address, known);
    }
    chain.begin(base + 3, base + 2);
    chain.freeze(base + 3);
    for slot in [base, base + 2, base + 3] {
        chain.confirm(slot);
    }
    written.settled().await;
    let lanes = written.database.lanes().await;
    assert!(!lanes.contains_key(&address_of(base + 1).to_string()));
    assert_eq!(lanes[&address_of(0).to_string()], number(base + 2));
    let told = written.database.transactions().await;
    assert!(!told.contains_key(&signature_of(base + 1).to_string()));
    assert!(told.contains_key(&signature_of(base + 2).to_string()));
    // What happened on both is told by the ledger again, if not by now.
    let both = told.get(&signature_of(9_000).to_string());
    assert!(both.is_none_or(|(slot, _)| *slot == number(base + 2)));
    written.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_leaves_nothing_out() {
    let written = Written::begin("outage").await;
    let stage = &written.stage;
    written.play(40);
    written.settled().await;
    stage.server.connections.refuse(true);
    stage.server.connections.cut_all();
    in_time(stage.server.streams.until(|streams| streams.open() == 0)).await;
    written.play(5);
    let closed = stage.chain().slot(CommitmentLevel::Processed) - 2;
    let slot = stage.chain().open();
    stage.chain().close(slot, address_of(closed));
    stage.chain().seal(slot);
    stage.server.connections.refuse(false);
    stage.subscribed(2).await;
    written.play(3);
    written.settled().await;
    let told = written.database.transactions().await;
    let last = stage.chain().slot(CommitmentLevel::Processed);
    for played in (1_002..=last).filter(|played| *played != slot) {
        let (at, time) = told[&signature_of(played).to_string()];
        assert_eq!(at, number(played));
        assert_eq!(time, Some(1_700_000_000 + at));
    }
    written.end().await;
}

/// A whole play through all kinds of trouble, in one stream.
#[tokio::test(flavor = "multi_thread")]
async fn trouble_leaves_no_trace() {
    use lottery_lab::GeyserFault::{Late, Lose, Noise, Twice};
    let written = Written::begin("trouble").await;
    let weather = &written.stage.server.weather;
    written.play(5);
    written.settled().await;
    for (kind, fault, share) in [
        ("account", Twice, 0.2),
        ("account", Late(3), 0.2),
        ("transaction", Twice, 0.2),
        ("block_meta", Late(2), 0.2),
        ("slot", Late(4), 0.1),
        ("slot", Lose, 0.05),
        ("account", Noise, 0.02),
    ] {
        weather.add(Rule::on(kind, fault).with_probability(share));
    }
    written.play(150);
    weather.clear();
    written.play(12);
    // What was lost with no trace is found by the next snapshot.
    let wait = written.stage.node.taken();
    written.stage.again.notify_one();
    written.play(1);
    in_time(async {
        while written.stage.node.taken() == wait {
            written.stage.node.until_asked(1).await;
        }
    })
    .await;
    written.play(3);
    written.settled().await;
    written.end().await;
}
