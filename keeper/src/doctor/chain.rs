//! What the chain holds: money, program, houses, oracles.

use lottery_client::lottery;
use lottery_service::doctor::{Findings, chain_clock, is_reachable, program};
use solana_pubkey::Pubkey;

use crate::{config::Config, load::Loader, state::ChainState, text};

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
    match loader.accounts(&[lottery::ID], None).await {
        Ok(read) => {
            let account = read.accounts.first().and_then(Option::as_ref);
            program(&lottery::ID, account.map(|it| it.executable), findings);
        }
        Err(error) => findings.bad("program", text::scrub(&error), "check the node"),
    }
}

pub(super) async fn check_clock(loader: &Loader, findings: &mut Findings) {
    match loader.clock().await {
        Ok(clock) => chain_clock(clock.slot, clock.now, findings),
        Err(error) => findings.bad("clock", text::scrub(&error), "check the node"),
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
