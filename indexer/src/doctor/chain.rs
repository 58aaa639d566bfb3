//! The node, its stream, and the program on its cluster.

use std::time::Duration;

use lottery_client::clock::{CLOCK, ChainClock};
use lottery_service::{
    doctor::{Findings, ask, chain_clock, check_websocket, program as check_program},
    text::scrub,
};
use solana_account_decoder_client_types::{UiAccountEncoding, UiDataSliceConfig};
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::config::{RpcAccountInfoConfig, RpcProgramAccountsConfig};

use crate::{
    config::{Geyser, SourceKind},
    run::Context,
    source::geyser::{About, GeyserError, about},
};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What tells the node's cluster and time.
pub(super) struct Node {
    pub genesis: String,
    pub slot: i64,
}

/// Checks everything about the chain; what the node said, if it did.
pub(super) async fn check(context: &Context, findings: &mut Findings) -> Option<Node> {
    let config = &context.config;
    let node = match ask(&config.endpoint, PATIENCE).await {
        Ok(node) => {
            let (version, slot, genesis) = (&node.version, node.slot, &node.genesis);
            let seen = format!(
                "{}: version {version}, slot {slot}, genesis {genesis}",
                config.endpoint
            );
            findings.good("node", seen);
            Some(Node {
                genesis: node.genesis,
                slot: i64::try_from(slot).unwrap_or(i64::MAX),
            })
        }
        Err(error) => {
            let remedy = format!("check rpc_url, and that {} runs", config.endpoint);
            findings.bad("node", scrub(&error), remedy);
            None
        }
    };
    match (config.source, &config.geyser) {
        (SourceKind::Polling, _) => {}
        (SourceKind::Geyser, Some(geyser)) => check_geyser(geyser, findings).await,
        (SourceKind::Websocket | SourceKind::Geyser, _) => {
            check_websocket(&config.endpoint.ws_url, findings).await;
        }
    }
    if node.is_some() {
        check_accounts(&context.rpc, findings).await;
        check_search(&context.rpc, findings).await;
    }
    node
}

async fn check_geyser(geyser: &Geyser, findings: &mut Findings) {
    let url = geyser.url.expose();
    let shown = scrub(url);
    let About {
        version,
        first_slot,
    } = match ask_geyser(geyser).await {
        Ok(about) => about,
        Err(error @ GeyserError::Token(_)) => {
            return findings.bad("geyser", error.to_string(), "check geyser_token");
        }
        Err(error @ GeyserError::Setting(_)) => {
            return findings.bad(
                "geyser",
                error.to_string(),
                "name a file of certificates (PEM)",
            );
        }
        Err(error @ GeyserError::Stranger(_)) => {
            let remedy = "check geyser_url and geyser_ca";
            return findings.bad("geyser", scrub(&error), remedy);
        }
        Err(error) => {
            let remedy = "check geyser_url, and that the way to it is open";
            return findings.bad("geyser", scrub(&error), remedy);
        }
    };
    let kept = first_slot.map_or_else(String::new, |slot| format!(", slots since {slot} again"));
    let seen = format!("{shown}: version {version}{kept}");
    if geyser.token.is_some() && url.starts_with("http://") {
        let remedy = "the token goes over the network in the clear: use https://";
        return findings.doubtful("geyser", seen, remedy);
    }
    findings.good("geyser", seen);
}

async fn ask_geyser(geyser: &Geyser) -> Result<About, GeyserError> {
    about(&geyser.server()?, PATIENCE).await
}

/// Reads the program and the chain's clock.
async fn check_accounts(rpc: &RpcClient, findings: &mut Findings) {
    let read = rpc.get_multiple_accounts(&[lottery::ID, CLOCK]).await;
    let accounts = match read {
        Ok(accounts) => accounts,
        Err(error) => return findings.bad("program", scrub(&error), "check the node"),
    };
    let mut accounts = accounts.into_iter();
    let program = accounts.next().flatten();
    check_program(&lottery::ID, program.map(|it| it.executable), findings);
    let clock = accounts.next().flatten();
    match clock.and_then(|clock| ChainClock::parse(&clock.data)) {
        Some(clock) => chain_clock(clock.slot, clock.now, findings),
        None => findings.bad("clock", "the node has none", "use another node"),
    }
}

/// Whether the node serves what snapshots are made of. Asks for addresses alone.
async fn check_search(rpc: &RpcClient, findings: &mut Findings) {
    let config = RpcProgramAccountsConfig {
        account_config: RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            data_slice: Some(UiDataSliceConfig {
                offset: 0,
                length: 0,
            }),
            ..RpcAccountInfoConfig::default()
        },
        ..RpcProgramAccountsConfig::default()
    };
    match rpc
        .get_program_ui_accounts_with_config(&lottery::ID, config)
        .await
    {
        Ok(accounts) => findings.good("accounts", format!("{} on chain", accounts.len())),
        Err(error) => findings.bad(
            "accounts",
            scrub(&error),
            "use a node that serves getProgramAccounts for the lottery program",
        ),
    }
}
