//! How far the node has told everything, by what came over its WebSocket alone. Pure.
//!
//! A node tells of accounts slot after slot: whoever subscribed at a commitment is told of
//! all that a slot changed when the slot reaches it, and of the next slot afterwards, over
//! the same connection. (Agave has one thread for that.) The clock changes in every slot
//! and is subscribed to in the same way as the program. So once the clock of a slot has
//! come, nothing comes any more of what changed before that slot; of the slot itself
//! something may.
//!
//! Some nodes (surfpool) do not tell of the clock. There the root counts that comes with
//! each new slot, which is some thirty slots behind.

/// So many slots without a clock, and none is expected.
const NO_CLOCK: u32 = 16;

/// What a connection told of slots.
#[derive(Debug, Default)]
pub(super) struct Heard {
    clock: Option<i64>,
    root: Option<i64>,
    slots: u32,
}

impl Heard {
    /// The clock of a slot came.
    pub fn clock(&mut self, slot: i64) {
        self.clock = self.clock.max(Some(slot));
    }

    /// A slot began.
    pub fn slot(&mut self, root: i64) {
        self.root = self.root.max(Some(root));
        self.slots = self.slots.saturating_add(1);
    }

    /// The newest slot whose clock came.
    pub fn newest(&self) -> Option<i64> {
        self.clock
    }

    /// The slot up to which everything was told, if that is known.
    pub fn told(&self) -> Option<i64> {
        match self.clock {
            Some(slot) => Some(slot.saturating_sub(1)),
            None => self.root.filter(|_| self.slots > NO_CLOCK),
        }
    }

    /// Whether all that happened up to a slot was told, for all that can be known: of a node
    /// that tells of no clock, nothing soon.
    pub fn has(&self, slot: i64) -> bool {
        match self.clock {
            Some(_) => self.told() >= Some(slot),
            None => self.slots > NO_CLOCK,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_tells_that_everything_before_its_slot_was_told() {
        let mut heard = Heard::default();
        assert_eq!((heard.told(), heard.has(1)), (None, false));
        heard.clock(7);
        assert_eq!(
            (heard.told(), heard.has(6), heard.has(7)),
            (Some(6), true, false)
        );
        // A slot was left out, and one comes again.
        heard.clock(9);
        heard.clock(8);
        assert_eq!(heard.told(), Some(8));
    }

    #[test]
    fn without_a_clock_the_root_counts_once_none_is_expected() {
        let mut heard = Heard::default();
        for slot in 0..=NO_CLOCK {
            assert_eq!(heard.told(), None, "{slot}");
            heard.slot(100 + i64::from(slot));
        }
        assert_eq!(heard.told(), Some(100 + i64::from(NO_CLOCK)));
        assert!(heard.has(130));
        heard.clock(200);
        assert_eq!(heard.told(), Some(199));
    }
}
