//! What trials share: a cluster, its oracles behind weather, a Postgres server.

use std::{
    collections::HashMap,
    net::TcpListener,
    path::Path,
    sync::{Arc, Mutex},
};

use anyhow::{Context as _, Result};
use lottery_localnet::{ClusterChoice, Localnet, Options};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::{chain::Chain, games::Games, history::History, watch::Watch};
use crate::{Decision, HttpProxy, lock::lock};

/// Oracles: a draw that is aborted is drawn by another one, and trials do not share the
/// bad luck of theirs.
const ORACLES: usize = 3;

/// A cluster and what belongs to it. Trials on it do not meet: each has a house of its
/// own.
pub struct World {
    pub localnet: Localnet,
    /// Before the oracles' gateway; all keepers of all trials go through it. A keeper is
    /// told from the others by the node that it names.
    pub gateway: HttpProxy,
    pub chain: Chain,
    /// By the node that they name.
    watches: Arc<Mutex<HashMap<String, Watch>>>,
    /// What the chain told so far of its past.
    pub(super) history: History,
    games: OnceCell<Games>,
    folder: tempfile::TempDir,
}

/// Whether Agave's validator is on PATH.
pub fn validator_is_there() -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join("solana-test-validator").is_file())
    })
}

impl World {
    /// Starts a cluster with slots of so many milliseconds.
    pub async fn start(cluster: ClusterChoice, slot_ms: u64) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let gateway = HttpProxy::start(format!("http://127.0.0.1:{port}"), 7).await?;
        let localnet = Localnet::start(Options {
            cluster,
            slot_ms,
            oracles: ORACLES,
            gateway_port: Some(port),
            gateway_url: Some(gateway.url()),
            surfnet: lottery_demo::services::binary("lottery-surfnet").ok(),
            ..Options::default()
        })
        .await
        .context("starting a cluster")?;
        let watches: Arc<Mutex<HashMap<String, Watch>>> = Arc::default();
        let routes = watches.clone();
        gateway.weather.on_request(move |seen| {
            let watch = asker(&seen.params).and_then(|node| lock(&routes).get(node).cloned());
            async move {
                if let Some(watch) = watch {
                    watch.oracle(&seen).await;
                }
                Decision::Pass
            }
        });
        Ok(Self {
            chain: Chain::follow(&localnet),
            localnet,
            gateway,
            watches,
            history: History::default(),
            games: OnceCell::new(),
            folder: tempfile::tempdir()?,
        })
    }

    /// Where keys and logs are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Has questions to oracles that name this node seen by a keeper's watch.
    pub(super) fn route(&self, node: String, watch: Watch) {
        lock(&self.watches).insert(node, watch);
    }

    /// Games that go on as long as this is there; they begin when first asked for.
    pub async fn games(&self) -> Result<&Games> {
        self.games.get_or_try_init(|| Games::begin(self)).await
    }

    /// Clears everything away.
    pub async fn strike(self) {
        drop(self.games);
        self.localnet.shutdown().await;
    }
}

/// The node that a question to an oracle names.
pub fn asker(question: &Value) -> Option<&str> {
    question.get("rpc")?.as_str()
}
