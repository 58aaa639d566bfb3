//! A database per test, keepers in it, and what they sign.

pub mod process;
pub mod proxy;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use lottery_client::sender::journal::Signed;
use lottery_keeper::{
    config::{self, Config, Options, WithoutDatabase},
    database::{Database, Epoch, Leadership, PgJournal, State},
};
use lottery_scratch::ScratchDatabase;
use solana_signature::Signature;
use sqlx::{PgConnection, postgres::PgConnectOptions};

/// Longer than anything here takes, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A database of its own; dropped with this value.
pub struct TestDatabase(ScratchDatabase);

impl TestDatabase {
    pub async fn empty() -> Self {
        Self(ScratchDatabase::create("keeper").await.unwrap())
    }

    /// With the keeper's tables.
    pub async fn migrated() -> Self {
        let database = Self::empty().await;
        database.keeper().migrate().await.unwrap();
        database
    }

    pub fn name(&self) -> &str {
        self.0.name()
    }

    pub fn options(&self) -> PgConnectOptions {
        self.0.options()
    }

    pub fn url(&self) -> String {
        self.0.url()
    }

    /// As a keeper sees it; a new value, with its own connections.
    pub fn keeper(&self) -> Database {
        Database::new(self.options())
    }

    /// A connection that finds the keeper's tables.
    pub async fn connect(&self) -> PgConnection {
        self.keeper().connect().await.unwrap()
    }

    /// Cuts every connection but its own.
    pub async fn terminate(&self) {
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .execute(&mut self.connect().await)
        .await
        .unwrap();
    }

    /// How many statements wait for a lock.
    pub async fn lock_waits(&self) -> i64 {
        sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_one(&mut self.connect().await)
        .await
        .unwrap()
    }

    /// Rows of the journal in each state.
    pub async fn states(&self) -> BTreeMap<String, i64> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT state, count(*) FROM journal GROUP BY state")
                .fetch_all(&mut self.connect().await)
                .await
                .unwrap();
        rows.into_iter().collect()
    }
}

/// How to reach a database of that name.
pub fn options_of(name: &str) -> PgConnectOptions {
    lottery_scratch::server().unwrap().database(name)
}

/// What is set where nothing is.
pub fn defaults() -> config::Database {
    let options = Options {
        rpc_url: Some(vec!["http://127.0.0.1:8899".to_owned()]),
        ..Options::default()
    };
    Config::complete(options).unwrap().database
}

/// The settings of a keeper whose lease lasts so long, that waits without a database.
pub fn settings(lease: Duration) -> config::Database {
    config::Database {
        lease,
        without: WithoutDatabase::Wait,
        ..defaults()
    }
}

/// A keeper as far as its database goes.
pub struct Keeper {
    pub leadership: Leadership,
    pub journal: PgJournal,
}

impl Keeper {
    pub fn start(database: &Database, settings: &config::Database) -> Self {
        let leadership = Leadership::start(database, settings);
        let journal = PgJournal::start(database, leadership.clone(), settings);
        Self {
            leadership,
            journal,
        }
    }

    /// One that leads already, for longer than any test.
    pub async fn leading(database: &TestDatabase) -> Self {
        let keeper = Self::start(&database.keeper(), &settings(Duration::from_secs(60)));
        keeper.lead().await;
        keeper
    }

    /// Waits until it leads.
    pub async fn lead(&self) -> Epoch {
        let mut leadership = self.leadership.clone();
        tokio::time::timeout(PATIENCE, async {
            loop {
                if let State::Leader { epoch, .. } = leadership.current() {
                    return epoch;
                }
                leadership.changed().await;
            }
        })
        .await
        .expect("it should lead")
    }
}

/// Waits until `condition` holds.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < PATIENCE, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A transaction that was never signed before.
pub fn signed() -> Signed {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut signature = [7; 64];
    // Not in the order in which they are made.
    signature[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    Signed {
        signature: Signature::from(signature),
        transaction: [vec![1], signature.to_vec(), vec![9; 400]].concat(),
        last_valid_block_height: 1_000 + number,
        // As Postgres writes it.
        intent: format!(r#"{{"action": "settle_draw", "number": {number}}}"#),
    }
}
