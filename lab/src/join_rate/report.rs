use std::{
    collections::{HashMap, HashSet},
    fmt,
    time::Duration,
};

use anyhow::Result;
use lottery_localnet::Kind;
use serde::Serialize;

use super::{
    Load, Sent,
    chain::Names,
    confirmed::Confirmed,
    visible::{Seen, Sighting},
};
use crate::spread::{Spread, millis};

/// What was seen, and what is to be seen.
pub struct Measured {
    pub sent: Sent,
    /// The chain's slot before the first join.
    pub last_slot: u64,
    pub entries: Seen,
    pub transactions: Seen,
    /// Entries and transactions of what ran beside the indexer.
    pub bare: Option<[HashMap<String, Sighting>; 2]>,
    pub chain: Names,
    pub tables: Names,
    pub cpu_ms: u64,
    pub peak_kib: u64,
    pub verified: Result<String>,
}

/// How joins came into one table.
#[derive(Clone, Debug, Serialize)]
pub struct Way {
    /// From confirmed to visible.
    pub latency: Spread,
    /// From one look at the table to the next, which a row may be seen late by.
    pub looks: Spread,
    /// From confirmed to written by what ran beside the indexer.
    pub bare: Option<Spread>,
    /// Of the p95s.
    pub ratio: Option<f64>,
    /// On the chain, with what is older than the joins.
    pub on_chain: usize,
    pub in_table: usize,
    /// On the chain and not in the table, and the other way round.
    pub missing: usize,
    pub surplus: usize,
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub cluster: String,
    pub slot_ms: u64,
    pub players: usize,
    pub games: usize,
    /// Joins.
    pub sent: usize,
    pub landed: usize,
    pub failed: usize,
    /// From the first sent to the last that its client knew to be confirmed (milliseconds).
    pub took_ms: u64,
    pub joins_per_second: f64,
    /// From a slot confirmed to the node's word of it received.
    pub word: Spread,
    /// Accounts.
    pub entries: Way,
    /// The ledger.
    pub transactions: Way,
    /// Time of processors that the indexer took for the joins (milliseconds).
    pub cpu_ms: u64,
    /// Most memory that it ever held (KiB).
    pub peak_kib: u64,
    pub is_verified: bool,
    /// What `lottery-indexer verify` said.
    pub verification: String,
}

impl Report {
    pub(super) fn new(load: &Load, kind: Kind, confirmed: &Confirmed, of: Measured) -> Self {
        let after = |rows: &HashMap<String, Sighting>| {
            let rows = rows.values().filter(|it| it.slot > of.last_slot);
            latency(confirmed, rows)
        };
        let way =
            |seen: Seen, bare, chain, table| Way::new(after(&seen.rows), seen, bare, chain, table);
        let [bare_entries, bare_transactions] = match &of.bare {
            Some(bare) => bare.each_ref().map(|rows| Some(after(rows))),
            None => [None, None],
        };
        Self {
            cluster: format!("{kind:?}").to_lowercase(),
            slot_ms: load.slot_ms,
            players: load.players,
            games: load.houses * load.games,
            sent: of.sent.landed + of.sent.failed,
            landed: of.sent.landed,
            failed: of.sent.failed,
            took_ms: millis(of.sent.took),
            joins_per_second: of.sent.landed as f64 / of.sent.took.as_secs_f64(),
            word: Spread::of(confirmed.word(of.last_slot)),
            entries: way(
                of.entries,
                bare_entries,
                &of.chain.entries,
                &of.tables.entries,
            ),
            transactions: way(
                of.transactions,
                bare_transactions,
                &of.chain.transactions,
                &of.tables.transactions,
            ),
            cpu_ms: of.cpu_ms,
            peak_kib: of.peak_kib,
            is_verified: of.verified.is_ok(),
            verification: of.verified.unwrap_or_else(|error| format!("{error:#}")),
        }
    }

    /// Whether every join landed, and is in the tables, with nothing else.
    pub fn passed(&self) -> bool {
        self.failed == 0
            && self.entries.is_complete()
            && self.transactions.is_complete()
            && self.is_verified
    }
}

impl Way {
    fn new(
        latency: Spread,
        seen: Seen,
        bare: Option<Spread>,
        chain: &HashSet<String>,
        table: &HashSet<String>,
    ) -> Self {
        Self {
            latency,
            looks: Spread::of(seen.gaps),
            bare,
            ratio: bare.map(|bare| latency.p95 as f64 / bare.p95.max(1) as f64),
            on_chain: chain.len(),
            in_table: table.len(),
            missing: chain.difference(table).count(),
            surplus: table.difference(chain).count(),
        }
    }

    fn is_complete(&self) -> bool {
        self.missing == 0 && self.surplus == 0
    }
}

fn latency<'a>(confirmed: &Confirmed, rows: impl Iterator<Item = &'a Sighting>) -> Spread {
    let latencies = rows.filter_map(|row| {
        let since = row.at.duration_since(confirmed.at(row.slot)?);
        // What one socket tells may come before what another does.
        Some(since.unwrap_or(Duration::ZERO))
    });
    Spread::of(latencies.collect())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} joins by {} players in {} games on {}, slots of {} ms",
            self.sent, self.players, self.games, self.cluster, self.slot_ms
        )?;
        writeln!(
            f,
            "{} landed, {} failed, in {:.1} s: {:.0} a second",
            self.landed,
            self.failed,
            self.took_ms as f64 / 1_000.0,
            self.joins_per_second
        )?;
        writeln!(
            f,
            "\n{:<32}{:>9}{:>9}{:>9}{:>9}",
            "from confirmed to ... (ms)", "p50", "p95", "max", "rows"
        )?;
        row(f, "told by the node, a slot", &self.word)?;
        for (name, way) in [
            ("entries", &self.entries),
            ("transactions", &self.transactions),
        ] {
            row(f, &format!("visible in {name}"), &way.latency)?;
            if let (Some(bare), Some(ratio)) = (&way.bare, way.ratio) {
                row(f, "  the simplest thing", bare)?;
                writeln!(f, "{:<32}{:>9}{ratio:>9.2}", "  ratio", "")?;
            }
            row(f, "  from one look to the next", &way.looks)?;
        }
        writeln!(
            f,
            "\n{:<32}{:>9}{:>9}{:>9}{:>9}",
            "in the end", "chain", "table", "missing", "surplus"
        )?;
        for (name, way) in [
            ("entries", &self.entries),
            ("transactions", &self.transactions),
        ] {
            writeln!(
                f,
                "{name:<32}{:>9}{:>9}{:>9}{:>9}",
                way.on_chain, way.in_table, way.missing, way.surplus
            )?;
        }
        writeln!(
            f,
            "\nthe indexer took {:.1} s of processors and {} MiB at most\n\nlottery-indexer verify: {}",
            self.cpu_ms as f64 / 1_000.0,
            self.peak_kib / 1_024,
            if self.is_verified {
                "no difference"
            } else {
                "FAILED"
            }
        )?;
        write!(f, "{}", self.verification)
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, spread: &Spread) -> fmt::Result {
    writeln!(
        f,
        "{name:<32}{:>9}{:>9}{:>9}{:>9}",
        spread.p50, spread.p95, spread.max, spread.count
    )
}
