//! What the chain holds: money, program, houses, oracles.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lottery_client::lottery;
use solana_pubkey::Pubkey;

use super::{Findings, local::is_reachable};
use crate::{config::Config, load::Loader, state::ChainState, text};

/// Largest difference between the chain's clock and the machine's that is no
/// cause for concern: the chain's may drift by that much.
const MAX_SKEW: Duration = Duration::from_secs(60);

pub(super) async fn check_balance(
    config: &Config,
    loader: &Loader,
    payer: &Pubkey,
    findings: &mut Findings,
) {
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

pub(super) async fn check_program(loader: &Loader, findings: &mut Findings) {
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

pub(super) async fn check_clock(loader: &Loader, findings: &mut Findings) {
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

pub(super) fn check_houses(config: &Config, state: &ChainState, findings: &mut Findings) {
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

pub(super) async fn check_oracles(state: &ChainState, findings: &mut Findings) {
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

pub(super) fn check_layouts(undecodable: usize, findings: &mut Findings) {
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
