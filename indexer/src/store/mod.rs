//! The tables and every statement that writes them, a module a table.

pub mod arrays;
pub mod base58;
pub mod batch;
pub mod column;
pub mod dead_letters;
pub mod derived;
pub mod draw_games;
pub mod draws;
pub mod entries;
pub mod forks;
pub mod game_events;
pub mod games;
pub mod houses;
pub mod incomplete;
pub mod instructions;
pub mod jackpot_contributions;
pub mod jackpots;
pub mod lanes;
pub mod lines;
mod nodelay;
pub mod number;
pub mod partitions;
pub mod payments;
pub mod present;
pub mod proofs;
pub mod record;
pub mod statistics;
pub mod table;
pub mod told;
pub mod transactions;
pub mod treasuries;
pub mod upsert;
pub mod watermark;
pub mod writer;

use std::{io, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool, Postgres, Transaction,
    error::{DatabaseError, ErrorKind},
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

pub use column::{Column, ReadColumn};
pub use number::U64;

/// The numbered files of `migrations/`, compiled in.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// The tables that hold what the chain says, and what follows from it.
pub const TABLES: [&str; 16] = [
    "draw_games",
    "draws",
    "entries",
    "game_events",
    "game_rounds",
    "games",
    "houses",
    "instructions",
    "jackpot_contributions",
    "jackpot_wins",
    "jackpots",
    "lanes",
    "payments",
    "transactions",
    "treasuries",
    "winners",
];

/// Longest wait for a free or new connection: longer means the database is in
/// trouble, and callers retry or answer with an error.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Idle connections above the minimum close after this.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// A pool that connects when first used.
pub fn pool(options: PgConnectOptions, max_connections: u32) -> PgPool {
    let server = options.clone();
    PgPoolOptions::new()
        .after_connect(move |_, _| {
            nodelay::set(&server);
            Box::pin(async { Ok(()) })
        })
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE_TIMEOUT)
        .connect_lazy_with(options.application_name("lottery-indexer"))
}

/// Begins a transaction that changes rows, and waits for its turn: the writer, what runs
/// beside it and other processes take turns, whatever they change. They cannot wait for one
/// another in a circle then, and none of their transactions takes long.
///
/// # Errors
/// The database's.
pub async fn begin(
    connection: &mut PgConnection,
) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    connection
        .begin_with(AssertSqlSafe(format!("BEGIN; {TURN}")))
        .await
}

/// Waits for a turn. The number is its key, one a database.
const TURN: &str = "SELECT pg_advisory_xact_lock(7813591921778129202)";

/// Begins a transaction that sees one moment of the tables. It changes rows once it has had
/// its [`turn`], and fails as [overtaken](is_overtaken) where another did meanwhile.
///
/// # Errors
/// The database's.
pub async fn begin_view(
    connection: &mut PgConnection,
) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    connection
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ")
        .await
}

/// Waits until a view may change rows.
///
/// # Errors
/// The database's.
pub async fn turn(view: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(TURN).execute(view).await?;
    Ok(())
}

/// Whether a view came too late: rows that it was to change had changed since.
pub fn is_overtaken(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(DatabaseError::code)
        .is_some_and(|code| code == "40001")
}

/// A database that has not answered by then is not going to: the connection is dead and
/// nobody said so, or a lock is held by what will never let it go.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(300);

/// Waits for a piece of work on a connection, not for ever.
///
/// # Errors
/// The database's, or that it took too long; the connection is of no use then.
pub async fn within<T>(
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(ANSWER_TIMEOUT, work)
        .await
        .unwrap_or_else(|_| {
            let seconds = ANSWER_TIMEOUT.as_secs();
            let why = format!("the database did not answer within {seconds} s");
            Err(sqlx::Error::Io(io::Error::new(
                io::ErrorKind::TimedOut,
                why,
            )))
        })
}

/// Brings the schema up to date. Safe to run by several processes at once: sqlx
/// takes an advisory lock.
///
/// # Errors
/// When the database cannot be reached or an applied migration was changed.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    MIGRATIONS.run(pool).await
}

/// Whether trying again can help: the connection or the server's state, not the
/// data, was the cause.
pub fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            if is_of_partition(error.as_ref()) {
                return true;
            }
            // Classes: 08 connection, 25 transaction state, 40 rollback
            // (deadlock, serialization), 53 resources, 55 object state,
            // 57 operator intervention, 58 system.
            error.code().is_none_or(|code| {
                ["08", "25", "40", "53", "55", "57", "58"]
                    .iter()
                    .any(|class| code.starts_with(class))
            })
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        _ => false,
    }
}

/// Whether a row was refused for what it holds: classes 22 (data) and 23
/// (constraints). Another row may well be accepted.
pub fn is_refused_row(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .filter(|error| !is_of_partition(*error))
        .and_then(|error| error.code())
        .is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
}

/// Whether a row was on its way into the partition of all other months when one was made
/// for its own: a check fails that has no name, and the row finds its way the next time.
fn is_of_partition(error: &dyn DatabaseError) -> bool {
    error.kind() == ErrorKind::CheckViolation && error.constraint().is_none()
}
