//! A ready cluster and its oracles.

use std::{
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use randomness_stand_in::client;
use serde::{Deserialize, Serialize};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signature::Signature;
use solana_signer::Signer as _;

use crate::{
    Kind, LocalnetError, Options, Result,
    cluster::{self, Cluster},
    gateway::{self, Gateway, Player},
    transact::Transactor,
    world::{self, Oracle, OracleKeys},
};

const SOL: u64 = 1_000_000_000;
/// What the payer starts with, in lamports. It is filled up when it runs out.
const RICH: u64 = 10_000 * SOL;
/// What the payer keeps besides what it hands out, in lamports.
pub(crate) const SPARE: u64 = SOL;

/// A ready cluster. Dropping it ends whatever was started for it.
pub struct Localnet {
    cluster: Cluster,
    payer: Keypair,
    world: Option<World>,
    patience: Duration,
}

struct World {
    queue: Pubkey,
    oracles: Vec<Oracle>,
    gateway: Gateway,
}

/// Where everything is, for people and for scripts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    pub rpc_url: String,
    pub ws_url: String,
    /// None where the cluster has no oracles of ours.
    pub gateway_url: Option<String>,
    /// Base-58.
    pub queue: Option<String>,
    /// Base-58.
    pub oracles: Vec<String>,
    pub kind: Kind,
}

impl Localnet {
    /// Starts, or attaches to, a cluster and waits until it is ready.
    ///
    /// # Errors
    /// Where something is missing, ends early or is not ready in time; the error says
    /// which, with the cluster's last words.
    pub async fn start(options: Options) -> Result<Self> {
        let started = Instant::now();
        let mut cluster = Cluster::start(&options).await?;
        let rpc = cluster::rpc_client(&cluster.rpc_url);
        cluster::wait_until_ready(&rpc, &mut cluster, options.patience).await?;
        let mut localnet = Self {
            cluster,
            payer: Keypair::new(),
            world: None,
            patience: options.patience,
        };
        let rich = localnet.airdrop(&localnet.payer.pubkey(), RICH).await;
        match localnet.kind() {
            Kind::Attached => localnet.make_attached_world(&options, rich).await?,
            Kind::Validator | Kind::Surfnet => {
                rich?;
                let transactor = localnet.transactor(&rpc);
                world::wait_for_stand_in(&transactor, options.patience).await?;
                localnet.world = Some(localnet.make_world(&options).await?);
            }
        }
        tracing::info!(kind = ?localnet.kind(), took = ?started.elapsed(), "ready");
        Ok(localnet)
    }

    /// On somebody else's cluster the oracles are made only if the stand-in is there.
    async fn make_attached_world(&mut self, options: &Options, rich: Result<()>) -> Result<()> {
        if let Err(error) = rich {
            tracing::warn!(%error, "the cluster gives no airdrops: no oracles are made on it");
            return Ok(());
        }
        let rpc = self.rpc_client();
        match world::stand_in_missing(&self.transactor(&rpc)).await? {
            None => self.world = Some(self.make_world(options).await?),
            Some(reason) => {
                tracing::warn!(reason, "the cluster has no stand-in: no oracles are made");
            }
        }
        Ok(())
    }

    async fn make_world(&self, options: &Options) -> Result<World> {
        let rpc = self.rpc_client();
        let transactor = self.transactor(&rpc);
        let bound = gateway::bind(options.gateway_port)?;
        let named = options.gateway_url.as_deref().unwrap_or(&bound.url);
        let queue = world::make_queue(&transactor).await?;
        let (mut oracles, mut players) = (Vec::new(), Vec::new());
        for index in 0..options.oracles {
            let keys = OracleKeys::generate()?;
            let url = gateway::oracle_url(named, index);
            let oracle = world::make_oracle(&transactor, queue, &keys, url).await?;
            players.push(Player {
                pubkey: oracle.pubkey,
                signing: keys.signing,
                secret: Keypair::new().pubkey().to_bytes(),
                silent: AtomicBool::new(false),
            });
            oracles.push(oracle);
        }
        Ok(World {
            queue,
            oracles,
            gateway: bound.serve(&self.cluster.rpc_url, players)?,
        })
    }

    pub fn kind(&self) -> Kind {
        self.cluster.kind
    }

    pub fn rpc_url(&self) -> &str {
        &self.cluster.rpc_url
    }

    pub fn ws_url(&self) -> &str {
        &self.cluster.ws_url
    }

