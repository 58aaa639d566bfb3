//! How durations are spread.

use std::{fmt, time::Duration};

use serde::Serialize;

/// Durations, sorted and summed up (milliseconds).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
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
            let duration = durations.get(rank.saturating_sub(1)).copied();
            millis(duration.unwrap_or_default())
        };
        Self {
            count: durations.len(),
            p50: at(50),
            p95: at(95),
            max: at(100),
        }
    }

    /// As people read what takes long.
    pub fn in_seconds(&self) -> impl fmt::Display {
        let seconds = |millis: u64| millis as f64 / 1_000.0;
        format!(
            "p50 {:.1} s, p95 {:.1} s, max {:.1} s (of {})",
            seconds(self.p50),
            seconds(self.p95),
            seconds(self.max),
            self.count
        )
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

/// Whole milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_names_times_that_were() {
        let spread = Spread::of((1..=100).map(Duration::from_millis).collect());
        let expected = Spread {
            count: 100,
            p50: 50,
            p95: 95,
            max: 100,
        };
        assert_eq!(spread, expected);
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
