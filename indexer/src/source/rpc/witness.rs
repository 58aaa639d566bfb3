//! Whether the stream tells what it ought to: snapshots show what changed, and the stream
//! has to have told of it. Closed accounts do not count, of which it does not tell. Pure.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher as _, RandomState},
};

use solana_pubkey::Pubkey;

use crate::source::AccountUpdate;

/// Most accounts that are looked at. Of more, a part is: a stream that loses things loses
/// some of those, too.
const MOST: usize = 65_536;

/// What is known of an account.
#[derive(Clone, Copy, Debug)]
struct Known {
    slot: i64,
    contents: u64,
}

/// A stream is held against snapshots.
#[derive(Debug)]
pub(super) struct Witness {
    hasher: RandomState,
    most: usize,
    /// Accounts are looked at whose hash has so many zeros at its end.
    zeros: u32,
    /// What the last snapshot showed, or the stream told since; `None` before there is one.
    known: Option<HashMap<Pubkey, Known>>,
    /// What the snapshot under way showed, or the stream told meanwhile.
    next: HashMap<Pubkey, Known>,
    /// What a snapshot showed and the stream has not told, by account.
    owed: BTreeMap<Pubkey, Known>,
}

impl Default for Witness {
    fn default() -> Self {
        Self::of(MOST)
    }
}

impl Witness {
    fn of(most: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            most,
            zeros: 0,
            known: None,
            next: HashMap::new(),
            owed: BTreeMap::new(),
        }
    }

    fn looks_at(&self, address: &Pubkey) -> bool {
        self.hasher.hash_one(address).trailing_zeros() >= self.zeros
    }

    fn seen(&self, update: &AccountUpdate) -> Known {
        Known {
            slot: update.slot,
            contents: self.hasher.hash_one((update.lamports, &update.data)),
        }
    }

    /// The stream told of an account.
    pub fn told(&mut self, update: &AccountUpdate) {
        if !self.looks_at(&update.address) {
            return;
        }
        let seen = self.seen(update);
        if let Some(known) = &mut self.known {
            known.insert(update.address, seen);
        }
        self.next.insert(update.address, seen);
        let owed = self.owed.get(&update.address);
        if owed.is_some_and(|owed| owed.contents == seen.contents || owed.slot < seen.slot) {
            self.owed.remove(&update.address);
        }
    }

    /// A snapshot begins.
    pub fn begin(&mut self) {
        // Before the first one is whole, what the stream told is known nowhere else.
        if self.known.is_some() {
            self.next.clear();
        }
    }

    /// A part of it.
    pub fn part(&mut self, accounts: &[AccountUpdate]) {
        for update in accounts {
            if !self.looks_at(&update.address) {
                continue;
            }
            let seen = self.seen(update);
            let address = &update.address;
            let before = self.known.as_ref().and_then(|known| known.get(address));
            let newest = before.into_iter().chain(self.next.get(address));
            let newest = newest.copied().max_by_key(|known| known.slot);
            if let Some(newer) = newest.filter(|known| known.slot > seen.slot) {
                self.next.insert(*address, newer);
                continue;
            }
            if self.known.is_some() && newest.is_none_or(|known| known.contents != seen.contents) {
                self.owed.insert(*address, seen);
            }
            self.next.insert(*address, seen);
        }
        self.look_at_less();
    }

    /// It is whole.
    pub fn complete(&mut self) {
        self.known = Some(std::mem::take(&mut self.next));
    }

    /// How many accounts the stream, that has told everything up to a slot, did not tell.
    pub fn lost(&self, told: i64) -> usize {
        let due = self.owed.values().filter(|owed| owed.slot <= told);
        due.count()
    }

    fn look_at_less(&mut self) {
        while self.next.len() > self.most {
            self.zeros += 1;
            let (hasher, zeros) = (&self.hasher, self.zeros);
            let looks_at = |address: &Pubkey| hasher.hash_one(address).trailing_zeros() >= zeros;
            self.next.retain(|address, _| looks_at(address));
            self.owed.retain(|address, _| looks_at(address));
            if let Some(known) = &mut self.known {
                known.retain(|address, _| looks_at(address));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::END_OF_SLOT;

    fn update(account: u32, slot: i64, contents: u8) -> AccountUpdate {
        let mut address = [1; 32];
        address[..4].copy_from_slice(&account.to_le_bytes());
        AccountUpdate {
            address: Pubkey::new_from_array(address),
            slot,
            write_version: END_OF_SLOT,
            lamports: 1,
            owner: lottery::ID,
            data: vec![contents],
        }
    }

    fn snapshot(witness: &mut Witness, accounts: &[AccountUpdate]) {
        witness.begin();
        witness.part(accounts);
        witness.complete();
    }

    #[test]
    fn what_only_a_snapshot_tells_is_lost_once_the_stream_is_past_it() {
        let mut witness = Witness::default();
        snapshot(&mut witness, &[update(1, 5, 0), update(2, 5, 0)]);
        snapshot(
            &mut witness,
            &[update(1, 9, 1), update(2, 9, 0), update(3, 9, 0)],
        );
        // One changed and one is new; the stream may yet tell of both.
        assert_eq!(witness.lost(8), 0);
        assert_eq!(witness.lost(9), 2);
        witness.told(&update(3, 8, 0));
        assert_eq!(witness.lost(9), 1);
        // It told of something older.
        witness.told(&update(1, 7, 7));
        assert_eq!(witness.lost(9), 1);
        witness.told(&update(1, 10, 2));
        assert_eq!(witness.lost(99), 0);
    }

    #[test]
    fn what_the_stream_told_before_a_snapshot_or_beside_it_is_not_lost() {
        let mut witness = Witness::default();
        snapshot(&mut witness, &[update(1, 5, 0)]);
        witness.told(&update(1, 7, 1));
        witness.told(&update(2, 8, 1));
        witness.begin();
        // Newer than what the snapshot read.
        witness.told(&update(3, 12, 4));
        witness.part(&[update(1, 9, 1), update(2, 9, 1), update(3, 9, 3)]);
        witness.complete();
        assert_eq!(witness.lost(i64::MAX), 0);
        // Closed accounts are not told of.
        snapshot(&mut witness, &[update(1, 20, 1)]);
        assert_eq!(witness.lost(i64::MAX), 0);
    }

    #[test]
    fn of_very_many_accounts_a_part_is_looked_at() {
        let mut witness = Witness::of(64);
        let all: Vec<_> = (0..10_000).map(|account| update(account, 5, 0)).collect();
        snapshot(&mut witness, &all);
        assert!(
            witness
                .known
                .as_ref()
                .is_some_and(|known| known.len() <= 64)
        );
        let changed: Vec<_> = (0..10_000).map(|account| update(account, 9, 1)).collect();
        snapshot(&mut witness, &changed);
        assert!((1..=64).contains(&witness.lost(9)));
    }
}
