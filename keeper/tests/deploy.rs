//! What operators are given beside the binary: alerts, dashboard and unit name only what
//! there is.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use clap::CommandFactory as _;
use lottery_keeper::{
    cli::Cli,
    config::{Config, Options},
    telemetry::metrics::{ALL, Metric, Sort, shown_at_first},
};
use serde_json::Value;

const PREFIX: &str = "lottery_keeper_";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn yaml(path: &str) -> Value {
    serde_norway::from_str(&text(path)).unwrap()
}

struct Alert {
    name: String,
    expression: String,
    severity: String,
    summary: String,
    description: String,
    runbook: String,
}

fn alerts() -> Vec<Alert> {
    let file = yaml("deploy/prometheus/keeper-alerts.yml");
    let groups = file.get("groups").unwrap().as_array().unwrap();
    let rules = groups
        .iter()
        .flat_map(|group| group.get("rules").unwrap().as_array().unwrap());
    rules
        .map(|rule| {
            let at = |path: &str| match rule.pointer(path) {
                Some(Value::String(text)) => text.clone(),
                other => panic!("{path} of {rule} is {other:?}"),
            };
            Alert {
                name: at("/alert"),
                expression: at("/expr"),
                severity: at("/labels/severity"),
                summary: at("/annotations/summary"),
                description: at("/annotations/description"),
                runbook: at("/annotations/runbook_url"),
            }
        })
        .collect()
}

/// Every expression of the dashboard, with its panel's title.
fn dashboard() -> Vec<(String, String)> {
    let board: Value = serde_json::from_str(&text("deploy/grafana/keeper.json")).unwrap();
    let panels = board.get("panels").unwrap().as_array().unwrap();
    let mut expressions = Vec::new();
    for panel in panels {
        let title = panel.get("title").unwrap().as_str().unwrap();
        let targets = panel.get("targets").and_then(Value::as_array);
        for target in targets.into_iter().flatten() {
            let expression = target.get("expr").unwrap().as_str().unwrap();
            expressions.push((title.to_owned(), expression.to_owned()));
        }
    }
    let notes = board
        .pointer("/annotations/list")
        .unwrap()
        .as_array()
        .unwrap();
    for note in notes {
        let expression = note.get("expr").unwrap().as_str().unwrap();
        expressions.push(("annotations".to_owned(), expression.to_owned()));
    }
    expressions
}

/// Our metrics that an expression names, each with what it is filtered by.
fn selectors(expression: &str) -> Vec<(&str, &str)> {
    let starts = expression.match_indices(PREFIX).map(|(at, _)| at);
    starts
        .map(|at| {
            let rest = expression.get(at..).unwrap();
            let end = rest
                .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                .unwrap_or(rest.len());
            let (name, rest) = rest.split_at(end);
            let filter = rest.strip_prefix('{').and_then(|it| it.split_once('}'));
            (name, filter.map_or("", |(filter, _)| filter))
        })
        .collect()
}

/// The metric of a series.
fn metric(series: &str) -> Option<&'static Metric> {
    ALL.iter().find(|metric| match metric.sort {
        Sort::Histogram(_) => ["_bucket", "_sum", "_count"]
            .iter()
            .any(|suffix| series.strip_suffix(suffix) == Some(metric.name)),
        Sort::Counter | Sort::Gauge => series == metric.name,
    })
}

