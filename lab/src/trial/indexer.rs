//! An indexer with proxies of its own between it and the world. It may live several times.

use std::{net::TcpListener, ops::Deref};

use anyhow::Result;
use lottery_demo::{api::Api, services::binary};
use tokio::process::Command;

use super::{database::Database, life::Life, relay::Relay, watch::Watch, world::World};
use crate::{RpcProxy, TcpProxy};

/// What every indexer on trial is started with; flags of a trial's own win.
const USUAL: [(&str, &str); 5] = [
    // Closed accounts are found by snapshots alone; nobody is to wait for them.
    ("--snapshot-seconds", "1"),
    ("--ledger-ms", "200"),
    ("--stream-silence-seconds", "2"),
    ("--statistics-seconds", "2"),
    ("--database-connections", "10"),
];

/// An indexer on trial, with its proxies. Dropping it kills it.
pub struct Indexer {
    /// Before the cluster.
    pub rpc: RpcProxy,
    /// Before its database.
    pub postgres: TcpProxy,
    /// Of what it says to the database.
    pub watch: Watch,
    life: Life,
    flags: Vec<(&'static str, String)>,
    listen: String,
    database_url: String,
}

impl Deref for Indexer {
    type Target = Life;

    fn deref(&self) -> &Life {
        &self.life
    }
}

impl Indexer {
    /// It is not started.
    pub async fn hire(world: &World, database: &Database) -> Result<Self> {
        let (http, ws) = (world.localnet.rpc_url(), world.localnet.ws_url());
        let rpc = RpcProxy::start(http, ws, 7).await?;
        let postgres = TcpProxy::start(database.scratch.address(), 7).await?;
        let watch = Watch::of_tables();
        watch.postgres(&postgres);
        let listen = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        Ok(Self {
            rpc,
            watch,
            life: Life::new(
                world
                    .folder()
                    .join(format!("indexer-{}.log", listen.port())),
            ),
            flags: Vec::new(),
            listen: listen.to_string(),
            database_url: database.scratch.url_by(postgres.address()),
            postgres,
        })
    }

    /// The same with a flag more.
    #[must_use]
    pub fn flag(mut self, name: &'static str, value: impl ToString) -> Self {
        self.flags.push((name, value.to_string()));
        self
    }

    /// The same, hearing of the chain from a relay.
    #[must_use]
    pub fn of_relay(self, relay: &Relay) -> Self {
        relay.agree(&self.rpc);
        self.flag("--source", "geyser")
            .flag("--geyser-url", relay.server.url())
            .flag("--geyser-ca", relay.authority().display())
    }

    /// Starts it, unless it runs: it follows the chain.
    pub async fn start(&self) -> Result<()> {
        let mut command = self.command("run")?;
        command.args(["--listen", &self.listen]);
        let is_usual = |flag: &str| self.flags.iter().all(|(known, _)| *known != flag);
        for (flag, value) in USUAL.iter().filter(|(flag, _)| is_usual(flag)) {
            command.args([flag, value]);
        }
        for (flag, value) in &self.flags {
            command.args([*flag, value]);
        }
        self.life.begin(command).await
    }

    /// Starts a migration in place of it, which ends by itself.
    pub async fn start_migration(&self) -> Result<()> {
        self.life.begin(self.command("migrate")?).await
    }

    fn command(&self, verb: &str) -> Result<Command> {
        let mut command = Command::new(binary("lottery-indexer")?);
        command
            .arg(verb)
            .args(["--rpc-url", &self.rpc.url()])
            .args(["--ws-url", &self.rpc.ws_url()])
            .env("LOTTERY_INDEXER_DATABASE_URL", &self.database_url)
            .env_remove("DATABASE_READ_URL")
            .env("NO_COLOR", "1");
        Ok(command)
    }

    /// Its API.
    pub fn api(&self) -> Result<Api> {
        Api::new(format!("http://{}", self.listen))
    }
}