    /// A new client that sees what is confirmed. Its connections belong to the runtime
    /// that first uses it, so each runtime takes its own.
    pub fn rpc_client(&self) -> RpcClient {
        cluster::rpc_client(&self.cluster.rpc_url)
    }

    /// A rich wallet: it pays for [`Localnet::fund`] and is the queue's authority.
    pub fn payer(&self) -> &Keypair {
        &self.payer
    }

    /// The oracles' queue; none where attached to a cluster without the stand-in.
    pub fn queue(&self) -> Option<Pubkey> {
        self.world.as_ref().map(|world| world.queue)
    }

    /// The oracles on the queue, in the order they were made.
    pub fn oracles(&self) -> &[Oracle] {
        self.world.as_ref().map_or(&[], |world| &world.oracles)
    }

    /// The address the oracles' own start with.
    pub fn gateway_url(&self) -> Option<&str> {
        self.world.as_ref().map(|world| world.gateway.url.as_str())
    }

    /// All of it, to print or to keep.
    pub fn addresses(&self) -> Addresses {
        Addresses {
            rpc_url: self.rpc_url().to_owned(),
            ws_url: self.ws_url().to_owned(),
            gateway_url: self.gateway_url().map(str::to_owned),
            queue: self.queue().map(|queue| queue.to_string()),
            oracles: self
                .oracles()
                .iter()
                .map(|oracle| oracle.pubkey.to_string())
                .collect(),
            kind: self.kind(),
        }
    }

    /// Has the faucet send lamports to a wallet and waits until they are confirmed.
    ///
    /// # Errors
    /// Where the cluster has no faucet, or it does not give.
    pub async fn airdrop(&self, pubkey: &Pubkey, lamports: u64) -> Result<()> {
        let rpc = self.rpc_client();
        self.transactor(&rpc).airdrop(pubkey, lamports).await
    }

    /// Sends lamports from the payer to each wallet, 20 to a transaction and many
    /// transactions at a time, and waits until all are confirmed. Much faster than
    /// airdrops; the payer is filled up by one where needed.
    ///
    /// # Errors
    /// At the first transaction that fails or does not land; others may have landed.
    pub async fn fund(&self, wallets: &[Pubkey], lamports: u64) -> Result<()> {
        let rpc = self.rpc_client();
        self.transactor(&rpc).fund(wallets, lamports).await
    }

    /// Lands a transaction the payer pays for and signs, with other signers, and waits
    /// until it is confirmed. For setting a scene; what is to be tested is better sent
    /// by its own client.
    ///
    /// # Errors
    /// Where it fails, with its logs if it failed in simulation, or does not land.
    pub async fn send(
        &self,
        instructions: &[Instruction],
        others: &[&Keypair],
    ) -> Result<Signature> {
        let rpc = self.rpc_client();
        self.transactor(&rpc).send(instructions, others).await
    }

    /// Makes an oracle stop, or resume, answering: what a dead operator looks like.
    ///
    /// # Errors
    /// Where there is no such oracle.
    pub fn silence_oracle(&self, index: usize, silent: bool) -> Result<()> {
        let world = self.world.as_ref();
        match world.map(|world| world.gateway.silence(index, silent)) {
            Some(true) => Ok(()),
            _ => Err(LocalnetError::NoOracles("no such oracle")),
        }
    }

    /// Sets when an oracle's attestation expires, in Unix seconds of the cluster.
    ///
    /// # Errors
    /// Where there is no such oracle, or the transaction fails.
    pub async fn set_oracle_expiry(&self, index: usize, valid_until: i64) -> Result<()> {
        let oracle = self
            .oracles()
            .get(index)
            .ok_or(LocalnetError::NoOracles("no such oracle"))?;
        let payer = self.payer.pubkey();
        let heartbeat = client::oracle_heartbeat(oracle.pubkey, payer, Some(valid_until));
        self.send(&[heartbeat], &[]).await?;
        Ok(())
    }

    /// Whether the cluster still runs.
    ///
    /// # Errors
    /// Where a cluster started here has ended, with its last words.
    pub fn check(&mut self) -> Result<()> {
        self.cluster.check()
    }

    /// Ends the gateway and the cluster, and waits for it. One that was attached to
    /// goes on.
    pub async fn shutdown(self) {
        drop(self.world);
        if let Some(process) = self.cluster.process {
            process.stop().await;
        }
    }

    fn transactor<'a>(&'a self, rpc: &'a RpcClient) -> Transactor<'a> {
        Transactor {
            rpc,
            payer: &self.payer,
            patience: self.patience,
        }
    }
}
