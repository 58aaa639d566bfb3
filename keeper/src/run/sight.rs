//! Whether the keeper sees the chain go on. A leader that does not leaves the lease to
//! whoever does.

use std::time::Duration;

use tokio::time::Instant;

use super::keeper::Keeper;

/// How long no later slot may be seen before a leader gives its lease up: longer than a
/// stream may be silent before it is replaced, and a node may hang.
pub(super) const BLIND_AFTER: Duration = Duration::from_secs(15);

/// The latest slot seen, and when.
pub(super) struct Sight {
    slot: u64,
    at: Instant,
    is_blind: bool,
}

impl Sight {
    pub fn new(now: Instant) -> Self {
        Self {
            slot: 0,
            at: now,
            is_blind: false,
        }
    }

    /// When the keeper counts as blind; never again while it does.
    pub fn ends_at(&self) -> Option<Instant> {
        (!self.is_blind).then(|| self.at + BLIND_AFTER)
    }

    pub fn is_blind(&self) -> bool {
        self.is_blind
    }

    /// Notes the latest slot known. Whether the keeper sees again.
    fn see(&mut self, slot: u64, now: Instant) -> bool {
        if slot <= self.slot {
            return false;
        }
        (self.slot, self.at) = (slot, now);
        std::mem::replace(&mut self.is_blind, false)
    }

    /// Slots count anew: those that were seen never were. It sees no more for that.
    pub fn start_over(&mut self) {
        self.slot = 0;
    }
}

impl Keeper {
    /// Notes how far the chain is by an answer; a stream that goes on is not enough.
    pub(super) fn look(&mut self, slot: u64) {
        if self.sight.see(slot, Instant::now()) {
            tracing::info!("this keeper can read the chain again");
            self.set_able(true);
        }
    }

    /// Nothing was seen of the chain for long.
    pub(super) fn go_blind(&mut self) {
        self.sight.is_blind = true;
        tracing::warn!("no later slot was read for {BLIND_AFTER:?}; another keeper may lead");
        self.set_able(false);
    }

    fn set_able(&self, able: bool) {
        if let Some(leading) = &self.leading {
            leading.set_able(able);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_later_slot_counts_as_seeing() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut sight = Sight::new(start);
        assert_eq!(sight.ends_at(), Some(start + BLIND_AFTER));
        assert!(!sight.see(7, at(1)));
        assert!(!sight.see(7, at(9)));
        assert_eq!(sight.ends_at(), Some(at(1) + BLIND_AFTER));
        sight.is_blind = true;
        assert_eq!(sight.ends_at(), None);
        assert!(!sight.see(7, at(20)));
        assert!(sight.see(8, at(21)));
        assert_eq!(sight.ends_at(), Some(at(21) + BLIND_AFTER));
        sight.start_over();
        assert!(!sight.see(3, at(22)));
        assert_eq!(sight.ends_at(), Some(at(22) + BLIND_AFTER));
    }
}
