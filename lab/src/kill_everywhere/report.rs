use std::{collections::BTreeMap, fmt};

use lottery_localnet::Kind;
use serde::Serialize;

use super::Spot;

/// What a kill came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Passed,
    /// What was wrong.
    Failed(Vec<String>),
    /// The games went by without it.
    NotMet,
}

/// A spot and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub spot: Spot,
    pub verdict: Verdict,
    /// Whether its boundary was met at another step than in the listing.
    pub elsewhere: bool,
    /// Milliseconds.
    pub took_ms: u64,
}

impl Finding {
    /// Whether it is as it should be: what only some plays met need not be met again.
    pub fn is_well(&self) -> bool {
        match self.verdict {
            Verdict::Passed => true,
            Verdict::NotMet => !self.spot.steady,
            Verdict::Failed(_) => false,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match &self.verdict {
            Verdict::Passed if self.elsewhere => "passed (at another step)",
            Verdict::Passed => "passed",
            Verdict::Failed(_) => "FAILED",
            Verdict::NotMet if self.spot.steady => "MISSED",
            Verdict::NotMet => "not met",
        };
        write!(f, "{verdict}: {}", self.spot)
    }
}

/// All kills.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub cluster: Kind,
    /// Milliseconds per slot.
    pub slot_ms: u64,
    /// How many boundaries a life without kills has, repetitions included.
    pub boundaries: usize,
    pub findings: Vec<Finding>,
    /// Milliseconds.
    pub took_ms: u64,
}

impl Report {
    /// Whether no kill did harm, and no spot was missed that should have been met.
    pub fn passed(&self) -> bool {
        self.findings.iter().all(Finding::is_well)
    }

    /// Those that are not as they should be.
    pub fn bad(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.is_well())
    }

    fn count(&self, is: impl Fn(&Finding) -> bool) -> usize {
        self.findings.iter().filter(|finding| is(finding)).count()
    }
}

/// What became of the spots of a method at a moment.
#[derive(Default)]
struct Row {
    passed: usize,
    failed: usize,
    not_met: usize,
    slowest: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows: BTreeMap<_, Row> = BTreeMap::new();
        for finding in &self.findings {
            let boundary = &finding.spot.boundary;
            let row = (boundary.channel, &*boundary.method, boundary.moment);
            let row = rows.entry(row).or_default();
            match finding.verdict {
                Verdict::Passed => row.passed += 1,
                Verdict::Failed(_) => row.failed += 1,
                Verdict::NotMet => row.not_met += 1,
            }
            row.slowest = row.slowest.max(finding.took_ms);
        }
        writeln!(
            f,
            "{:<9}{:<34}{:<10}{:>7}{:>7}{:>8}{:>9}",
            "channel", "what", "moment", "passed", "failed", "not met", "slowest"
        )?;
        for ((channel, method, moment), row) in rows {
            writeln!(
                f,
                "{:<9}{method:<34}{:<10}{:>7}{:>7}{:>8}{:>7.1} s",
                channel.name(),
                moment.to_string(),
                row.passed,
                row.failed,
                row.not_met,
                row.slowest as f64 / 1_000.0
            )?;
        }
        writeln!(f)?;
        for finding in self.bad() {
            writeln!(f, "BAD: {}", finding.spot)?;
            match &finding.verdict {
                Verdict::Failed(faults) => {
                    for fault in faults {
                        writeln!(f, "     {}", fault.replace('\n', "\n     "))?;
                    }
                }
                _ => writeln!(f, "     every play without kills met it, none with")?,
            }
        }
        let missed = self.count(|it| it.verdict == Verdict::NotMet);
        let passed = self.count(|it| it.verdict == Verdict::Passed);
        let elsewhere = self.count(|it| it.elsewhere);
        write!(
            f,
            "{} spots among {} boundaries on {:?}, slots of {} ms: {passed} passed ({elsewhere} of \
             them at another step), {} bad, {missed} not met again; {:.0} s",
            self.findings.len(),
            self.boundaries,
            self.cluster,
            self.slot_ms,
            self.bad().count(),
            self.took_ms as f64 / 1_000.0
        )
    }
}
