//! Whether this indexer could do its work, checked from the node to the tables; each
//! complaint comes with what to do about it.

mod chain;
mod database;
mod tables;

use lottery_service::doctor::{Findings, check_listen};

use crate::{config::Config, run::Context};

/// Runs all checks that can be run.
pub async fn check(config: &Config) -> Findings {
    let mut findings = Findings::default();
    check_listen("listen", "indexer", config.listen, &mut findings).await;
    if let Some(address) = config.metrics_listen {
        check_listen("metrics", "indexer", address, &mut findings).await;
    }
    let context = Context::new(config.clone());
    let node = chain::check(&context, &mut findings).await;
    if database::check(&context, &mut findings).await {
        tables::check(&context, node.as_ref(), &mut findings).await;
    }
    database::check_replica(config, &mut findings).await;
    context.pool.close().await;
    findings
}
