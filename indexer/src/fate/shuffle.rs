//! Ethereum's swap-or-not shuffle, of all positions at once.

use lottery::draw::SHUFFLE_ROUNDS;
use sha2::{Digest, Sha256};

/// Positions that one source hash decides about.
const POSITIONS_PER_HASH: u64 = 256;

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn first_u64(hash: &[u8; 32]) -> u64 {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(hash) {
        *to = *from;
    }
    u64::from_le_bytes(word)
}

/// Moves every position by Ethereum's swap-or-not shuffle of `count` items.
/// All positions are below `count`.
pub(super) fn shuffle(seed: &[u8; 32], count: u32, positions: &mut [u32]) {
    if count == 0 {
        return;
    }
    let count = u64::from(count);
    let mut input = [0u8; 37];
    input[..32].copy_from_slice(seed);
    let mut sources: Vec<Option<[u8; 32]>> = Vec::new();
    for round in 0..SHUFFLE_ROUNDS {
        input[32] = round;
        let pivot = first_u64(&sha256(&input[..33])) % count;
        sources.clear();
        let blocks = usize::try_from(count.div_ceil(POSITIONS_PER_HASH)).unwrap_or(usize::MAX);
        sources.resize(blocks, None);
        for position in positions.iter_mut() {
            let index = u64::from(*position);
            let flip = (pivot + count - index) % count;
            let decider = index.max(flip);
            let block = decider / POSITIONS_PER_HASH;
            let Some(source) = usize::try_from(block).ok().and_then(|b| sources.get_mut(b)) else {
                continue;
            };
            let source = source.get_or_insert_with(|| {
                // Below 2^24, as positions are below 2^32.
                let block = u32::try_from(block).unwrap_or_default();
                input[33..37].copy_from_slice(&block.to_le_bytes());
                sha256(&input)
            });
            let within = decider % POSITIONS_PER_HASH;
            let byte = usize::try_from(within / 8)
                .ok()
                .and_then(|at| source.get(at))
                .copied()
                .unwrap_or_default();
            if (byte >> (within % 8)) & 1 == 1 {
                // Below `count`, which fits 32 bits.
                *position = u32::try_from(flip).unwrap_or_default();
            }
        }
    }
}
