//! A connection that is made when it is needed and thrown away once it fails or
//! hangs.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{ConnectOptions as _, PgConnection, postgres::PgConnectOptions};
use tokio::time::timeout;

use super::{DatabaseError, error::is_broken};

/// Something to be done with a connection. What it needs is handed to it, not captured:
/// the compiler cannot yet tell that an asynchronous closure's borrows may be sent.
pub(super) trait Work<I, T>:
    for<'c> Fn(&'c mut PgConnection, &'c I) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send
{
}

impl<I, T, F> Work<I, T> for F where
    F: for<'c> Fn(&'c mut PgConnection, &'c I) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send
{
}

pub(super) struct Session {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
}

impl Session {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self {
            options,
            connection: None,
        }
    }

    /// Does `work` with `input`, connecting included, within `limit`. It is done again,
    /// once, if the connection turns out to have been lost since it was last used; so it
    /// must be something that may be done twice.
    ///
    /// Cancelling is safe: a connection in the middle of something is dropped.
    pub(super) async fn run<I: Sync, T>(
        &mut self,
        limit: Duration,
        input: &I,
        work: impl Work<I, T>,
    ) -> Result<T, DatabaseError> {
        match timeout(limit, self.attempt(input, work)).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(DatabaseError::Hung(limit)),
        }
    }

    async fn attempt<I: Sync, T>(
        &mut self,
        input: &I,
        work: impl Work<I, T>,
    ) -> Result<T, sqlx::Error> {
        // Taken out for the while, so that it is dropped with an attempt that is given up.
        if let Some(mut connection) = self.connection.take() {
            match work(&mut connection, input).await {
                Err(error) if is_broken(&error) => {
                    tracing::debug!(
                        error = crate::text::scrub(&error),
                        "a connection to Postgres was lost"
                    );
                }
                result => {
                    self.connection = Some(connection);
                    return result;
                }
            }
        }
        let mut connection = self.options.connect().await?;
        let result = work(&mut connection, input).await;
        if !result.as_ref().is_err_and(is_broken) {
            self.connection = Some(connection);
        }
        result
    }
}
