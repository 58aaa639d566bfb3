//! What was measured.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::{
    Scale,
    copies::{self, Copied},
    memory::Memory,
};

/// Rows taken in, beside the same rows by COPY.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rate {
    pub rows: u64,
    /// Rows a second through the indexer's decoders and writer …
    pub rows_per_second: f64,
    /// … and by COPY alone, into tables with the same columns, checks and indexes.
    pub copied_per_second: f64,
    /// Times that COPY's tables were emptied meanwhile (`--copied`): it wrote into smaller ones.
    pub copies_emptied: u64,
    /// The first as a share of the second.
    pub ratio: f64,
    /// What came after the last row (seconds): finding accounts that are gone.
    pub finish_seconds: f64,
    /// Most resident memory (bytes) in the first third, with what was made up ahead and its
    /// copies …
    pub memory_first_third: u64,
    /// … and in the last.
    pub memory_last_third: u64,
}

impl Rate {
    pub(super) fn new(rows: u64, took: Duration, copied: Copied, memory: &Memory) -> Self {
        let (memory_first_third, memory_last_third) = memory.thirds();
        let (ours, theirs) = (copies::rate(rows, took), copied.rate());
        Self {
            rows,
            rows_per_second: ours,
            copied_per_second: theirs,
            copies_emptied: copied.emptied,
            ratio: if copied.rows > 0 { ours / theirs } else { 0.0 },
            finish_seconds: 0.0,
            memory_first_third,
            memory_last_third,
        }
    }
}

/// How long a question took (milliseconds), with the indexes and without.
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    pub name: String,
    pub p50: f64,
    pub p95: f64,
    pub scan_p50: f64,
    pub scan_p95: f64,
    /// Most rows that an answer had.
    pub rows: u64,
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub scale: Scale,
    pub accounts: Rate,
    pub ledger: Rate,
    /// Games whose fates were computed, and in which time.
    pub derived: (u64, Duration),
    /// Seconds that each materialized view took to fill, and to refresh beside readers.
    pub statistics: Vec<(String, f64, f64)>,
    pub questions: Vec<Asked>,
    /// Bytes of each table with its indexes.
    pub sizes: Vec<(String, i64, i64)>,
}

/// How the database was filled, and what it takes on disk.
pub struct Filling<'a>(pub &'a Report);

impl fmt::Display for Filling<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.taken_in(f)?;
        writeln!(f)?;
        self.0.on_disk(f)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scale {
            games,
            entries,
            events,
        } = self.scale;
        writeln!(
            f,
            "{entries} entries of {games} games, {events} rows of events\n"
        )?;
        self.taken_in(f)?;
        writeln!(
            f,
            "\n{:<34}{:>9}{:>9}{:>11}{:>11}{:>8}",
            "question (ms)", "p50", "p95", "scan p50", "scan p95", "rows"
        )?;
        for asked in &self.questions {
            writeln!(
                f,
                "{:<34}{:>9.2}{:>9.2}{:>11.1}{:>11.1}{:>8}",
                asked.name, asked.p50, asked.p95, asked.scan_p50, asked.scan_p95, asked.rows
            )?;
        }
        writeln!(f)?;
        self.on_disk(f)
    }
}

impl Report {
    fn taken_in(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<12}{:>12}{:>12}{:>12}{:>8}{:>24}",
            "", "rows", "rows/s", "COPY/s", "ratio", "MiB, first/last third"
        )?;
        let mib = |bytes: u64| bytes / 1_048_576;
        for (name, rate) in [("accounts", self.accounts), ("ledger", self.ledger)] {
            writeln!(
                f,
                "{name:<12}{:>12}{:>12.0}{:>12.0}{:>8.2}{:>12}{:>12}",
                rate.rows,
                rate.rows_per_second,
                rate.copied_per_second,
                rate.ratio,
                mib(rate.memory_first_third),
                mib(rate.memory_last_third)
            )?;
        }
        let million = 1e6 / self.accounts.rows_per_second.max(1e-9);
        writeln!(f, "\ncatch-up    {million:.1} s per million accounts")?;
        writeln!(
            f,
            "closing     {:.1} s after the last",
            self.accounts.finish_seconds
        )?;
        let emptied = self.accounts.copies_emptied + self.ledger.copies_emptied;
        if emptied > 0 {
            writeln!(f, "emptied     {emptied} (COPY's tables, for lack of disk)")?;
        }
        let (games, took) = self.derived;
        writeln!(
            f,
            "fates       {games} games in {:.1} s\n",
            took.as_secs_f64()
        )?;
        writeln!(f, "{:<24}{:>12}{:>12}", "statistics", "fill s", "refresh s")?;
        for (name, fill, refresh) in &self.statistics {
            writeln!(f, "{name:<24}{fill:>12.2}{refresh:>12.2}")?;
        }
        Ok(())
    }

    fn on_disk(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<24}{:>12}{:>12}", "table", "MiB", "indexes MiB")?;
        for (name, table, indexes) in &self.sizes {
            writeln!(
                f,
                "{name:<24}{:>12}{:>12}",
                table / 1_048_576,
                indexes / 1_048_576
            )?;
        }
        Ok(())
    }
}
