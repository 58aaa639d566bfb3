//! Slots, blocks and blockhashes.

use sha2::{Digest as _, Sha256};
use solana_hash::Hash;

/// Slot that a ledger begins at. It differs from the block height, so that whoever takes
/// one for the other is found out.
const FIRST_SLOT: u64 = 1_000;
/// Block height at the first slot.
const FIRST_HEIGHT: u64 = 700;
/// Blocks that exist from the start, so that every commitment has one.
const PREPARED: u64 = 64;
/// Blocks that a blockhash lasts, as on every cluster.
pub(super) const BLOCKHASH_LIFE: u64 = 150;

/// How far commitments are behind the newest slot (slots).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depths {
    pub confirmed: u64,
    pub finalized: u64,
}

impl Default for Depths {
    /// A slot is confirmed once the next one has begun, and final after 32.
    fn default() -> Self {
        Self {
            confirmed: 1,
            finalized: 32,
        }
    }
}

/// How sure a client wants to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Processed,
    Confirmed,
    Finalized,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub slot: u64,
    pub height: u64,
    pub hash: Hash,
}

impl Block {
    /// Last block height at which a transaction with this block's hash can land.
    pub fn last_valid_height(&self) -> u64 {
        self.height + BLOCKHASH_LIFE
    }
}

#[derive(Debug)]
pub(super) struct Chain {
    seed: u64,
    slot: u64,
    /// Oldest first, never empty.
    blocks: Vec<Block>,
    first: Block,
    pub depths: Depths,
}

impl Chain {
    pub fn new(seed: u64) -> Self {
        let first = Block {
            slot: FIRST_SLOT - PREPARED,
            height: FIRST_HEIGHT - PREPARED,
            hash: blockhash(seed, FIRST_SLOT - PREPARED),
        };
        let mut chain = Self {
            seed,
            slot: first.slot,
            blocks: vec![first],
            first,
            depths: Depths::default(),
        };
        for _ in 0..PREPARED {
            chain.produce();
        }
        chain
    }

    /// The next slot, with a block.
    pub fn produce(&mut self) {
        self.slot += 1;
        let height = self.newest().height + 1;
        self.blocks.push(Block {
            slot: self.slot,
            height,
            hash: blockhash(self.seed, self.slot),
        });
    }

    /// The next slot, without a block: nothing lands and the height stays.
    pub fn skip(&mut self) {
        self.slot += 1;
    }

    /// Forgets the newest slots.
    pub fn go_back(&mut self, slots: u64) {
        self.slot = self.slot.saturating_sub(slots).max(self.first.slot);
        let newest = self.slot;
        self.blocks.retain(|block| block.slot <= newest);
    }

    pub fn newest(&self) -> Block {
        self.blocks.last().copied().unwrap_or(self.first)
    }

    /// The newest slot at a commitment.
    pub fn slot(&self, level: Level) -> u64 {
        let behind = match level {
            Level::Processed => 0,
            Level::Confirmed => self.depths.confirmed,
            Level::Finalized => self.depths.finalized,
        };
        self.slot.saturating_sub(behind)
    }

    /// The newest block at a commitment.
    pub fn block(&self, level: Level) -> Block {
        let slot = self.slot(level);
        let newest = self.blocks.iter().rev().find(|block| block.slot <= slot);
        newest.copied().unwrap_or(self.first)
    }

    /// Whether a transaction with this blockhash may land now.
    pub fn accepts(&self, hash: &Hash) -> bool {
        let height = self.newest().height;
        let known = self.blocks.iter().rev().find(|block| block.hash == *hash);
        known.is_some_and(|block| height <= block.last_valid_height())
    }
}

fn blockhash(seed: u64, slot: u64) -> Hash {
    let digest = Sha256::new()
        .chain_update(seed.to_le_bytes())
        .chain_update(slot.to_le_bytes())
        .finalize();
    Hash::new_from_array(digest.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blockhash_lasts_as_many_blocks_as_it_says() {
        let mut chain = Chain::new(1);
        let block = chain.newest();
        while chain.newest().height < block.last_valid_height() {
            chain.produce();
            // A slot without a block costs it nothing.
            chain.skip();
        }
        assert!(chain.accepts(&block.hash));
        chain.produce();
        assert!(!chain.accepts(&block.hash));
        assert!(!chain.accepts(&Hash::default()));
    }

    #[test]
    fn commitments_are_behind_by_their_depths() {
        let mut chain = Chain::new(1);
        chain.skip();
        chain.produce();
        let newest = chain.slot(Level::Processed);
        assert_eq!(chain.slot(Level::Confirmed), newest - 1);
        assert_eq!(chain.slot(Level::Finalized), newest - 32);
        // The slot before the newest has no block.
        assert_eq!(chain.block(Level::Confirmed).slot, newest - 2);
    }
}
