//! When things happened, in numbers that atomics hold.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::time::Instant;

/// Makes and reads stamps: milliseconds after the start, plus one; 0 for never.
#[derive(Clone, Copy, Debug)]
pub struct Stamps {
    pub started: Instant,
}

impl Default for Stamps {
    fn default() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Stamps {
    /// Of a moment.
    pub fn of(self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.started).as_millis();
        u64::try_from(since).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// Of this moment.
    pub fn now(self) -> u64 {
        self.of(Instant::now())
    }

    /// How long ago it was stamped; since the start if never.
    pub fn age(self, stamp: &AtomicU64, now: Instant) -> Duration {
        let at = Duration::from_millis(stamp.load(Relaxed).saturating_sub(1));
        now.saturating_duration_since(self.started)
            .saturating_sub(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_happened_is_as_old_as_the_process() {
        let stamps = Stamps::default();
        let later = |seconds| stamps.started + Duration::from_secs(seconds);
        let stamp = AtomicU64::new(0);
        assert_eq!(stamps.age(&stamp, later(9)), Duration::from_secs(9));
        stamp.store(stamps.of(later(4)), Relaxed);
        assert_eq!(stamps.age(&stamp, later(9)), Duration::from_secs(5));
        assert_eq!(stamps.age(&stamp, later(3)), Duration::ZERO);
        // The very start is not never.
        assert_ne!(stamps.of(stamps.started), 0);
    }
}
