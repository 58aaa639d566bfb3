//! The one connection that writes. It holds the database's writing lock for as long as
//! it lives, so whoever holds the lock writes, and nobody else can: a connection that
//! is lost takes its transaction with it.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::time::timeout;

use super::nodelay;

/// Key of the advisory lock; one a database.
const LOCK: i64 = 0x6c6f_7474_6572_7931;

/// How long Postgres waits for a word of the one that writes. One that was suspended, or
/// whose machine is gone without a word, gives its place to the next.
pub const SILENCE: Duration = Duration::from_secs(20);

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no connection to write with.
#[derive(Debug, thiserror::Error)]
pub enum WriterError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("another indexer writes to this database; this one stands by")]
    Taken,
}

/// A connection that writes, made when it is needed.
pub struct Writer {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    /// How many connections there have been.
    generation: u64,
}

impl Writer {
    pub fn new(options: PgConnectOptions) -> Self {
        Self {
            options,
            connection: None,
            generation: 0,
        }
    }

    /// The connection, made anew where it was lost.
    ///
    /// # Errors
    /// When the database cannot be reached, or another indexer has the lock.
    pub async fn connection(&mut self) -> Result<&mut PgConnection, WriterError> {
        if self.connection.is_none() {
            let mut connection = self.connect().await?;
            let free: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
                .bind(LOCK)
                .fetch_one(&mut connection)
                .await?;
            if !free {
                // Nothing depends on whether it hears the farewell.
                let _ = connection.close().await;
                return Err(WriterError::Taken);
            }
            self.generation = self.generation.saturating_add(1);
            self.connection = Some(connection);
        }
        self.connection.as_mut().ok_or(WriterError::Taken)
    }

    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let mut connection = timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&self.options))
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)??;
        nodelay::set(&self.options);
        sqlx::query(
            "SELECT set_config('idle_session_timeout', $1, FALSE),
                    set_config('idle_in_transaction_session_timeout', $1, FALSE)",
        )
        .bind(SILENCE.as_millis().to_string())
        .execute(&mut connection)
        .await?;
        Ok(connection)
    }

    /// Which connection this is: what a session keeps is gone with it.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Says a word, so that Postgres knows that somebody is there.
    pub async fn beat(&mut self) {
        if let Some(connection) = &mut self.connection
            && let Err(error) = connection.ping().await
        {
            tracing::debug!(%error, "the connection that writes was lost");
            self.connection = None;
        }
    }

    /// Gives the connection up, after an error that may have been its own.
    pub fn discard(&mut self) {
        self.connection = None;
    }

    /// Ends the connection, and the lock with it.
    pub async fn close(mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = connection.close().await;
        }
    }
}
