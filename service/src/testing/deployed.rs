//! What operators are given beside a binary: alerts, dashboard and unit name only what
//! there is.

use std::{collections::BTreeSet, time::Duration};

use clap::Command;
use serde_json::Value;

use super::text;
use crate::telemetry::{Metric, Sort};

/// A daemon, and what was made for it.
pub struct Deployed {
    /// As it is called without `lottery-`.
    pub name: &'static str,
    pub metrics: &'static [Metric],
    /// What /metrics shows before anything has happened.
    pub shown_at_first: String,
    pub command: Command,
    /// How long it may take to stop.
    pub drain: Duration,
}

struct Alert {
    name: String,
    expression: String,
    severity: String,
    summary: String,
    description: String,
    runbook: String,
}

fn yaml(path: &str) -> Value {
    serde_norway::from_str(&text(path)).unwrap()
}

impl Deployed {
    /// What names of alerts begin with.
    fn alert_prefix(&self) -> String {
        let (first, rest) = self.name.split_at(1);
        format!("Lottery{}{rest}", first.to_uppercase())
    }

    fn alerts(&self) -> Vec<Alert> {
        let file = yaml(&format!("deploy/prometheus/{}-alerts.yml", self.name));
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
    fn dashboard(&self) -> Vec<(String, String)> {
        let path = format!("deploy/grafana/{}.json", self.name);
        let board: Value = serde_json::from_str(&text(&path)).unwrap();
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

    /// The metric of a series.
    fn metric(&self, series: &str) -> Option<&'static Metric> {
        self.metrics.iter().find(|metric| match metric.sort {
            Sort::Histogram(_) => ["_bucket", "_sum", "_count"]
                .iter()
                .any(|suffix| series.strip_suffix(suffix) == Some(metric.name)),
            Sort::Counter | Sort::Gauge => series == metric.name,
        })
    }

    /// Alerts and dashboard name only what is exported, and all of it.
    pub fn check_names(&self) {
        let prefix = format!("lottery_{}_", self.name);
        let alerts = self.alerts().into_iter();
        let alerts = alerts.map(|alert| (alert.name, alert.expression));
        let mut named = BTreeSet::new();
        for (whose, expression) in alerts.chain(self.dashboard()) {
            for (series, filter) in selectors(&expression, &prefix) {
                let name = self.metric(series).map(|metric| metric.name);
                assert!(name.is_some(), "{whose}: {series} is not exported");
                named.extend(name);
                for condition in filter.split(',').filter(|it| !it.is_empty()) {
                    self.check_condition(&whose, series, condition);
                }
            }
        }
        let every: BTreeSet<_> = self.metrics.iter().map(|metric| metric.name).collect();
        assert_eq!(named, every, "exported, but nowhere to be seen");
    }

    /// What a series is filtered by is a label that it has, with a value that occurs.
    fn check_condition(&self, whose: &str, series: &str, condition: &str) {
        let (label, value) = condition.split_once('=').unwrap();
        // Prometheus adds it.
        if label == "instance" {
            return;
        }
        // With `!=`, some other value.
        let wanted = match label.strip_suffix('!') {
            Some(label) => format!("{label}=\""),
            None => format!("{label}={value}"),
        };
        let mut lines = self.shown_at_first.lines();
        let is_there =
            lines.any(|line| line.starts_with(&format!("{series}{{")) && line.contains(&wanted));
        assert!(is_there, "{whose}: {series} never has {wanted}");
    }

    /// Every alert says what is wrong and where to read on, and the page explains no
    /// alert that does not exist.
    pub fn check_runbook(&self) {
        let prefix = self.alert_prefix();
        let anchors = anchors(&text("docs/operations.md"));
        let mut seen = BTreeSet::new();
        for alert in self.alerts() {
            let name = &alert.name;
            assert!(name.starts_with(&prefix), "{name}");
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
        let prefix = prefix.to_lowercase();
        for heading in anchors.iter().filter(|it| it.starts_with(&prefix)) {
            let has_alert = seen.iter().any(|(name, _)| name.to_lowercase() == *heading);
            assert!(
                has_alert,
                "docs/operations.md explains {heading}, which is no alert"
            );
        }
    }

    /// Prometheus scrapes the job that the alerts know, and reads them.
    pub fn check_scraping(&self) {
        let job = format!("lottery-{}", self.name);
        let file = yaml("deploy/prometheus/prometheus.yml");
        let is_in = |path: &str, field: &str, wanted: &str| {
            let list = file.pointer(path).unwrap().as_array().unwrap();
            list.iter()
                .any(|item| item.pointer(field).is_some_and(|it| it == wanted))
        };
        assert!(is_in("/scrape_configs", "/job_name", &job));
        let rules = format!("{}-alerts.yml", self.name);
        assert!(is_in("/rule_files", "", &rules));
        let down = format!("{}Down", self.alert_prefix());
        let down = self.alerts().into_iter().find(|alert| alert.name == down);
        assert!(down.unwrap().expression.contains(&format!("job=\"{job}\"")));
    }

    /// The unit starts the daemon with flags and variables that it knows, and lets it
    /// drain.
    pub fn check_unit(&self) {
        let name = format!("lottery-{}", self.name);
        let unit = text(&format!("deploy/systemd/{name}.service"));
        let [start] = values(&unit, "ExecStart").try_into().unwrap();
        let command = self.command.clone();
        command.try_get_matches_from(start.split(' ')).unwrap();

        let known = crate::cli::known_variables(&self.command);
        for variable in values(&unit, "Environment") {
            let (variable, _) = variable.split_once('=').unwrap();
            assert!(
                known.iter().any(|known| known == variable),
                "{variable} is no variable of {name}"
            );
        }

        let [stop] = values(&unit, "TimeoutStopSec").try_into().unwrap();
        let stop: u64 = stop.parse().unwrap();
        assert!(stop > self.drain.as_secs() + 5);
    }
}

/// Metrics with this prefix that an expression names, each with what it is filtered by.
fn selectors<'a>(expression: &'a str, prefix: &str) -> Vec<(&'a str, &'a str)> {
    let starts = expression.match_indices(prefix).map(|(at, _)| at);
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

/// Values of a key of a systemd unit.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    let settings = unit.lines().filter_map(|line| line.split_once('='));
    let of_key = settings.filter(|(name, _)| *name == key);
    of_key.map(|(_, value)| value).collect()
}
