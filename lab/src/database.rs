//! A Postgres database of a run's own.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Executor as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// Connections for whoever watches.
const WATCHERS: u32 = 4;

/// An empty database; it goes with [`Database::drop_now`].
pub struct Database {
    name: String,
    server: PgConnectOptions,
    /// Past whatever stands before it.
    pub pool: PgPool,
}

impl Database {
    /// Creates it on `DATABASE_URL`'s server, or the one of the `PG*` variables, with the
    /// run's name in its own.
    pub async fn create(run: &str) -> Result<Self> {
        let server = match std::env::var("DATABASE_URL") {
            Ok(url) => url.parse().context("DATABASE_URL")?,
            Err(_) => PgConnectOptions::new(),
        };
        let name = format!("lottery_{run}_{}", std::process::id());
        execute(&server, format!("CREATE DATABASE {name}"))
            .await
            .context("a Postgres is needed: set DATABASE_URL, or start this by pg_virtualenv")?;
        let pool = PgPoolOptions::new()
            .max_connections(WATCHERS)
            .connect_with(server.clone().database(&name))
            .await?;
        Ok(Self { name, server, pool })
    }

    /// Where the server listens, `host:port`.
    pub fn address(&self) -> String {
        let host = match self.server.get_host() {
            // A folder of sockets.
            local if local.starts_with('/') => "127.0.0.1",
            host => host,
        };
        format!("{host}:{}", self.server.get_port())
    }

    /// Its URL for those who connect to the server itself.
    pub fn url(&self) -> String {
        let options = self.server.clone().database(&self.name);
        options.to_url_lossy().to_string()
    }

    /// Its URL for those who connect to `proxy` in place of the server.
    pub fn url_by(&self, proxy: SocketAddr) -> String {
        let options = self.server.clone().database(&self.name);
        let options = options.host(&proxy.ip().to_string()).port(proxy.port());
        options.to_url_lossy().to_string()
    }

    /// Drops it, and with it what is still connected.
    pub async fn drop_now(self) -> Result<()> {
        self.pool.close().await;
        execute(
            &self.server,
            format!("DROP DATABASE {} WITH (FORCE)", self.name),
        )
        .await
    }
}

async fn execute(server: &PgConnectOptions, statement: String) -> Result<()> {
    let mut connection = server.connect().await?;
    connection.execute(AssertSqlSafe(statement)).await?;
    Ok(())
}
