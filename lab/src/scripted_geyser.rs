//! A Yellowstone server that is not there: the gRPC interface of a Solana node's
//! Geyser plugin, over a chain that a test writes slot by slot, forks included.
//!
//! What it sends, and in which order, is what the plugin does since its version 13.2:
//! at `processed` whatever happens is sent as it happens; at higher commitments a slot's
//! contents are sent when it gets there, each account's last ones only; a slot's status
//! comes after its contents, at every commitment; and lifecycle statuses (a bank was
//! created, a slot is dead) come at once. It executes nothing.

mod block;
mod chain;
mod fault;
mod filter;
mod publish;
mod service;
mod state;
mod streams;
mod subscription;
mod transaction;

use std::net::SocketAddr;

use rcgen::{CertifiedKey, KeyPair};
use tokio_util::sync::{CancellationToken, DropGuard};
use yellowstone_grpc_proto::tonic::transport::Identity;
pub use yellowstone_grpc_proto::{
    geyser, solana::storage::confirmed_block as storage, tonic::Code,
};

pub use chain::GeyserChain;
pub use fault::GeyserFault;
pub use state::ScriptedAccount;
pub use streams::Streams;
pub use transaction::{ScriptedCall, ScriptedTransaction};

use crate::{LabError, TcpProxy, TcpWeather, listen, weather::Weather};
use service::Served;

/// The weather over calls and over what streams send. Calls go by their names
/// (`Subscribe`, `GetSlot`), messages by what they are: `account`, `transaction`,
/// `slot`, `block_meta`, `ping`, `pong`; their parameters name the `slot`, and a slot's
/// `status`.
pub type GeyserWeather = Weather<GeyserFault>;

/// Slot that a chain begins after unless told otherwise; it is final.
const BASE: u64 = 1_000;

/// A listening server; it ends when this is dropped, and all of its connections with it.
///
/// ```no_run
/// # async fn example() -> Result<(), lottery_lab::LabError> {
/// use lottery_lab::{GeyserFault, Rule, ScriptedGeyser};
///
/// let server = ScriptedGeyser::start(7).await?;
/// // The third account that is sent comes twice, and the stream ends after the ninth.
/// server.weather.add(Rule::on("account", GeyserFault::Twice).after(2).next(1));
/// server.weather.add(Rule::on("account", GeyserFault::End(None)).after(9).next(1));
/// // … a client subscribes at `server.url()` …
/// server.streams.until(|streams| streams.subscribed() == 1).await;
/// server.chain.advance(3);
/// server.connections.cut_all();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ScriptedGeyser {
    /// What happens on the chain.
    pub chain: GeyserChain,
    /// Faults of calls and messages, counters and hooks.
    pub weather: GeyserWeather,
    /// What holds for all streams, and how far they got.
    pub streams: Streams,
    /// Faults of TCP connections.
    pub connections: TcpWeather,
    proxy: TcpProxy,
    /// What its certificate is checked with (PEM), where it speaks TLS.
    authority: Option<String>,
    _stop: DropGuard,
}

impl ScriptedGeyser {
    /// Listens. Chance comes from the seed.
    pub async fn start(seed: u64) -> Result<Self, LabError> {
        Self::start_after(BASE, seed).await
    }

    /// The same with a chain that begins after a slot.
    pub async fn start_after(slot: u64, seed: u64) -> Result<Self, LabError> {
        Self::serve(slot, seed, None).await
    }

    /// The same over TLS, with a certificate that only [`authority`](Self::authority)
    /// vouches for.
    pub async fn start_secure_after(slot: u64, seed: u64) -> Result<Self, LabError> {
        let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        Self::serve(slot, seed, Some(certified)).await
    }

    async fn serve(
        slot: u64,
        seed: u64,
        certified: Option<CertifiedKey<KeyPair>>,
    ) -> Result<Self, LabError> {
        let (listener, address) = listen::any().await?;
        let authority = certified.as_ref().map(|certified| certified.cert.pem());
        let identity = certified.map(|CertifiedKey { cert, signing_key }| {
            Identity::from_pem(cert.pem(), signing_key.serialize_pem())
        });
        let served = Served {
            chain: GeyserChain::new(slot),
            weather: GeyserWeather::new(seed),
            streams: Streams::new(),
        };
        let (chain, weather, streams) = (
            served.chain.clone(),
            served.weather.clone(),
            served.streams.clone(),
        );
        let stop = CancellationToken::new();
        tokio::spawn(service::serve(listener, identity, served, stop.clone()));
        // Whoever connects goes through it: a cut connection ends as it would elsewhere.
        let proxy = TcpProxy::start(address.to_string(), seed).await?;
        Ok(Self {
            chain,
            weather,
            streams,
            connections: proxy.weather.clone(),
            proxy,
            authority,
            _stop: stop.drop_guard(),
        })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.proxy.address()
    }

    /// Who vouches for it (PEM), where it speaks TLS.
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// The same as a URL.
    pub fn url(&self) -> String {
        let scheme = match self.authority {
            Some(_) => "https",
            None => "http",
        };
        format!("{scheme}://{}", self.address())
    }
}
