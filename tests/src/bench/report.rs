//! The bench's findings, as a table and as JSON.

use std::fmt;

use serde::Serialize;

use super::{
    Cost, JOIN, JOIN_BUDGET, RATIO_BUDGET,
    limits::{Limits, Throughput},
};

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub instructions: Vec<Cost>,
    pub programs: Vec<Program>,
    pub batches: Vec<BatchFactor>,
    pub throughput: Vec<Throughput>,
}

/// A program's binary.
#[derive(Clone, Debug, Serialize)]
pub struct Program {
    pub file: &'static str,
    pub bytes: u64,
}

/// What an operation costs in a batch.
#[derive(Clone, Debug, Serialize)]
pub struct BatchFactor {
    pub what: &'static str,
    pub items: usize,
    /// Compute units of each.
    pub each: u64,
    /// Of what it costs alone.
    pub of_single: f64,
    /// The same of the baseline.
    pub of_single_by_hand: Option<f64>,
    /// Of what a leader counts for it alone, signature and locks included.
    pub of_single_in_block: f64,
}

impl Report {
    pub fn new(instructions: Vec<Cost>, limits: &Limits) -> Self {
        let programs = ["lottery.so", "lottery_baseline.so"].map(|file| Program {
            file,
            bytes: std::fs::metadata(crate::world::program_path(file))
                .map_or(0, |metadata| metadata.len()),
        });
        let mut report = Self {
            instructions,
            programs: programs.to_vec(),
            batches: Vec::new(),
            throughput: Vec::new(),
        };
        report.batches = report.batch_factors();
        report.throughput = report.throughput(limits);
        report
    }

    pub fn find(&self, instruction: &str) -> Option<&Cost> {
        self.instructions
            .iter()
            .find(|cost| cost.instruction == instruction)
    }

    fn batch_factors(&self) -> Vec<BatchFactor> {
        let factor = |cost: &Cost| {
            let batch = cost.batch?;
            let single = self.find(batch.what)?;
            let part =
                |whole: u64, single: u64| whole as f64 / (batch.items as u64 * single) as f64;
            Some(BatchFactor {
                what: batch.what,
                items: batch.items,
                each: cost.compute_units / batch.items as u64,
                of_single: part(cost.compute_units, single.compute_units),
                of_single_by_hand: cost.baseline.zip(single.baseline).map(|(a, b)| part(a, b)),
                of_single_in_block: part(cost.block_units(), single.block_units()),
            })
        };
        self.instructions.iter().filter_map(factor).collect()
    }

    /// Of joins, alone and in the largest batch, and of settlements.
    fn throughput(&self, limits: &Limits) -> Vec<Throughput> {
        let largest_batch = self
            .instructions
            .iter()
            .filter(|cost| cost.batch.is_some_and(|batch| batch.what == JOIN))
            .max_by_key(|cost| cost.batch.map(|batch| batch.items));
        let joins = self.find(JOIN).into_iter().chain(largest_batch);
        let settlements = self
            .instructions
            .iter()
            .filter(|cost| cost.instruction.starts_with("settle_draw"));
        let rows = joins
            .map(|cost| (cost, cost.batch.map_or(1, |batch| batch.items)))
            .chain(settlements.map(|cost| (cost, games(&cost.instruction))));
        rows.flat_map(|(cost, items)| {
            limits
                .cluster
                .iter()
                .map(move |cluster| Throughput::of(cost, items, cluster))
        })
        .collect()
    }

    /// What breaks a budget, in words.
    pub fn over_budget(&self) -> Vec<String> {
        let join = self
            .find(JOIN)
            .filter(|join| join.compute_units > JOIN_BUDGET)
            .map(|join| format!("{JOIN}: {} CU, of {JOIN_BUDGET}", join.compute_units));
        let ratios = self.instructions.iter().filter_map(|cost| {
            let ratio = cost.ratio().filter(|ratio| *ratio > RATIO_BUDGET)?;
            Some(format!(
                "{}: {ratio:.2} times the baseline, of {RATIO_BUDGET:.2}; {} CU too many",
                cost.instruction,
                cost.compute_units as i64 - (cost.baseline? as f64 * RATIO_BUDGET) as i64
            ))
        });
        join.into_iter().chain(ratios).collect()
    }

    /// The measured part: the same in every run of the same programs.
    pub fn table(&self) -> String {
        let mut table = format!(
            "{:<52} {:>8} {:>8} {:>6} {:>6} {:>9} {:>9}\n",
            "instruction", "CU", "by hand", "ratio", "bytes", "accounts", "writable"
        );
        for cost in &self.instructions {
            let by_hand = cost.baseline.map_or("-".to_owned(), |cu| cu.to_string());
            let ratio = cost.ratio().map_or("-".to_owned(), |r| format!("{r:.3}"));
            table += &format!(
                "{:<52} {:>8} {by_hand:>8} {ratio:>6} {:>6} {:>9} {:>9}\n",
                cost.instruction,
                cost.compute_units,
                cost.shape.bytes,
                cost.shape.accounts,
                cost.shape.writable
            );
        }
        for program in &self.programs {
            table += &format!("{:<52} {:>8} bytes\n", program.file, program.bytes);
        }
        table
    }
}

/// Games of a settlement, from its name.
fn games(settlement: &str) -> usize {
    settlement
        .split(['(', ' '])
        .find_map(|word| word.parse().ok())
        .unwrap_or(1)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.table())?;
        writeln!(
            f,
            "{:<20} {:>6} {:>9} {:>10} {:>10} {:>10}",
            "in a batch", "items", "CU each", "of single", "by hand", "in blocks"
        )?;
        for factor in &self.batches {
            let by_hand = factor
                .of_single_by_hand
                .map_or("-".to_owned(), |part| format!("{part:.3}"));
            writeln!(
                f,
                "{:<20} {:>6} {:>9} {:>10.3} {by_hand:>10} {:>10.3}",
                factor.what, factor.items, factor.each, factor.of_single, factor.of_single_in_block
            )?;
        }
        writeln!(
            f,
            "\n{:<50} {:<30} {:>12} {:>10}",
            "a second, at most", "cluster", "one account", "in all"
        )?;
        for row in &self.throughput {
            writeln!(
                f,
                "{:<50} {:<30} {:>12.0} {:>10.0}",
                row.what, row.cluster, row.per_account, row.per_block
            )?;
        }
        let over = self.over_budget();
        if over.is_empty() {
            return writeln!(f, "\nEverything is within its budget.");
        }
        writeln!(f, "\nOver budget:")?;
        over.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}
