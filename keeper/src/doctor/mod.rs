//! Whether this keeper could do its work, checked from keys to oracles; each
//! complaint comes with what to do about it.

mod chain;
mod database;
mod fees;
mod local;
mod nodes;

use std::{sync::Arc, time::Duration};

use serde::Serialize;

use crate::{
    config::Config,
    load::Loader,
    mirror::Mirror,
    run::{self, reads},
    text,
};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// How good what was found is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Good,
    /// It works, but somebody should look at it.
    Doubtful,
    Bad,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub name: &'static str,
    pub level: Level,
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
            level: Level::Good,
            seen: seen.into(),
            remedy: None,
        });
    }

    fn doubtful(&mut self, name: &'static str, seen: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Finding {
            name,
            level: Level::Doubtful,
            seen: seen.into(),
            remedy: Some(remedy.into()),
        });
    }

    fn bad(&mut self, name: &'static str, seen: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Finding {
            name,
            level: Level::Bad,
            seen: seen.into(),
            remedy: Some(remedy.into()),
        });
    }
}

/// Runs all checks that can be run.
pub async fn check(config: &Config) -> Vec<Finding> {
    let mut findings = Findings::default();
    let payer = local::check_keypair(config, &mut findings);
    local::check_listen(config, &mut findings).await;
    database::check_database(config, &mut findings).await;
    if !nodes::check_nodes(config, &mut findings).await {
        return findings.0;
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
    findings.0
}
