//! A keeper with proxies of its own between it and the world. It may live several times.

use std::{ops::Deref, path::PathBuf};

use anyhow::Result;
use lottery_demo::{
    services::{binary, write_keypair},
    table::SOL,
};
use serde_json::{Value, json};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_rpc_client_api::request::RpcRequest;
use solana_signer::Signer as _;
use tokio::process::Command;

use super::{database::Database, life::Life, watch::Watch, world::World};
use crate::{RpcProxy, TcpProxy};

/// What a keeper starts with (lamports).
const PURSE: u64 = 5 * SOL;

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
    life: Life,
    key: PathBuf,
    launch: Launch,
    database_url: Option<String>,
}

impl Deref for Keeper {
    type Target = Life;

    fn deref(&self) -> &Life {
        &self.life
    }
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
            let proxy = TcpProxy::start(database.scratch.address(), 7).await?;
            watch.postgres(&proxy);
            database_url = Some(database.scratch.url_by(proxy.address()));
            postgres = Some(proxy);
        }
        let key = world.folder().join(format!("{wallet}.json"));
        write_keypair(&key, &keypair)?;
        world.localnet.fund(&[wallet], PURSE).await?;
        let keeper = Self {
            life: Life::new(world.folder().join(format!("{wallet}.log"))),
            wallet,
            rpc,
            postgres,
            watch,
            key,
            launch,
            database_url,
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
        self.life.begin(self.command()?).await
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
