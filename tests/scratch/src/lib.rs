//! A Postgres database of a test's or a measurement's own.

use std::{
    net::SocketAddr,
    process,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, UNIX_EPOCH},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection,
    postgres::PgConnectOptions,
};

/// How long a value that goes waits for its database to go.
const PATIENCE: Duration = Duration::from_secs(2);

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    #[error("DATABASE_URL is no Postgres URL")]
    Url(#[source] sqlx::Error),
    #[error("a Postgres is needed: set DATABASE_URL, or start this by pg_virtualenv")]
    Server(#[source] sqlx::Error),
}

/// A database that was created empty, and is dropped with this value.
#[derive(Debug)]
pub struct ScratchDatabase {
    server: PgConnectOptions,
    name: String,
    is_dropped: bool,
}

/// The server: `DATABASE_URL`'s, or the one of the `PG*` variables.
///
/// # Errors
/// [`ScratchError::Url`].
pub fn server() -> Result<PgConnectOptions, ScratchError> {
    match std::env::var("DATABASE_URL") {
        Ok(url) => url.parse().map_err(ScratchError::Url),
        Err(_) => Ok(PgConnectOptions::new()),
    }
}

impl ScratchDatabase {
    /// Creates it on the [`server`], with the purpose in its name: lower case and `_`.
    ///
    /// # Errors
    /// [`ScratchError`].
    pub async fn create(purpose: &str) -> Result<Self, ScratchError> {
        Self::on(server()?, purpose).await
    }

    /// Creates it on a server.
    ///
    /// # Errors
    /// [`ScratchError::Server`].
    pub async fn on(server: PgConnectOptions, purpose: &str) -> Result<Self, ScratchError> {
        // A process may have the id of one that left something behind.
        let now = UNIX_EPOCH.elapsed().unwrap_or_default().subsec_nanos();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lottery_{purpose}_{}_{now}_{count}", process::id());
        execute(&server, format!("CREATE DATABASE {name}"))
            .await
            .map_err(ScratchError::Server)?;
        Ok(Self {
            server,
            name,
            is_dropped: false,
        })
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How to connect to it.
    pub fn options(&self) -> PgConnectOptions {
        self.server.clone().database(&self.name)
    }

    /// Its URL, for those who connect to the server itself.
    pub fn url(&self) -> String {
        self.options().to_url_lossy().to_string()
    }

    /// Its URL, for those who connect to `proxy` in place of the server.
    pub fn url_by(&self, proxy: SocketAddr) -> String {
        let options = self.options().host(&proxy.ip().to_string());
        options.port(proxy.port()).to_url_lossy().to_string()
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

    /// A connection to it.
    ///
    /// # Errors
    /// Of connecting.
    pub async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        self.options().connect().await
    }

    /// Drops it, and with it what is still connected.
    ///
    /// # Errors
    /// The server's.
    pub async fn drop_now(mut self) -> Result<(), sqlx::Error> {
        self.is_dropped = true;
        drop_database(&self.server, &self.name).await
    }
}

impl Drop for ScratchDatabase {
    fn drop(&mut self) {
        if self.is_dropped {
            return;
        }
        let (server, name) = (self.server.clone(), self.name.clone());
        let (done, is_done) = mpsc::channel();
        // Dropping is no place to await: a thread of its own has its own runtime.
        thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let dropped = match runtime.enable_all().build() {
                Ok(runtime) => runtime
                    .block_on(drop_database(&server, &name))
                    .map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = dropped {
                eprintln!("the test database {name} was left behind: {error}");
            }
            // Nobody may be waiting any more.
            done.send(()).ok();
        });
        // Before a server drops a database, whoever is connecting to any of them has to have
        // come in. Who does so on this thread cannot while it waits here: then it waits no
        // longer, and the other thread ends by itself.
        is_done.recv_timeout(PATIENCE).ok();
    }
}

async fn drop_database(server: &PgConnectOptions, name: &str) -> Result<(), sqlx::Error> {
    execute(server, format!("DROP DATABASE {name} WITH (FORCE)")).await
}

async fn execute(server: &PgConnectOptions, statement: String) -> Result<(), sqlx::Error> {
    let mut connection = server.connect().await?;
    connection.execute(AssertSqlSafe(statement)).await?;
    connection.close().await
}
