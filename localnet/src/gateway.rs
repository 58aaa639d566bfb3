//! The oracles' gateway: what Switchboard's answers over HTTP, for oracles whose keys
//! we hold.
//!
//! Oracle `i` is served under `/i`, so that each answers with its own key. The gateway
//! runs on a thread and a runtime of its own, and so serves whichever runtime asks.

mod reveal;
mod wire;

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    routing::post,
};
use k256::ecdsa::SigningKey;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{LocalnetError, Result, cluster};
use wire::GatewayError;
pub use wire::{RevealRequest, RevealResponse};

/// What comes after an oracle's gateway address.
pub const REVEAL_PATH: &str = "/gateway/api/v1/randomness_reveal";

const WHAT: &str = "the oracles' gateway";

/// An oracle as the gateway plays it.
pub(crate) struct Player {
    pub pubkey: Pubkey,
    pub signing: SigningKey,
    /// What its values are made of; nobody else knows it.
    pub secret: [u8; 32],
    /// Whether it has stopped answering, for those who test what happens then.
    pub silent: AtomicBool,
}

/// A listening gateway that does not answer yet.
pub(crate) struct Bound {
    listener: TcpListener,
    pub url: String,
}

/// An answering gateway; it ends when this is dropped.
pub(crate) struct Gateway {
    pub url: String,
    players: Arc<[Player]>,
    _stop: DropGuard,
}

struct Answering {
    rpc: RpcClient,
    players: Arc<[Player]>,
}

/// Takes a port, so that the oracle accounts can name it before anything is served.
pub(crate) fn bind(port: Option<u16>) -> Result<Bound> {
    let failed = |source| LocalnetError::Start { what: WHAT, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0))).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Bound {
        listener,
        url: format!("http://{address}"),
    })
}

/// The address oracle `index` names, where this is the gateway's.
pub(crate) fn oracle_url(gateway: &str, index: usize) -> String {
    format!("{gateway}/{index}")
}

impl Bound {
    /// Starts answering for these oracles, from what this RPC shows.
    pub fn serve(self, rpc_url: &str, players: Vec<Player>) -> Result<Gateway> {
        let failed = |source| LocalnetError::Start { what: WHAT, source };
        let players: Arc<[Player]> = players.into();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let (rpc_url, seen) = (rpc_url.to_owned(), players.clone());
        let listener = self.listener;
        let serve = async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let state = Answering {
                rpc: cluster::rpc_client(&rpc_url),
                players: seen,
            };
            tokio::select! {
                result = axum::serve(listener, router(state)) => result,
                () = stopped.cancelled() => Ok(()),
            }
        };
        thread::Builder::new()
            .name("oracle-gateway".into())
            .spawn(move || {
                if let Err(error) = runtime.block_on(serve) {
                    tracing::error!(%error, "the gateway ended");
                }
            })
            .map_err(failed)?;
        Ok(Gateway {
            url: self.url,
            players,
            _stop: stop.drop_guard(),
        })
    }
}

impl Gateway {
    /// Makes an oracle stop, or resume, answering; false where there is no such oracle.
    pub fn silence(&self, index: usize, silent: bool) -> bool {
        self.players
            .get(index)
            .map(|player| player.silent.store(silent, Ordering::Relaxed))
            .is_some()
    }
}

fn router(state: Answering) -> Router {
    Router::new()
        .route(
            &format!("/{{oracle}}{REVEAL_PATH}"),
            post(randomness_reveal),
        )
        .fallback(async || GatewayError::NoSuchRoute)
        .method_not_allowed_fallback(async || GatewayError::NotAPost)
        .with_state(Arc::new(state))
}

async fn randomness_reveal(
    State(state): State<Arc<Answering>>,
    Path(oracle): Path<String>,
    body: Bytes,
) -> Result<Json<RevealResponse>, GatewayError> {
    let player = oracle
        .parse::<usize>()
        .ok()
        .and_then(|index| state.players.get(index))
        .ok_or(GatewayError::NoSuchOracle(oracle))?;
    if player.silent.load(Ordering::Relaxed) {
        return Err(GatewayError::Silent);
    }
    let request = wire::parse(&body)?;
    let answer = reveal::answer(&state.rpc, player, &request).await;
    match &answer {
        Ok(_) => tracing::debug!(oracle = %player.pubkey, slot = request.slot, "revealed"),
        Err(error) => tracing::debug!(oracle = %player.pubkey, %error, "refused"),
    }
    answer.map(Json)
}
