//! Counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{attack::Attack, judge::Verdict, late::LATE, reasons::HARMLESS, stage::Case};

#[derive(Default)]
pub struct Report {
    instructions: BTreeMap<&'static str, Counts>,
    errors: BTreeMap<String, usize>,
    /// Uses of each reason, by its index.
    harmless: BTreeMap<usize, usize>,
    late: BTreeMap<usize, usize>,
    /// What must not be, and an example of it.
    pub holes: BTreeMap<String, String>,
}

#[derive(Default)]
struct Counts {
    calls: BTreeSet<String>,
    attacks: usize,
    refused: usize,
    harmless: usize,
}

impl Report {
    pub fn note(&mut self, case: &Case, attack: &Attack, verdict: Verdict) {
        let counts = self.instructions.entry(case.instruction).or_default();
        counts
            .calls
            .insert(format!("{} {:?}", case.variant, case.currency));
        counts.attacks += 1;
        match verdict {
            Verdict::Refused(error) => {
                counts.refused += 1;
                *self.errors.entry(error).or_default() += 1;
            }
            Verdict::RefusedLate(error, reason) => {
                counts.refused += 1;
                *self.errors.entry(error).or_default() += 1;
                *self.late.entry(reason).or_default() += 1;
            }
            Verdict::Harmless(reason) => {
                counts.harmless += 1;
                *self.harmless.entry(reason).or_default() += 1;
            }
            Verdict::Hole(what) => {
                let hole = format!(
                    "{} | {} | {} | {what}",
                    case.variant, attack.position, attack.kind,
                );
                self.holes
                    .entry(hole)
                    .or_insert(format!("{:?}", case.currency));
            }
        }
    }

    pub fn merge(mut self, other: Self) -> Self {
        for (instruction, counts) in other.instructions {
            let ours = self.instructions.entry(instruction).or_default();
            ours.calls.extend(counts.calls);
            ours.attacks += counts.attacks;
            ours.refused += counts.refused;
            ours.harmless += counts.harmless;
        }
        add(&mut self.errors, other.errors);
        add(&mut self.harmless, other.harmless);
        add(&mut self.late, other.late);
        self.holes.extend(other.holes);
        self
    }

    /// Reasons that nothing needed.
    pub fn unused(&self) -> Vec<String> {
        let harmless = HARMLESS.iter().enumerate();
        let harmless = harmless.filter(|(index, _)| !self.harmless.contains_key(index));
        let late = LATE.iter().enumerate();
        let late = late.filter(|(index, _)| !self.late.contains_key(index));
        harmless
            .map(|(_, reason)| format!("{reason:?}"))
            .chain(late.map(|(_, reason)| format!("{reason:?}")))
            .collect()
    }
}

fn add<K: Ord>(ours: &mut BTreeMap<K, usize>, theirs: BTreeMap<K, usize>) {
    for (key, count) in theirs {
        *ours.entry(key).or_default() += count;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| instruction | calls | attacks | refused | harmless |")?;
        writeln!(f, "|---|---|---|---|---|")?;
        let mut all = [0; 4];
        for (instruction, counts) in &self.instructions {
            let row = [
                counts.calls.len(),
                counts.attacks,
                counts.refused,
                counts.harmless,
            ];
            for (sum, count) in all.iter_mut().zip(row) {
                *sum += count;
            }
            writeln!(
                f,
                "| {instruction} | {} |",
                row.map(|n| n.to_string()).join(" | ")
            )?;
        }
        writeln!(
            f,
            "| **all** | {} |",
            all.map(|n| n.to_string()).join(" | ")
        )?;
        writeln!(f, "\n| refused with | times |\n|---|---|")?;
        for (error, count) in &self.errors {
            writeln!(f, "| {error} | {count} |")?;
        }
        writeln!(f, "\n| not refused because | times |\n|---|---|")?;
        for (index, count) in &self.harmless {
            writeln!(f, "| {} | {count} |", HARMLESS[*index].because)?;
        }
        for (index, count) in &self.late {
            writeln!(
                f,
                "| ({}) {} | {count} |",
                LATE[*index].error, LATE[*index].because
            )?;
        }
        Ok(())
    }
}
