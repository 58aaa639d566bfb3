//! What operators are given beside the binary: alerts, dashboard and unit name only what
//! there is.
#![expect(clippy::unwrap_used, reason = "tests")]

use clap::CommandFactory as _;
use lottery_keeper::{
    cli::Cli,
    config::{Config, Options},
    telemetry::metrics::{ALL, shown_at_first},
};
use lottery_service::testing::Deployed;

fn keeper() -> Deployed {
    let defaults = Config::complete(Options {
        rpc_url: Some(vec!["http://localhost".to_owned()]),
        ..Options::default()
    });
    Deployed {
        name: "keeper",
        metrics: ALL,
        shown_at_first: shown_at_first(1),
        command: Cli::command(),
        drain: defaults.unwrap().drain,
    }
}

#[test]
fn alerts_and_dashboard_name_only_what_is_exported_and_all_of_it() {
    keeper().check_names();
}

#[test]
fn every_alert_says_what_is_wrong_and_where_to_read_on() {
    keeper().check_runbook();
}

#[test]
fn prometheus_scrapes_the_job_that_the_alerts_know() {
    keeper().check_scraping();
}

#[test]
fn the_unit_starts_the_keeper_and_lets_it_drain() {
    keeper().check_unit();
}
