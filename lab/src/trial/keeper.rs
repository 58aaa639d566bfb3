//! A keeper with proxies of its own between it and the world. It may live several times.

use std::{path::PathBuf, process::ExitStatus, time::Duration};

use anyhow::{Context as _, Result, ensure};
use lottery_demo::{
    services::{binary, write_keypair},
    table::SOL,
};
use serde_json::{Value, json};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_rpc_client_api::request::RpcRequest;
use solana_signer::Signer as _;
use tokio::{
    process::Command,
    sync::Mutex,
    time::{Instant, sleep},
};

use super::{database::Database, process::Process, watch::Watch, world::World};
use crate::{RpcProxy, TcpProxy};

/// What a keeper starts with (lamports).
const PURSE: u64 = 5 * SOL;

/// How long a drain may take, and the pause between two looks at it.
const DRAIN: Duration = Duration::from_secs(45);
const LOOKS: Duration = Duration::from_millis(10);

/// How a keeper is started.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// The house that it serves.
    pub house: Pubkey,
    /// Ways to the cluster, each with weather of its own; 0 means one.
    pub endpoints: usize,
    /// Flags beside those that every keeper on trial has; the later ones win.
    pub flags: Vec<(&'static str, String)>,
    /// Variables of its environment.
    pub variables: Vec<(&'static str, String)>,
}

impl Launch {
    pub fn of(house: Pubkey) -> Self {
        Self {
            house,
            ..Self::default()
        }
    }

    #[must_use]
    pub fn flag(mut self, name: &'static str, value: impl ToString) -> Self {
        self.flags.retain(|(known, _)| *known != name);
        self.flags.push((name, value.to_string()));
        self
    }
}

/// A keeper on trial, with its proxies. Dropping it kills it.
pub struct Keeper {
    pub wallet: Pubkey,
    /// Before the cluster.
    pub rpc: Vec<RpcProxy>,
    /// Before its database, if it has one.
    pub postgres: Option<TcpProxy>,
    pub watch: Watch,
    log: PathBuf,
    key: PathBuf,
    launch: Launch,
    database_url: Option<String>,
    process: Mutex<Option<Process>>,
}

impl Keeper {
    /// With a funded key; it is not started.
    pub async fn hire(world: &World, launch: Launch, database: Option<&Database>) -> Result<Self> {
        let keypair = Keypair::new();
        let wallet = keypair.pubkey();
        let mut rpc = Vec::new();
        let watch = Watch::default();
        for seed in 0..launch.endpoints.max(1) {
            let (http, ws) = (world.localnet.rpc_url(), world.localnet.ws_url());
            let proxy = RpcProxy::start(http, ws, u64::try_from(seed)?).await?;
            watch.nodes(&proxy);
            rpc.push(proxy);
        }
        let (mut postgres, mut database_url) = (None, None);
        if let Some(database) = database {
            let proxy = TcpProxy::start(database.address(), 7).await?;
            watch.postgres(&proxy);
            database_url = Some(database.url_by(proxy.address()));
            postgres = Some(proxy);
        }
        let key = world.folder().join(format!("{wallet}.json"));
        write_keypair(&key, &keypair)?;
        world.localnet.fund(&[wallet], PURSE).await?;
        let keeper = Self {
            log: world.folder().join(format!("{wallet}.log")),
            wallet,
            rpc,
            postgres,
            watch,
            key,
            launch,
            database_url,
            process: Mutex::default(),
        };
        world.route(keeper.node(), keeper.watch.clone());
        Ok(keeper)
    }

    /// The node that it names to oracles.
    pub fn node(&self) -> String {
        self.rpc.first().map(RpcProxy::url).unwrap_or_default()
    }

    fn command(&self) -> Result<Command> {
        let joined = |url: fn(&RpcProxy) -> String| {
            let urls: Vec<String> = self.rpc.iter().map(url).collect();
            urls.join(",")
        };
        let mut command = Command::new(binary("lottery-keeper")?);
        command
            .arg("run")
            .args(["--rpc-url", &joined(RpcProxy::url)])
            .args(["--ws-url", &joined(RpcProxy::ws_url)])
            .args(["--oracle-rpc-url", &self.node()])
            .arg("--keypair")
            .arg(&self.key)
            .args(["--house", &self.launch.house.to_string()])
            .env("NO_COLOR", "1");
        let usual = [
            ("--close-after-seconds", "0".to_owned()),
            // Whoever misses something is not to wait long.
            ("--scan-seconds", "5".to_owned()),
            ("--lease-name", self.launch.house.to_string()),
            // On a machine that is too busy for Postgres to answer in time, none is to act
            // without its journal.
            ("--without-database", "wait".to_owned()),
        ];
        let own = &self.launch.flags;
        let usual = usual
            .iter()
            .filter(|(flag, _)| own.iter().all(|(known, _)| known != flag));
        for (flag, value) in usual.chain(own) {
            command.args([*flag, value]);
        }
        let variables = self.launch.variables.iter();
        command.envs(variables.map(|(name, value)| (name, value)));
        if let Some(url) = &self.database_url {
            command.env("LOTTERY_KEEPER_DATABASE_URL", url);
        }
        Ok(command)
    }

    /// Starts it, unless it runs.
    pub async fn start(&self) -> Result<()> {
        let mut process = self.process.lock().await;
        if process.is_none() {
            *process = Some(Process::start(self.command()?, &self.log)?);
        }
        Ok(())
    }

    /// Kills it, as `kill -9` does, and waits until it is gone; false if it did not run.
    pub async fn kill(&self) -> Result<bool> {
        let process = self.process.lock().await.take();
        match process {
            Some(process) => process.kill().await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Its process id, while it runs.
    pub async fn id(&self) -> Option<u32> {
        self.process.lock().await.as_ref()?.id()
    }

    /// How it ended, if it did by itself.
    pub async fn ended(&self) -> Option<ExitStatus> {
        self.process.lock().await.as_mut()?.ended()
    }

    /// Suspends it.
    pub async fn freeze(&self) -> Result<()> {
        self.signal("STOP").await
    }

    /// Lets it go on.
    pub async fn thaw(&self) -> Result<()> {
        self.signal("CONT").await
    }

    async fn signal(&self, name: &str) -> Result<()> {
        let process = self.process.lock().await;
        process
            .as_ref()
            .context("it does not run")?
            .signal(name)
            .await
    }

    /// Asks it to drain, and expects that it ends in order. False if it was killed
    /// meanwhile, or just before.
    pub async fn stop(&self) -> Result<bool> {
        match self.process.lock().await.as_ref() {
            Some(process) => process.signal("TERM").await?,
            None => return Ok(false),
        }
        let deadline = Instant::now() + DRAIN;
        loop {
            // Not held while it drains: it may be killed in the middle of that.
            let mut process = self.process.lock().await;
            let Some(running) = process.as_mut() else {
                return Ok(false);
            };
            if let Some(status) = running.ended() {
                *process = None;
                ensure!(status.success(), "it ended with {status}:\n{}", self.tail());
                return Ok(true);
            }
            drop(process);
            ensure!(
                Instant::now() < deadline,
                "it does not drain:\n{}",
                self.tail()
            );
            sleep(LOOKS).await;
        }
    }

    /// All that it logged, over all its lives.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The last lines that it logged.
    pub fn tail(&self) -> String {
        let text = self.log();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    /// How many of its transactions landed, and how many of these failed.
    pub async fn landed(&self, world: &World) -> Result<(usize, usize)> {
        let rpc = world.localnet.rpc_client();
        let landed: Vec<Value> = rpc
            .send(
                RpcRequest::GetSignaturesForAddress,
                json!([self.wallet.to_string(), {"commitment": "confirmed"}]),
            )
            .await?;
        let failed = landed.iter().filter(|row| !row["err"].is_null());
        Ok((landed.len(), failed.count()))
    }
}
