//! Whether this keeper could do its work, checked from keys to oracles; each
//! complaint comes with what to do about it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lottery_client::{keypair, lottery};
use solana_pubkey::Pubkey;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_signer::Signer as _;
use tokio::{net::TcpStream, time::timeout};

use crate::{
    config::Config,
    load::Loader,
    run::{self, reads},
    state::ChainState,
    text,
};

/// Largest difference between the chain's clock and the machine's that is no
/// cause for concern: the chain's may drift by that much.
const MAX_SKEW: Duration = Duration::from_secs(60);

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub name: &'static str,
    /// What was seen.
    pub seen: String,
    /// What to do, if something is wrong.
    pub remedy: Option<String>,
}

/// Findings in the order they were made.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn good(&mut self, name: &'static str, seen: impl Into<String>) {
        self.0.push(Finding {
            name,
            seen: seen.into(),
            remedy: None,
        });
    }

    fn bad(&mut self, name: &'static str, seen: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Finding {
            name,
            seen: seen.into(),
            remedy: Some(remedy.into()),
        });
    }
}

/// Runs all checks that can be run.
pub async fn check(config: &Config) -> Vec<Finding> {
    let mut findings = Findings::default();
    let loader = run::loader(config);
    let payer = check_keypair(config, &mut findings);
    for endpoint in &config.endpoints {
        check_websocket(&endpoint.ws_url, &mut findings).await;
    }
    if !check_node(&loader, &mut findings).await {
        return findings.0;
    }
    if let Some(payer) = payer {
        check_balance(config, &loader, &payer, &mut findings).await;
    }
    check_program(&loader, &mut findings).await;
    check_clock(&loader, &mut findings).await;
    let mut mirror = crate::mirror::Mirror::new(config.settings.house, false);
    match reads::catch_up(&loader, &mut mirror, false).await {
        Ok(()) => {
            check_houses(config, mirror.state(), &mut findings);
            check_oracles(mirror.state(), &mut findings).await;
            check_layouts(mirror.undecodable(), &mut findings);
        }
        Err(error) => findings.bad(
            "accounts",
            text::scrub(&error),
            "use a node that serves getProgramAccounts for the lottery program",
        ),
    }
    findings.0
}

fn check_keypair(config: &Config, findings: &mut Findings) -> Option<Pubkey> {
    let Some(path) = &config.keypair else {
        findings.bad("keypair", "none is set", "set keypair to a keypair file");
        return None;
    };
    match keypair::read(path) {
        Ok(keypair) => {
            findings.good("keypair", keypair.pubkey().to_string());
            Some(keypair.pubkey())
        }
        Err(error) => {
            let remedy = "point keypair to a file made by `solana-keygen new`";
            findings.bad("keypair", error.to_string(), remedy);
            None
        }
    }
}

async fn check_node(loader: &Loader, findings: &mut Findings) -> bool {
    match loader.rpc().get_version().await {
        Ok(version) => {
            findings.good("node", format!("version {}", version.solana_core));
            true
        }
        Err(error) => {
            let remedy = "check rpc_url and that the node runs";
            findings.bad("node", text::scrub(&error), remedy);
            false
        }
    }
}

async fn check_websocket(ws_url: &str, findings: &mut Findings) {
    let url = text::scrub(ws_url);
    match timeout(CONNECT, PubsubClient::new(ws_url)).await {
        Ok(Ok(_)) => findings.good("websocket", url),
        Ok(Err(error)) => findings.bad("websocket", text::scrub(&error), "check ws_url"),
        Err(_) => findings.bad(
            "websocket",
            format!("{url} does not answer"),
            "check ws_url",
        ),
    }
}

async fn check_balance(config: &Config, loader: &Loader, payer: &Pubkey, findings: &mut Findings) {
    match loader.rpc().get_balance(payer).await {
        Ok(balance) if balance >= config.min_balance => {
            findings.good("balance", format!("{balance} lamports"));
        }
        Ok(balance) => findings.bad(
            "balance",
            format!("{balance} lamports"),
            format!(
                "send at least {} lamports to {payer}",
                config.min_balance - balance
            ),
        ),
        Err(error) => findings.bad("balance", text::scrub(&error), "check the node"),
    }
}

async fn check_program(loader: &Loader, findings: &mut Findings) {
    let remedy = "deploy the program to this cluster, or check rpc_url";
    match loader.accounts(&[lottery::ID], None).await {
        Ok(read) => match read.accounts.first() {
            Some(Some(program)) if program.executable => {
                findings.good("program", lottery::ID.to_string());
            }
            Some(Some(_)) => {
                findings.bad(
                    "program",
                    format!("{} is not executable", lottery::ID),
                    remedy,
                );
            }
            _ => findings.bad(
                "program",
                format!("{} is not deployed", lottery::ID),
                remedy,
            ),
        },
        Err(error) => findings.bad("program", text::scrub(&error), "check the node"),
    }
}

async fn check_clock(loader: &Loader, findings: &mut Findings) {
    let clock = match loader.clock().await {
        Ok(clock) => clock,
        Err(error) => return findings.bad("clock", text::scrub(&error), "check the node"),
    };
    let machine = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or(i64::MAX);
    let skew = machine.abs_diff(clock.now);
    let seen = format!("slot {}, {skew} s from the machine's clock", clock.slot);
    if skew <= MAX_SKEW.as_secs() {
        findings.good("clock", seen);
    } else {
        let remedy = "synchronise the machine's clock, or use a node that keeps up";
        findings.bad("clock", seen, remedy);
    }
}

fn check_houses(config: &Config, state: &ChainState, findings: &mut Findings) {
    if state.houses.is_empty() {
        let remedy = match config.settings.house {
            Some(house) => format!("check that {house} is a house on this cluster"),
            None => "create a house first".to_owned(),
        };
        return findings.bad("houses", "none", remedy);
    }
    let seen = format!("{}, with {} lanes", state.houses.len(), state.lanes.len());
    findings.good("houses", seen);
}

async fn check_oracles(state: &ChainState, findings: &mut Findings) {
    for queue in state.queues() {
        let oracles = state
            .oracles
            .get(&queue)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let live: Vec<_> = oracles
            .iter()
            .filter(|oracle| oracle.is_live(state.now))
            .collect();
        let seen = format!("{} live of {} on queue {queue}", live.len(), oracles.len());
        if live.is_empty() {
            let remedy = "wait for an oracle to be attested, or choose another queue";
            findings.bad("oracles", seen, remedy);
            continue;
        }
        findings.good("oracles", seen);
        for oracle in live {
            let Some(gateway) = &oracle.gateway else {
                continue;
            };
            let seen = format!("{} of oracle {}", text::scrub(gateway), oracle.address);
            if is_reachable(gateway).await {
                findings.good("gateway", seen);
            } else {
                let remedy = "open the way to it; draws given to this oracle cannot be revealed";
                findings.bad("gateway", format!("{seen} does not answer"), remedy);
            }
        }
    }
}

/// Whether something listens there.
async fn is_reachable(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let address = match (has_port, scheme) {
        (true, _) => authority.to_owned(),
        (false, "https") => format!("{authority}:443"),
        (false, _) => format!("{authority}:80"),
    };
    matches!(
        timeout(CONNECT, TcpStream::connect(address)).await,
        Ok(Ok(_))
    )
}

fn check_layouts(undecodable: usize, findings: &mut Findings) {
    if undecodable > 0 {
        let remedy = "use the keeper built with the program that is deployed";
        findings.bad(
            "layouts",
            format!("{undecodable} unreadable accounts"),
            remedy,
        );
    } else {
        findings.good("layouts", "all accounts are readable");
    }
}
