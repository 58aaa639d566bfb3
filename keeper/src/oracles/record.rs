//! How an oracle has answered so far, and how often that lets it be asked. Times
//! and outcomes come in as data: nothing here looks at a clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use solana_pubkey::Pubkey;

/// Failures in a row from which an oracle is left alone …
const STREAK: u32 = 3;

/// … for so long after the last one (seconds), while there is another one.
const REST: i64 = 600;

/// Time that makes up for one failure in a row (seconds).
const RECOVERY: i64 = 300;

/// Most failures in a row that count, so that whoever was away for a day is back
/// within [`RECOVERY`] times this.
const STREAK_BOUND: u32 = 8;

/// Weight of an oracle that always answers. Far above what the failures that count
/// can divide it by.
const WHOLE: u128 = 1 << 32;

/// Answers that the mean latency is over, about.
const LATENCY_MEMORY: u64 = 8;

/// What became of asking an oracle for a draw's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OracleSeen {
    pub oracle: Pubkey,
    /// Address of the draw.
    pub draw: Pubkey,
    pub result: OracleResult,
}

/// How an oracle answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OracleResult {
    /// With the draw's value, after this time.
    Answered(Duration),
    /// Not at all, or with what nobody can use.
    Failed,
    /// Not in time: its draw was given up.
    Aborted,
}

/// An oracle's past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OracleRecord {
    /// Draws that it gave the value of.
    pub answers: u64,
    /// Draws that it was asked for in vain. One counts once, however often it was
    /// asked for: an hour's outage is one event, not a hundred.
    pub failures: u64,
    /// Questions in vain since its last answer, of whatever draw.
    pub consecutive_failures: u32,
    /// When it last failed, by the chain's clock (unix seconds).
    pub last_failure_at: Option<i64>,
    /// How long its answers took, as a moving mean (milliseconds).
    pub latency_ms_ema: Option<u64>,
}

impl OracleRecord {
    /// Notes an answer that took so long.
    pub fn answered(&mut self, latency: Duration) {
        let taken = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        self.latency_ms_ema = Some(match self.latency_ms_ema {
            Some(mean) => {
                let rest = mean - mean / LATENCY_MEMORY;
                rest.saturating_add(taken / LATENCY_MEMORY)
            }
            None => taken,
        });
        self.answers = self.answers.saturating_add(1);
        self.consecutive_failures = 0;
    }

    /// Notes a draw that it was asked for in vain at `now` (unix seconds).
    pub fn failed(&mut self, now: i64) {
        self.failures = self.failures.saturating_add(1);
        self.failed_again(now);
    }

    /// Notes that it was asked in vain for the value of a draw that it failed before.
    pub fn failed_again(&mut self, now: i64) {
        self.consecutive_failures = self.consecutive_failures.saturating_add(1);
        self.last_failure_at = Some(now);
    }

    /// Whether it has just failed repeatedly, and is asked only if nobody else can be.
    pub fn rests(&self, now: i64) -> bool {
        self.consecutive_failures >= STREAK && self.seconds_since_failure(now) < REST
    }

    /// How often it is asked, beside others' weights; at least 1. Its rate of
    /// answers, smoothed as Laplace did, halved for each failure in a row that time
    /// has not made up for.
    pub fn weight(&self, now: i64) -> u64 {
        let (answers, failures) = (u128::from(self.answers), u128::from(self.failures));
        let rate = WHOLE * (answers + 1) / (answers + failures + 2);
        let made_up_for = self.seconds_since_failure(now) / RECOVERY;
        let made_up_for = u32::try_from(made_up_for).unwrap_or(u32::MAX);
        let streak = self.consecutive_failures.min(STREAK_BOUND);
        let weight = rate >> streak.saturating_sub(made_up_for);
        u64::try_from(weight).unwrap_or(u64::MAX).max(1)
    }

    /// No less than 0, whatever the clocks said.
    fn seconds_since_failure(&self, now: i64) -> i64 {
        self.last_failure_at
            .map_or(i64::MAX, |at| now.saturating_sub(at).max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn record(answers: u64, failures: u64) -> OracleRecord {
        OracleRecord {
            answers,
            failures,
            ..OracleRecord::default()
        }
    }

    #[test]
    fn the_rate_of_answers_is_the_weight() {
        let unknown = record(0, 0).weight(NOW);
        assert_eq!(u128::from(unknown), WHOLE / 2);
        assert_eq!(u128::from(record(2, 0).weight(NOW)), WHOLE * 3 / 4);
        assert!(record(1_000, 0).weight(NOW) > record(1_000, 10).weight(NOW));
        assert!(record(0, 3).weight(NOW) < unknown);
        assert_eq!(record(0, u64::MAX).weight(NOW), 1);
        assert!(record(u64::MAX, u64::MAX).weight(NOW).abs_diff(unknown) < 2);
    }

    #[test]
    fn failures_in_a_row_weigh_until_time_makes_up_for_them() {
        let mut oracle = record(1_000, 0);
        let before = oracle.weight(NOW);
        for _ in 0..STREAK {
            assert!(!oracle.rests(NOW));
            oracle.failed(NOW);
        }
        assert!(oracle.rests(NOW + REST - 1));
        assert!(!oracle.rests(NOW + REST));
        for _ in 0..1_000 {
            oracle.failed_again(NOW);
        }
        assert_eq!(oracle.failures, u64::from(STREAK));
        let weights: Vec<u64> = (0..=i64::from(STREAK_BOUND))
            .map(|steps| oracle.weight(NOW + steps * RECOVERY))
            .collect();
        assert!(weights.is_sorted_by(|a, b| a < b), "{weights:?}");
        assert!(before / weights[0] >= 1 << STREAK_BOUND, "{weights:?}");
        assert!(weights[8] > before / 100 * 99, "{weights:?} {before}");
    }

    #[test]
    fn one_answer_ends_the_streak() {
        let mut oracle = record(10, 0);
        for _ in 0..5 {
            oracle.failed(NOW);
        }
        assert!(oracle.rests(NOW));
        oracle.answered(Duration::from_millis(80));
        assert!(!oracle.rests(NOW));
        assert_eq!((oracle.answers, oracle.failures), (11, 5));
        assert_eq!(oracle.last_failure_at, Some(NOW));
    }

    #[test]
    fn latency_follows_its_answers() {
        let mut oracle = OracleRecord::default();
        oracle.answered(Duration::from_millis(800));
        assert_eq!(oracle.latency_ms_ema, Some(800));
        oracle.answered(Duration::from_millis(1_600));
        assert_eq!(oracle.latency_ms_ema, Some(900));
        for _ in 0..200 {
            oracle.answered(Duration::from_millis(80));
        }
        assert!(oracle.latency_ms_ema.is_some_and(|mean| mean < 100));
        oracle.answered(Duration::MAX);
        oracle.answered(Duration::MAX);
        assert!(oracle.latency_ms_ema.is_some());
    }

    #[test]
    fn clocks_at_their_ends_do_no_harm() {
        for at in [i64::MIN, -1, 0, i64::MAX] {
            for now in [i64::MIN, -1, 0, i64::MAX] {
                let mut oracle = OracleRecord {
                    consecutive_failures: u32::MAX,
                    ..record(u64::MAX, u64::MAX)
                };
                oracle.failed(at);
                assert!(oracle.weight(now) >= 1);
                assert!(oracle.rests(now) || now > at);
            }
        }
    }
}
