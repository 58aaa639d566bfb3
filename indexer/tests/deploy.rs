//! What operators are given beside the binary: alerts, dashboard and unit name only what
//! there is.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use clap::CommandFactory as _;
use lottery_indexer::{
    cli::Cli,
    config::{Config, Options},
    telemetry::metrics::{ALL, shown_at_first},
};
use lottery_service::testing::Deployed;

fn indexer() -> Deployed {
    Deployed {
        name: "indexer",
        metrics: ALL,
        shown_at_first: shown_at_first(),
        command: Cli::command(),
        drain: Config::complete(Options::default()).unwrap().drain,
    }
}

#[test]
fn alerts_and_dashboard_name_only_what_is_exported_and_all_of_it() {
    indexer().check_names();
}

#[test]
fn every_alert_says_what_is_wrong_and_where_to_read_on() {
    indexer().check_runbook();
}

#[test]
fn prometheus_scrapes_the_job_that_the_alerts_know() {
    indexer().check_scraping();
}

#[test]
fn the_unit_starts_the_indexer_and_lets_it_drain() {
    indexer().check_unit();
}
