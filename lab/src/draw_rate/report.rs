use std::{fmt, time::Duration};

use lottery_localnet::Kind;
use serde::Serialize;

use super::{Load, Usage, watch::Seen};
use crate::spread::{Spread, millis};

/// How much later than a plain transfer a settlement may be confirmed (milliseconds).
const TARGET_MS: i64 = 150;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub cluster: String,
    pub slot_ms: u64,
    pub games: usize,
    /// Rounds settled.
    pub rounds: usize,
    /// Draws that served them.
    pub draws: usize,
    /// From due to the last game settled (milliseconds), and to the last prize paid.
    pub drawn_ms: u64,
    pub paid_ms: u64,
    pub rounds_per_minute: u64,
    pub draws_per_minute: u64,
    /// Transactions of the keeper, and how many of them failed.
    pub transactions: usize,
    pub failed: usize,
    /// From a value processed to a round confirmed that it settled.
    pub settlement: Spread,
    /// From a value processed to a plain transfer confirmed that was sent at that moment:
    /// the cluster's own time.
    pub transfer: Spread,
    /// How much later than that transfer each round was confirmed (milliseconds); less
    /// than zero for what was earlier.
    pub beyond_p50: i64,
    pub beyond_p95: i64,
    /// Share of the rounds that were confirmed no later than 150 ms after it (percent).
    pub beyond_within_150_ms: u64,
    /// Most memory of the keeper (KiB).
    pub peak_kib: u64,
    /// Its questions to nodes from due to paid.
    pub rpc_calls: u64,
    /// Its questions a minute while all games wait.
    pub rpc_calls_a_minute_idle: u64,
}

impl Report {
    pub fn new(
        load: &Load,
        kind: Kind,
        seen: Seen,
        (drawn, paid): (Duration, Duration),
        (transactions, failed): (usize, usize),
        [ready, idle, busy]: [Usage; 3],
        waited: Duration,
    ) -> Self {
        let per_minute = |count: usize| (count as f64 * 60.0 / drawn.as_secs_f64()) as u64;
        let (rounds, draws) = (seen.rounds(), seen.draws.len());
        let settlement = Spread::of(seen.settlements());
        let transfer = Spread::of(seen.transfers());
        let mut beyond = seen.beyond();
        beyond.sort_unstable();
        let beyond_at = |percent: usize| {
            let rank = (beyond.len() * percent).div_ceil(100);
            beyond.get(rank.saturating_sub(1)).copied().unwrap_or(0)
        };
        let within = beyond.iter().filter(|it| **it <= TARGET_MS).count();
        Self {
            cluster: format!("{kind:?}").to_lowercase(),
            slot_ms: load.slot_ms,
            games: load.all_games(),
            rounds,
            draws,
            drawn_ms: millis(drawn),
            paid_ms: millis(paid),
            rounds_per_minute: per_minute(rounds),
            draws_per_minute: per_minute(draws),
            transactions,
            failed,
            settlement,
            transfer,
            beyond_p50: beyond_at(50),
            beyond_p95: beyond_at(95),
            beyond_within_150_ms: (within * 100 / beyond.len().max(1)) as u64,
            peak_kib: busy.peak_kib,
            rpc_calls: busy.rpc_calls.saturating_sub(idle.rpc_calls),
            rpc_calls_a_minute_idle: {
                let calls = idle.rpc_calls.saturating_sub(ready.rpc_calls);
                (calls as f64 * 60.0 / waited.as_secs_f64().max(1.0)) as u64
            },
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} games on {}, slots of {} ms",
            self.games, self.cluster, self.slot_ms
        )?;
        writeln!(
            f,
            "drawn in {:.1} s, paid after {:.1} s: {} rounds by {} draws",
            self.drawn_ms as f64 / 1000.0,
            self.paid_ms as f64 / 1000.0,
            self.rounds,
            self.draws
        )?;
        writeln!(
            f,
            "{} rounds and {} draws settled per minute",
            self.rounds_per_minute, self.draws_per_minute
        )?;
        writeln!(
            f,
            "{} transactions, {} of them failed",
            self.transactions, self.failed
        )?;
        writeln!(f, "from a value processed to ...")?;
        writeln!(f, "  its rounds confirmed:           {}", self.settlement)?;
        writeln!(f, "  a transfer sent then confirmed: {}", self.transfer)?;
        writeln!(
            f,
            "beyond that transfer: p50 {} ms, p95 {} ms, within {TARGET_MS} ms {} %",
            self.beyond_p50, self.beyond_p95, self.beyond_within_150_ms
        )?;
        write!(
            f,
            "keeper: {} MiB at most, {} questions to the node; {} a minute while all games wait",
            self.peak_kib / 1024,
            self.rpc_calls,
            self.rpc_calls_a_minute_idle
        )
    }
}
