//! Which slots stay. Blocks build on one another; where two build on the same one, the
//! cluster votes for one of them and drops the other, with all that happened in it.
//! Pure: it is told what was seen and written, and says what has to be taken back.

use std::collections::{BTreeMap, BTreeSet};

use solana_pubkey::Pubkey;

use crate::source::{SlotStatus, SlotUpdate};

/// No stream tells of a fork so many slots after its end.
const LATE: i64 = 1_000;

/// Slots that may yet be dropped.
#[derive(Debug, Default)]
pub struct Forks {
    /// Slots above the finalized one with the slot they build on, as far as known.
    parents: BTreeMap<i64, Option<i64>>,
    /// Slots above the finalized one that rows speak of, with the accounts that do.
    touched: BTreeMap<i64, BTreeSet<Pubkey>>,
    confirmed: Option<i64>,
    finalized: Option<i64>,
}

/// What a slot's fate means for others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Slots that rows speak of and that are not on the chain.
    pub dropped: Vec<i64>,
    /// Slots that rows speak of, of which a node has to be asked.
    pub unsure: Vec<i64>,
}

impl Forks {
    /// Begins where the tables stand.
    pub fn starting_at(confirmed: Option<i64>, finalized: Option<i64>) -> Self {
        Self {
            confirmed,
            finalized,
            ..Self::default()
        }
    }

    /// The same slots, without the accounts whose rows speak of them.
    pub fn outline(&self) -> Self {
        let touched = self.touched.keys().map(|slot| (*slot, BTreeSet::new()));
        Self {
            parents: self.parents.clone(),
            touched: touched.collect(),
            ..*self
        }
    }

    /// The confirmed and the finalized slot.
    pub fn settled(&self) -> (Option<i64>, Option<i64>) {
        (self.confirmed, self.finalized)
    }

    /// A row now says what was at a slot.
    pub fn touch(&mut self, slot: i64, account: Option<Pubkey>) {
        if Some(slot) > self.finalized {
            self.touched.entry(slot).or_default().extend(account);
        }
    }

    /// A stream told of a slot. Where that is final already, it is not known whether it
    /// stayed: a node is asked with the next one that is.
    pub fn hear(&mut self, slot: i64, account: Pubkey) {
        if Some(slot.saturating_add(LATE)) > self.finalized {
            self.touched.entry(slot).or_default().insert(account);
        }
    }

    /// The accounts whose rows speak of these slots.
    pub fn accounts(&self, slots: &[i64]) -> BTreeSet<Pubkey> {
        let touched = slots.iter().filter_map(|slot| self.touched.get(slot));
        touched.flatten().copied().collect()
    }

    /// Takes note of a slot. What it settles has to be taken back, and reported with
    /// [`Forks::done`], before the next.
    pub fn note(&mut self, update: SlotUpdate) -> Settled {
        let slot = update.slot;
        if Some(slot) > self.finalized {
            let parent = self.parents.entry(slot).or_default();
            // A block that died may be made again, on another one.
            *parent = update.parent.or(*parent);
        }
        match update.status {
            SlotStatus::Processed => Settled::default(),
            SlotStatus::Dead => {
                self.parents.remove(&slot);
                let is_touched = self.touched.contains_key(&slot);
                Settled {
                    dropped: is_touched.then_some(slot).into_iter().collect(),
                    unsure: Vec::new(),
                }
            }
            SlotStatus::Confirmed => self.settle(slot, self.confirmed),
            SlotStatus::Finalized => self.settle(slot, self.finalized),
        }
    }

    /// What is not on the chain that ends in `head`, above `from`.
    fn settle(&self, head: i64, from: Option<i64>) -> Settled {
        let mut settled = Settled::default();
        if Some(head) <= from {
            return settled;
        }
        let chain = self.chain(head, from);
        let lowest = chain.first().copied().unwrap_or(head);
        for slot in self.touched.range(..=head).map(|(slot, _)| *slot) {
            if chain.contains(&slot) || (Some(slot) <= from && Some(slot) > self.finalized) {
                continue;
            }
            if slot > lowest && Some(slot) > from {
                settled.dropped.push(slot);
            } else {
                // The chain is not known that far down.
                settled.unsure.push(slot);
            }
        }
        settled
    }

    /// The slots that `head` builds on, down to `from`, as far as known.
    fn chain(&self, head: i64, from: Option<i64>) -> BTreeSet<i64> {
        let mut chain = BTreeSet::from([head]);
        let mut slot = head;
        while let Some(Some(parent)) = self.parents.get(&slot) {
            // A parent is older; whoever says otherwise is not followed.
            if *parent >= slot {
                break;
            }
            slot = *parent;
            chain.insert(slot);
            if Some(slot) <= from {
                break;
            }
        }
        chain
    }

