//! What a run found, as a table and as JSON.

use std::fmt;

use serde::Serialize;

use super::{
    experiment::Finding,
    statistics::{FALSE_ALARM, Kind},
};

/// A run.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub seed: u64,
    /// Of the program's draw: every statistic must keep to its bounds.
    pub results: Vec<Judged>,
    /// Of draws with a mistake: each must break a bound.
    pub controls: Vec<Judged>,
    /// Experiments that would need more draws.
    pub left_out: Vec<String>,
}

/// An experiment's findings.
#[derive(Debug, Serialize)]
pub struct Judged {
    pub experiment: String,
    pub draws: u64,
    pub findings: Vec<Finding>,
}

impl Judged {
    /// Whether every statistic kept to its bounds.
    pub fn passed(&self) -> bool {
        self.findings.iter().all(|finding| finding.passed)
    }
}

impl Report {
    /// Whether the draw is fair and every control was rejected.
    pub fn passed(&self) -> bool {
        self.results.iter().all(Judged::passed) && !self.controls.iter().any(Judged::passed)
    }

    /// Draws made of the program and of the controls.
    pub fn draws(&self) -> (u64, u64) {
        let sum = |results: &[Judged]| results.iter().map(|result| result.draws).sum();
        (sum(&self.results), sum(&self.controls))
    }

    fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.results.iter().flat_map(|result| &result.findings)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for result in &self.results {
            write_result(f, result, ["ok", "NOT FAIR"])?;
        }
        if !self.controls.is_empty() {
            writeln!(
                f,
                "CONTROLS: draws with a mistake, which must break a bound\n"
            )?;
        }
        for control in &self.controls {
            let verdicts = match control.passed() {
                true => ["UNDETECTED", ""],
                false => ["within", "rejected"],
            };
            write_result(f, control, verdicts)?;
        }
        for name in &self.left_out {
            writeln!(f, "left out, needs more draws: {name}")?;
        }
        self.write_summary(f)
    }
}

impl Report {
    fn write_summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statistics = self.findings().count();
        let broken = self.findings().filter(|finding| !finding.passed).count();
        let smallest = self
            .findings()
            .map(|finding| finding.outcome.p_value)
            .fold(1.0, f64::min);
        let rejected = self.controls.iter().filter(|c| !c.passed()).count();
        let (draws, control_draws) = self.draws();
        writeln!(
            f,
            "{} draws, seed {}: {statistics} statistics, {broken} out of bounds",
            grouped(draws),
            self.seed,
        )?;
        let count = statistics as f64;
        writeln!(
            f,
            "smallest p {}: of {statistics} independent fair statistics one is that small with chance {:.2}; \
             a false alarm has {:.5}",
            p_value(smallest),
            1.0 - (1.0 - smallest).powf(count),
            1.0 - (1.0 - FALSE_ALARM).powf(count),
        )?;
        write!(
            f,
            "{} draws of controls: {rejected} of {} rejected",
            grouped(control_draws),
            self.controls.len(),
        )
    }
}

/// An experiment's heading and a line per statistic.
fn write_result(
    f: &mut fmt::Formatter<'_>,
    result: &Judged,
    [within, broken]: [&str; 2],
) -> fmt::Result {
    writeln!(f, "{}, {} draws", result.experiment, grouped(result.draws))?;
    for finding in &result.findings {
        let outcome = &finding.outcome;
        let (kind, decimals) = match outcome.kind {
            Kind::ChiSquare { degrees_of_freedom } => (format!("chi2({degrees_of_freedom})"), 1),
            Kind::Hits { .. } => ("hits".to_owned(), 0),
        };
        writeln!(
            f,
            "  {:<44} {kind:>10} {:>11.decimals$} of {:>9.1} in [{:>9.decimals$}, {:>9.decimals$}]  p {:<8} {}",
            finding.observed,
            outcome.statistic,
            outcome.expected,
            outcome.lower,
            outcome.upper,
            p_value(outcome.p_value),
            if finding.passed { within } else { broken },
        )?;
    }
    writeln!(f)
}

fn p_value(p: f64) -> String {
    match p {
        0.0 => "<1e-300".to_owned(),
        p if p < 1e-3 => format!("{p:.1e}"),
        p => format!("{p:.4}"),
    }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
