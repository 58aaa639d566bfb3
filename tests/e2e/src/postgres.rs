//! A database of its own for each end-to-end test.

use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, postgres::PgConnectOptions};

/// A database that is dropped with [`Database::drop_now`].
pub struct Database {
    name: String,
}

/// The server: `DATABASE_URL`'s, or the one of the `PG*` variables.
fn server() -> PgConnectOptions {
    match std::env::var("DATABASE_URL") {
        Ok(url) => url.parse().expect("DATABASE_URL is a Postgres URL"),
        Err(_) => PgConnectOptions::new(),
    }
}

async fn execute(statement: String) {
    server()
        .connect()
        .await
        .expect("these tests need a Postgres: scripts/test starts one")
        .execute(AssertSqlSafe(statement))
        .await
        .unwrap();
}

impl Database {
    /// Creates an empty one.
    pub async fn create(purpose: &str) -> Self {
        let name = format!("lottery_e2e_{purpose}_{}", std::process::id());
        execute(format!("CREATE DATABASE {name}")).await;
        Self { name }
    }

    /// Its URL, for the services' `DATABASE_URL`.
    pub fn url(&self) -> String {
        server().database(&self.name).to_url_lossy().to_string()
    }

    /// Drops it, and with it what is still connected.
    pub async fn drop_now(self) {
        execute(format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}
