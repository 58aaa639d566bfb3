//! Whether this keeper could do its work, checked from keys to oracles; each
//! complaint comes with what to do about it.

mod chain;
mod database;
mod fees;
mod local;
mod nodes;

use std::sync::Arc;

use lottery_service::doctor::{Findings, check_listen};

use crate::{
    config::Config,
    load::Loader,
    mirror::Mirror,
    run::{self, reads},
    text,
};

/// Runs all checks that can be run.
pub async fn check(config: &Config) -> Findings {
    let mut findings = Findings::default();
    let payer = local::check_keypair(config, &mut findings);
    if let Some(address) = config.listen {
        check_listen("listen", "keeper", address, &mut findings).await;
    }
    database::check_database(config, &mut findings).await;
    if !nodes::check_nodes(config, &mut findings).await {
        return findings;
    }
    let pool = run::pool(config, None);
    let loader = Loader::new(Arc::new(pool.client()), config.settings.house);
    if let Some(payer) = payer {
        chain::check_balance(config, &loader, &payer, &mut findings).await;
    }
    chain::check_program(&loader, &mut findings).await;
    chain::check_clock(&loader, &mut findings).await;
    let mut mirror = Mirror::new(config.settings.house, false);
    match reads::catch_up(&loader, &mut mirror, false).await {
        Ok(()) => {
            chain::check_houses(config, mirror.state(), &mut findings);
            chain::check_oracles(mirror.state(), &mut findings).await;
            chain::check_layouts(mirror.undecodable(), &mut findings);
            fees::check_fees(config, pool, mirror.state(), &mut findings).await;
        }
        Err(error) => findings.bad(
            "accounts",
            text::scrub(&error),
            "use a node that serves getProgramAccounts for the lottery program",
        ),
    }
    findings
}
