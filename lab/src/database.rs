//! The database of a measurement, and connections to watch it by.

use anyhow::Result;
use lottery_scratch::ScratchDatabase;
use sqlx::{PgPool, postgres::PgPoolOptions};

/// Connections for whoever watches.
const WATCHERS: u32 = 4;

/// An empty database.
pub struct Database {
    pub scratch: ScratchDatabase,
    /// Past whatever stands before it.
    pub pool: PgPool,
}

impl Database {
    /// Creates it, with the run's name in its own.
    pub async fn create(run: &str) -> Result<Self> {
        let scratch = ScratchDatabase::create(run).await?;
        let pool = PgPoolOptions::new()
            .max_connections(WATCHERS)
            .connect_with(scratch.options())
            .await?;
        Ok(Self { scratch, pool })
    }

    /// Drops it, and with it what is still connected.
    pub async fn drop_now(self) -> Result<()> {
        self.pool.close().await;
        Ok(self.scratch.drop_now().await?)
    }
}
