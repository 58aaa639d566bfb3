//! The draw's hashes, from one piece of memory each: what `draw` computes, with less
//! around the calls. The bench compares every result with it.

use core::num::NonZeroU64;

use anchor_lang::prelude::*;

use crate::{
    draw::{round_size, SHUFFLE_ROUNDS},
    state::Game,
    view::bytes_of,
};

/// The words of a hash.
type Hash = [u64; 4];

#[cfg(target_os = "solana")]
#[inline(always)]
fn sha256(data: &[u8], hash: &mut Hash) {
    let pieces = [data];
    unsafe {
        pinocchio::syscalls::sol_sha256(pieces.as_ptr().cast(), 1, hash.as_mut_ptr().cast());
    }
}

#[cfg(not(target_os = "solana"))]
fn sha256(data: &[u8], hash: &mut Hash) {
    for (word, bytes) in hash
        .iter_mut()
        .zip(anchor_lang::sha256(data).chunks_exact(8))
    {
        *word = crate::view::word(bytes);
    }
}

/// Place that a ticket won, if it did; all rounds are settled.
#[inline(always)]
pub fn place_of(game: &Game, ticket: u32) -> Option<u32> {
    let (mut position, mut n, mut round) = (ticket, game.tickets, 0);
    for seed in game.seeds() {
        position = shuffled(seed, n, position);
        n = round_size(n, round, game.rounds, game.winners, &game.keep_bps);
        if position >= n {
            return None;
        }
        round = round.wrapping_add(1);
    }
    Some(position)
}

#[inline(never)]
fn shuffled(seed: &[u8; 32], count: u32, index: u32) -> u32 {
    let Some(count) = NonZeroU64::new(u64::from(count)) else {
        return index;
    };
    let mut index = u64::from(index);
    if index >= count.get() {
        return index as u32;
    }
    // Aligned, for the seed to be copied in words; the last 37 bytes are hashed.
    #[repr(C, align(8))]
    struct Preimage {
        bytes: [u8; 40],
    }
    let mut input = Preimage { bytes: [0; 40] };
    input.bytes[..32].copy_from_slice(seed);
    let mut hash = [0; 4];
    for round in 0..SHUFFLE_ROUNDS {
        input.bytes[32] = round;
        sha256(&input.bytes[..33], &mut hash);
        let pivot = hash[0] % count;
        let flip = pivot.wrapping_add(count.get()).wrapping_sub(index) % count;
        let position = if index > flip { index } else { flip };
        input.bytes[33..37].copy_from_slice(&((position >> 8) as u32).to_le_bytes());
        sha256(&input.bytes[..37], &mut hash);
        let byte = bytes_of(&hash)[((position & 0xff) >> 3) as usize];
        if byte >> (position & 7) & 1 == 1 {
            index = flip;
        }
    }
    index as u32
}

/// Seed of a round.
#[inline(always)]
pub fn round_seed(value: &[u8; 32], game: &Address, round: u8) -> [u8; 32] {
    #[repr(C, packed)]
    struct Preimage {
        tag: [u8; 4],
        value: [u8; 32],
        game: Address,
        round: u8,
    }
    let preimage = Preimage {
        tag: *b"draw",
        value: *value,
        game: *game,
        round,
    };
    anchor_lang::sha256(bytes_of(&preimage))
}

#[inline(always)]
fn uniform_below<const TAG: usize>(
    tag: &[u8; TAG],
    seed: &[u8; 32],
    tier: u8,
    bound: NonZeroU64,
) -> u64 {
    let mut preimage = [0; 48];
    preimage[..TAG].copy_from_slice(tag);
    preimage[TAG..TAG + 32].copy_from_slice(seed);
    preimage[TAG + 32] = tier;
    let zone = u64::MAX.wrapping_sub((u64::MAX % bound).wrapping_add(1) % bound);
    let mut hash = [0; 4];
    sha256(&preimage[..TAG + 33], &mut hash);
    loop {
        for word in hash {
            if word <= zone {
                return word % bound;
            }
        }
        let previous = hash;
        sha256(bytes_of(&previous), &mut hash);
    }
}

#[inline(always)]
pub fn jackpot_hit(seed: &[u8; 32], tier: u8, mean: u64, contribution: u64) -> bool {
    NonZeroU64::new(mean)
        .is_some_and(|mean| uniform_below(b"jackpot", seed, tier, mean) < contribution)
}

#[inline(always)]
pub fn jackpot_ticket(seed: &[u8; 32], tier: u8, tickets: u32) -> u32 {
    NonZeroU64::new(u64::from(tickets)).map_or(0, |tickets| {
        uniform_below(b"jackpot winner", seed, tier, tickets) as u32
    })
}
