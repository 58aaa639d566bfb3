use std::{fmt, time::Duration};

use lottery_localnet::Kind;
use serde::Serialize;

use super::{Load, Usage, watch::Seen};

/// How durations are spread (milliseconds).
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Spread {
    pub count: usize,
    pub p50: u64,
    pub p95: u64,
    pub max: u64,
}

impl Spread {
    pub fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        let at = |percent: usize| {
            let rank = (durations.len() * percent).div_ceil(100);
            let duration = durations.get(rank.saturating_sub(1));
            duration.map_or(0, |it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX))
        };
        Self {
            count: durations.len(),
            p50: at(50),
            p95: at(95),
            max: at(100),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p50 {} ms, p95 {} ms, at most {} ms ({})",
            self.p50, self.p95, self.max, self.count
        )
    }
}

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
    /// From a value on chain to a round settled with it, both as confirmed.
    pub settlement: Spread,
    /// A plain transfer, from sent to confirmed.
    pub transfer: Spread,
    /// p95 of the one less p95 of the other (milliseconds).
    pub beyond_slots_p95: i64,
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
        let millis = |it: Duration| u64::try_from(it.as_millis()).unwrap_or(u64::MAX);
        let (rounds, draws) = (seen.rounds(), seen.draws.len());
        let settlement = Spread::of(seen.settlements);
        let transfer = Spread::of(seen.transfers);
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
            beyond_slots_p95: settlement.p95 as i64 - transfer.p95 as i64,
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
        writeln!(f, "value on chain to round settled: {}", self.settlement)?;
        writeln!(f, "a plain transfer meanwhile:      {}", self.transfer)?;
        writeln!(
            f,
            "p95 beyond the cluster's own time: {} ms",
            self.beyond_slots_p95
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
