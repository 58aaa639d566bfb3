//! The keeper's optional database: which of several keepers leads ([`Leadership`]),
//! what was signed and what became of it ([`PgJournal`]), how oracles answered
//! ([`oracles`]). Whoever has no database has no [`Database`]: callers hold an
//! `Option` of it.
//!
//! The tables are in a schema of their own and may share a database with the
//! indexer's. Each task has a connection to itself, five in all, and no pool: a pool
//! would hand a connection that hangs to the next who asks, and would not say why
//! none can be made. They are sessions (LISTEN, a search path), so a pooler in
//! between has to pool sessions, not transactions.

mod error;
mod journal;
mod leadership;
pub mod lease;
mod migrations;
pub mod oracles;
mod released;
mod session;

use std::{
    fmt,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{ConnectOptions as _, PgConnection, postgres::PgConnectOptions};
use tokio::sync::Mutex;

pub use error::DatabaseError;
pub use journal::PgJournal;
pub use leadership::{Leadership, State};
pub use lease::{Candidate, Epoch, Look};

use session::Session;

/// The schema of the keeper's tables.
pub const SCHEMA: &str = "lottery_keeper";

/// Longest run of a statement on the server, and longest pause within a
/// transaction (milliseconds). Nobody waits that long; it ends what a keeper left
/// behind that gave up on it or vanished.
const SERVER_LIMIT_MS: &str = "10000";

/// Longest look at a lease.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

/// How to reach Postgres. Shared by its clones.
#[derive(Clone)]
pub struct Database {
    options: PgConnectOptions,
    /// For what is asked rarely, one after the other.
    rare: Arc<Mutex<Session>>,
    is_migrated: Arc<AtomicBool>,
}

impl Database {
    /// Does not connect yet.
    pub fn new(options: PgConnectOptions) -> Self {
        let options = options.application_name("lottery-keeper").options([
            ("search_path", SCHEMA),
            // What is recorded must survive a crash of Postgres, too.
            ("synchronous_commit", "on"),
            ("statement_timeout", SERVER_LIMIT_MS),
            ("idle_in_transaction_session_timeout", SERVER_LIMIT_MS),
        ]);
        let rare = Arc::new(Mutex::new(Session::new(options.clone())));
        Self {
            options,
            rare,
            is_migrated: Arc::default(),
        }
    }

    /// Brings the tables up to date, or creates them; the first time only. Several
    /// keepers may do so at once: one does, the others wait for it.
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        if !self.is_migrated.load(Ordering::Relaxed) {
            migrations::migrate(&self.options).await?;
            self.is_migrated.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether the tables are those this keeper was built for, without changing any.
    pub async fn check(&self) -> Result<(), DatabaseError> {
        migrations::check(&self.options).await
    }

    /// What it shows of a lease, without taking part.
    pub async fn look(&self, lease: &str) -> Result<Look, DatabaseError> {
        let mut rare = self.rare.lock().await;
        let work = rare.run(LOOK_LIMIT, &lease, |connection, lease| {
            Box::pin(lease::look(connection, lease))
        });
        work.await
    }

    /// A connection of the caller's own.
    pub async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        self.options.connect().await
    }

    fn session(&self) -> Session {
        Session::new(self.options.clone())
    }
}

impl FromStr for Database {
    type Err = DatabaseError;

    fn from_str(url: &str) -> Result<Self, DatabaseError> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(DatabaseError::Url);
        }
        // sqlx's own error may quote the URL, password included.
        let options = url.parse().map_err(|_| DatabaseError::Url)?;
        Ok(Self::new(options))
    }
}

/// Host and port: the rest is secret.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.options.get_host(), self.options.get_port())
    }
}
