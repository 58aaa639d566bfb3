//! What a run has covered.

use std::{collections::BTreeMap, fmt};

/// How often each instruction was done or refused, and how games ended.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    pub sequences: u64,
    pub steps: u64,
    /// By instruction and outcome; `ok` is success.
    pub outcomes: BTreeMap<(&'static str, String), u64>,
    /// Operations of batches, likewise.
    pub operations: BTreeMap<(&'static str, String), u64>,
    /// Ends of games, and other things worth to have seen.
    pub events: BTreeMap<&'static str, u64>,
    /// Most steps that a keeper needed to end a story.
    pub longest_drain: u64,
}

/// The outcome of what was done.
pub const OK: &str = "ok";

impl Coverage {
    pub fn note(&mut self, instruction: &'static str, outcome: String) {
        *self.outcomes.entry((instruction, outcome)).or_default() += 1;
    }

    pub fn note_operation(&mut self, operation: &'static str, outcome: String) {
        *self.operations.entry((operation, outcome)).or_default() += 1;
    }

    pub fn see(&mut self, event: &'static str) {
        *self.events.entry(event).or_default() += 1;
    }

    pub fn merge(&mut self, other: Self) {
        self.sequences += other.sequences;
        self.steps += other.steps;
        self.longest_drain = self.longest_drain.max(other.longest_drain);
        for (key, count) in other.outcomes {
            *self.outcomes.entry(key).or_default() += count;
        }
        for (key, count) in other.operations {
            *self.operations.entry(key).or_default() += count;
        }
        for (key, count) in other.events {
            *self.events.entry(key).or_default() += count;
        }
    }

    /// How often an instruction succeeded.
    pub fn successes(&self, instruction: &str) -> u64 {
        let of = |((name, outcome), count): (&(&str, String), &u64)| {
            (*name == instruction && outcome == OK).then_some(*count)
        };
        self.outcomes.iter().filter_map(of).sum()
    }

    pub fn seen(&self, event: &str) -> u64 {
        self.events.get(event).copied().unwrap_or(0)
    }
}

fn table(f: &mut fmt::Formatter<'_>, rows: &BTreeMap<(&'static str, String), u64>) -> fmt::Result {
    let mut last = "";
    for ((instruction, outcome), count) in rows {
        let name = if *instruction == last {
            ""
        } else {
            *instruction
        };
        last = instruction;
        writeln!(f, "  {name:<20}{outcome:<30}{count:>10}")?;
    }
    Ok(())
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "transactions, by instruction and outcome:")?;
        table(f, &self.outcomes)?;
        writeln!(f, "operations of batches:")?;
        table(f, &self.operations)?;
        writeln!(f, "seen:")?;
        for (event, count) in &self.events {
            writeln!(f, "  {event:<50}{count:>10}")?;
        }
        writeln!(
            f,
            "{} sequences, {} steps; the longest way to the end took a keeper {} steps",
            self.sequences, self.steps, self.longest_drain
        )
    }
}
