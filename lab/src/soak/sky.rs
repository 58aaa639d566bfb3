//! When there is weather and when it is calm: stretches by the seed, the same for all.

use std::{ops::Range, time::Duration};

use super::chance;

/// How long it takes until what a storm left behind is done with.
const AFTER: Duration = Duration::from_secs(12);

/// What must be due so long before a calm stretch ends to count as due in it.
const BEFORE: Duration = Duration::from_secs(12);

/// Calm stretches, in order; all else is weather.
#[derive(Clone, Debug)]
pub struct Sky {
    calms: Vec<Range<Duration>>,
}

impl Sky {
    /// Never any weather.
    pub fn calm() -> Self {
        Self {
            calms: vec![Duration::ZERO..Duration::MAX],
        }
    }

    /// Weather for so long, with calm stretches in between, and calm ever after.
    pub fn stormy(seed: u64, length: Duration) -> Self {
        let mut rng = chance::sequence(seed, "sky");
        let mut calms = Vec::new();
        let mut now = Duration::ZERO;
        loop {
            now += chance::seconds(&mut rng, 80.0, 160.0);
            if now >= length {
                break;
            }
            let end = now + chance::seconds(&mut rng, 36.0, 48.0);
            calms.push(now..end);
            now = end;
        }
        calms.push(length..Duration::MAX);
        Self { calms }
    }

    /// When the calm that there is now ends; `None` where there is none now.
    pub fn calm_until(&self, now: Duration) -> Option<Duration> {
        let calm = self.calms.iter().find(|calm| calm.contains(&now))?;
        Some(calm.end)
    }

    /// When the next calm begins.
    pub fn next_calm(&self, now: Duration) -> Duration {
        let starts = self.calms.iter().map(|calm| calm.start);
        starts
            .filter(|start| *start > now)
            .min()
            .unwrap_or(Duration::MAX)
    }

    /// Whether what is due then has calm weather, with what came before done with.
    pub fn is_settled(&self, due: Duration) -> bool {
        self.calms.iter().any(|calm| {
            let settled = match calm.start {
                Duration::ZERO => Duration::ZERO,
                start => start.saturating_add(AFTER),
            };
            settled <= due && due < calm.end.saturating_sub(BEFORE)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storms_and_calms_take_turns_and_it_ends_calm() {
        let length = Duration::from_secs(1_800);
        let sky = Sky::stormy(7, length);
        assert!(sky.calm_until(Duration::ZERO).is_none());
        assert_eq!(sky.calm_until(length), Some(Duration::MAX));
        for pair in sky.calms.windows(2) {
            assert!(pair[0].end < pair[1].start || pair[1].start == length);
        }
        assert!(sky.is_settled(length + AFTER));
        assert!(!sky.is_settled(length));
    }

    #[test]
    fn a_calm_run_is_settled_from_the_beginning() {
        assert!(Sky::calm().is_settled(Duration::ZERO));
        assert_eq!(Sky::calm().next_calm(Duration::from_secs(1)), Duration::MAX);
    }
}