#[test]
fn alerts_and_dashboard_name_only_what_is_exported_and_all_of_it() {
    let shown = shown_at_first(1);
    let alerts = alerts()
        .into_iter()
        .map(|alert| (alert.name, alert.expression));
    let mut named = BTreeSet::new();
    for (whose, expression) in alerts.chain(dashboard()) {
        for (series, filter) in selectors(&expression) {
            let metric = metric(series);
            let name = metric.map(|metric| metric.name);
            assert!(name.is_some(), "{whose}: {series} is not exported");
            named.extend(name);
            for condition in filter.split(',').filter(|it| !it.is_empty()) {
                let (label, value) = condition.split_once('=').unwrap();
                // Prometheus adds it.
                if label == "instance" {
                    continue;
                }
                // With `!=`, some other value.
                let wanted = match label.strip_suffix('!') {
                    Some(label) => format!("{label}=\""),
                    None => format!("{label}={value}"),
                };
                let mut lines = shown.lines();
                let is_there = lines
                    .any(|line| line.starts_with(&format!("{series}{{")) && line.contains(&wanted));
                assert!(is_there, "{whose}: {series} never has {wanted}");
            }
        }
    }
    let every: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
    assert_eq!(named, every, "exported, but nowhere to be seen");
}

/// The anchors of a page's headings.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter_map(|letter| match letter {
                ' ' => Some('-'),
                '-' | '_' => Some(letter),
                _ => letter.is_alphanumeric().then_some(letter),
            });
            kept.collect()
        })
        .collect()
}

#[test]
fn every_alert_says_what_is_wrong_and_where_to_read_on() {
    let anchors = anchors(&text("docs/operations.md"));
    let mut seen = BTreeSet::new();
    for alert in alerts() {
        let name = &alert.name;
        assert!(name.starts_with("LotteryKeeper"), "{name}");
        let is_new = seen.insert((name.clone(), alert.severity.clone()));
        assert!(is_new, "{name} is there twice");
        assert!(
            ["warning", "critical"].contains(&alert.severity.as_str()),
            "{name}"
        );
        assert!(
            !alert.summary.is_empty() && !alert.description.is_empty(),
            "{name}"
        );
        let anchor = alert.runbook.strip_prefix("docs/operations.md#").unwrap();
        assert!(anchors.contains(anchor), "{name}: no heading for #{anchor}");
        assert_eq!(anchor, name.to_lowercase());
    }
    let headings = anchors.iter().filter(|it| it.starts_with("lotterykeeper"));
    for heading in headings {
        let has_alert = seen.iter().any(|(name, _)| name.to_lowercase() == *heading);
        assert!(
            has_alert,
            "docs/operations.md explains {heading}, which is no alert"
        );
    }
}

#[test]
fn prometheus_scrapes_the_job_that_the_alerts_know() {
    let file = yaml("deploy/prometheus/prometheus.yml");
    let job = file.pointer("/scrape_configs/0/job_name").unwrap();
    assert_eq!(job, "lottery-keeper");
    assert_eq!(file.pointer("/rule_files/0").unwrap(), "keeper-alerts.yml");
    let down = alerts()
        .into_iter()
        .find(|alert| alert.name == "LotteryKeeperDown");
    assert!(down.unwrap().expression.contains("job=\"lottery-keeper\""));
}

/// Values of a key of a systemd unit.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    let settings = unit.lines().filter_map(|line| line.split_once('='));
    let of_key = settings.filter(|(name, _)| *name == key);
    of_key.map(|(_, value)| value).collect()
}

#[test]
fn the_unit_starts_the_keeper_and_lets_it_drain() {
    let unit = text("deploy/systemd/lottery-keeper.service");
    let [start] = values(&unit, "ExecStart").try_into().unwrap();
    let command = Cli::command();
    command
        .clone()
        .try_get_matches_from(start.split(' '))
        .unwrap();

    let known: Vec<_> = command
        .get_arguments()
        .filter_map(|argument| argument.get_env()?.to_str())
        .collect();
    for variable in values(&unit, "Environment") {
        let (name, _) = variable.split_once('=').unwrap();
        assert!(known.contains(&name), "{name} is no variable of the keeper");
    }

    let defaults = Config::complete(Options {
        rpc_url: Some(vec!["http://localhost".to_owned()]),
        ..Options::default()
    });
    let [stop] = values(&unit, "TimeoutStopSec").try_into().unwrap();
    let stop: u64 = stop.parse().unwrap();
    assert!(stop > defaults.unwrap().drain.as_secs() + 5);
}