    /// What a slot settled has been taken back.
    pub fn done(&mut self, update: SlotUpdate, dropped: &[i64]) {
        for slot in dropped {
            self.touched.remove(slot);
            self.parents.remove(slot);
        }
        match update.status {
            SlotStatus::Processed | SlotStatus::Dead => {}
            SlotStatus::Confirmed => self.confirmed = self.confirmed.max(Some(update.slot)),
            SlotStatus::Finalized => {
                self.confirmed = self.confirmed.max(Some(update.slot));
                self.finalized = self.finalized.max(Some(update.slot));
                let next = update.slot.saturating_add(1);
                self.touched = self.touched.split_off(&next);
                // The finalized slot itself stays: others build on it.
                self.parents = self.parents.split_off(&update.slot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(slot: i64, parent: i64, status: SlotStatus) -> SlotUpdate {
        SlotUpdate {
            slot,
            parent: Some(parent),
            status,
        }
    }

    fn key(number: u8) -> Pubkey {
        Pubkey::new_from_array([number; 32])
    }

    /// 10 - 11 - 13 - 14, and 12 beside them on 10.
    fn forked() -> Forks {
        let mut forks = Forks::starting_at(Some(10), Some(10));
        for (child, parent) in [(11, 10), (12, 10), (13, 11), (14, 13)] {
            forks.touch(child, Some(key(u8::try_from(child).unwrap_or_default())));
            assert_eq!(
                forks.note(slot(child, parent, SlotStatus::Processed)),
                Settled::default()
            );
        }
        forks
    }

    #[test]
    fn what_the_confirmed_slot_does_not_build_on_is_dropped() {
        let mut forks = forked();
        let confirmed = slot(13, 11, SlotStatus::Confirmed);
        let settled = forks.note(confirmed);
        assert_eq!(
            (settled.dropped.as_slice(), settled.unsure.len()),
            (&[12][..], 0)
        );
        assert_eq!(forks.accounts(&settled.dropped), BTreeSet::from([key(12)]));
        forks.done(confirmed, &settled.dropped);
        assert_eq!(forks.settled(), (Some(13), Some(10)));
        // It was taken back once, and for good.
        let finalized = slot(14, 13, SlotStatus::Finalized);
        assert_eq!(forks.note(finalized), Settled::default());
        forks.done(finalized, &[]);
        assert_eq!(forks.settled(), (Some(14), Some(14)));
        assert!(forks.accounts(&[11, 13, 14]).is_empty());
    }

    #[test]
    fn a_confirmed_slot_that_was_undone_after_all_is_dropped_when_the_other_is_final() {
        let mut forks = forked();
        let confirmed = slot(12, 10, SlotStatus::Confirmed);
        let settled = forks.note(confirmed);
        assert_eq!(settled.dropped, [11]);
        forks.done(confirmed, &settled.dropped);
        let settled = forks.note(slot(14, 13, SlotStatus::Finalized));
        // 11 is forgotten, so what 13 builds on is unknown below it.
        assert_eq!(
            (settled.dropped.as_slice(), settled.unsure.as_slice()),
            (&[12][..], &[][..])
        );
    }

    #[test]
    fn a_dead_slot_is_dropped_at_once_and_only_if_rows_speak_of_it() {
        let mut forks = forked();
        assert_eq!(forks.note(slot(12, 10, SlotStatus::Dead)).dropped, [12]);
        assert_eq!(
            forks.note(slot(99, 14, SlotStatus::Dead)),
            Settled::default()
        );
    }

    #[test]
    fn where_the_chain_is_not_known_a_node_is_asked() {
        let mut forks = Forks::starting_at(None, Some(5));
        for touched in [6, 7, 9] {
            forks.touch(touched, None);
        }
        let alone = SlotUpdate {
            slot: 9,
            parent: None,
            status: SlotStatus::Finalized,
        };
        assert_eq!(forks.note(alone).unsure, [6, 7]);
        forks.note(slot(9, 7, SlotStatus::Processed));
        assert_eq!(
            forks.note(alone),
            Settled {
                dropped: Vec::new(),
                unsure: vec![6]
            }
        );
    }

    #[test]
    fn slots_that_claim_to_build_on_later_ones_are_not_followed_for_ever() {
        let mut forks = Forks::default();
        forks.touch(3, None);
        forks.note(slot(4, 5, SlotStatus::Processed));
        forks.note(slot(5, 4, SlotStatus::Processed));
        assert_eq!(forks.note(slot(5, 4, SlotStatus::Confirmed)).unsure, [3]);
    }

    #[test]
    fn what_a_stream_tells_of_a_slot_that_was_final_already_is_asked_for_once() {
        let mut forks = forked();
        let finalized = slot(13, 11, SlotStatus::Finalized);
        let dropped = forks.note(finalized).dropped;
        forks.done(finalized, &dropped);
        forks.hear(12, key(12));
        let next = slot(14, 13, SlotStatus::Finalized);
        assert_eq!(
            forks.note(next),
            Settled {
                dropped: Vec::new(),
                unsure: vec![12]
            }
        );
        assert_eq!(forks.accounts(&[12]), BTreeSet::from([key(12)]));
        forks.done(next, &[12]);
        let last = slot(15, 14, SlotStatus::Finalized);
        assert_eq!(forks.note(last), Settled::default());
    }

    #[test]
    fn what_is_final_is_not_watched() {
        let mut forks = Forks::starting_at(Some(9), Some(9));
        forks.touch(9, Some(key(1)));
        assert!(forks.accounts(&[9]).is_empty());
    }
}
