//! A Solana node, asked by itself.

use std::{fmt::Display, time::Duration};

use solana_commitment_config::CommitmentConfig;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::client_error::Error;
use tokio::time::timeout;

use super::{CONNECT, Findings};
use crate::{config::Endpoint, text::scrub};

/// What a node says of itself.
pub struct Node<'a> {
    pub endpoint: &'a Endpoint,
    pub version: String,
    pub genesis: String,
    pub slot: u64,
}

/// Asks a node for its version, cluster and newest confirmed slot.
///
/// # Errors
/// When it does not answer.
pub async fn ask(endpoint: &Endpoint, longest: Duration) -> Result<Node<'_>, Box<Error>> {
    let rpc = RpcClient::new_with_timeout_and_commitment(
        endpoint.rpc_url.clone(),
        longest,
        CommitmentConfig::confirmed(),
    );
    let (version, genesis, slot) =
        tokio::try_join!(rpc.get_version(), rpc.get_genesis_hash(), rpc.get_slot())?;
    Ok(Node {
        endpoint,
        version: version.solana_core,
        genesis: genesis.to_string(),
        slot,
    })
}

/// Whether the program is on the node's cluster: `executable` of its account, if there is
/// one.
pub fn program(address: &impl Display, executable: Option<bool>, findings: &mut Findings) {
    let remedy = "deploy the program to this cluster, or check rpc_url";
    match executable {
        Some(true) => findings.good("program", address.to_string()),
        Some(false) => {
            findings.bad("program", format!("{address} is not executable"), remedy);
        }
        None => findings.bad("program", format!("{address} is not deployed"), remedy),
    }
}

/// Whether a node lets itself be followed.
pub async fn check_websocket(ws_url: &str, findings: &mut Findings) {
    let url = scrub(ws_url);
    match timeout(CONNECT, PubsubClient::new(ws_url)).await {
        Ok(Ok(_)) => findings.good("websocket", url),
        Ok(Err(error)) => {
            findings.bad("websocket", scrub(&error), format!("check ws_url {url}"));
        }
        Err(_) => findings.bad(
            "websocket",
            format!("{url} does not answer"),
            "check ws_url",
        ),
    }
}
