//! The draw: from a random value to every ticket's fate. Pure; the chain, the
//! keeper, the indexer and anybody who checks a draw run these same functions.

use core::num::NonZeroU64;

use anchor_lang::{prelude::*, sha256, solana_program::hash::hashv};

use crate::math::ceil_bps_of;

/// Most rounds of elimination.
pub const MAX_ROUNDS: usize = 8;

/// Rounds of Ethereum's swap-or-not shuffle (consensus specification, phase 0,
/// `SHUFFLE_ROUND_COUNT`).
pub const SHUFFLE_ROUNDS: u8 = 90;

/// Entries hash of a game nobody joined yet: the game's own address.
pub fn first_entries_hash(game: &Address) -> [u8; 32] {
    game.to_bytes()
}

/// Entries hash after one more entry:
/// `sha256(previous ‖ player ‖ nonce ‖ first ticket ‖ tickets)`, integers little-endian.
pub fn next_entries_hash(
    previous: &[u8; 32],
    player: &Address,
    nonce: u16,
    first_ticket: u32,
    tickets: u32,
) -> [u8; 32] {
    // One piece: the runtime charges for pieces, more than copying costs.
    let mut data = [0; 74];
    data[..32].copy_from_slice(previous);
    data[32..64].copy_from_slice(player.as_ref());
    data[64..66].copy_from_slice(&nonce.to_le_bytes());
    data[66..70].copy_from_slice(&first_ticket.to_le_bytes());
    data[70..].copy_from_slice(&tickets.to_le_bytes());
    sha256(&data)
}

/// Seed of a round: `sha256("draw" ‖ value ‖ game ‖ round)`.
pub fn round_seed(value: &[u8; 32], game: &Address, round: u8) -> [u8; 32] {
    let mut data = [0; 69];
    data[..4].copy_from_slice(b"draw");
    data[4..36].copy_from_slice(value);
    data[36..68].copy_from_slice(game.as_ref());
    data[68] = round;
    sha256(&data)
}

/// Tickets left of `n` after `round`: the last round leaves the winners, every
/// other `ceil(n * keep / 10,000)`, never fewer than the winners.
pub fn round_size(n: u32, round: u8, rounds: u8, winners: u8, keep_bps: &[u16; MAX_ROUNDS]) -> u32 {
    let winners = u32::from(winners);
    let last = round.wrapping_add(1) >= rounds;
    match keep_bps.get(usize::from(round)) {
        Some(keep) if !last => ceil_bps_of(n, *keep).max(winners),
        _ => winners,
    }
}

/// Ethereum's `compute_shuffled_index`: where the shuffle of `count` items under
/// `seed` takes `index`. A bijection of `0..count`; an index beyond stays where
/// it is.
pub fn shuffled_index(seed: &[u8; 32], count: u32, index: u32) -> u32 {
    let Some(count) = domain(count, index) else {
        return index;
    };
    let mut input = shuffle_input(seed);
    let mut index = u64::from(index);
    let mut round = 0;
    while round < SHUFFLE_ROUNDS {
        index = swap_or_not(&mut input, round, count, index);
        round = round.wrapping_add(1);
    }
    index as u32
}

/// The inverse: the index that the shuffle takes to `index`. Each round swaps
/// pairs, so it undoes itself; the rounds run backwards.
pub fn unshuffled_index(seed: &[u8; 32], count: u32, index: u32) -> u32 {
    let Some(count) = domain(count, index) else {
        return index;
    };
    let mut input = shuffle_input(seed);
    let mut index = u64::from(index);
    for round in (0..SHUFFLE_ROUNDS).rev() {
        index = swap_or_not(&mut input, round, count, index);
    }
    index as u32
}

/// The number of items, if the index is one of them.
#[inline(always)]
fn domain(count: u32, index: u32) -> Option<NonZeroU64> {
    NonZeroU64::new(u64::from(count)).filter(|_| index < count)
}

/// Seed, round and position, as they are hashed.
#[inline(always)]
fn shuffle_input(seed: &[u8; 32]) -> [u8; 37] {
    let mut input = [0u8; 37];
    input[..32].copy_from_slice(seed);
    input
}

/// One round of the shuffle for one index.
#[inline(always)]
fn swap_or_not(input: &mut [u8; 37], round: u8, count: NonZeroU64, index: u64) -> u64 {
    input[32] = round;
    let pivot = first_u64(&sha256(&input[..33])) % count;
    // Both are below `count < 2^32`: no sum or difference leaves 64 bits.
    let flip = pivot.wrapping_add(count.get()).wrapping_sub(index) % count;
    let position = if index > flip { index } else { flip };
    input[33..37].copy_from_slice(&((position >> 8) as u32).to_le_bytes());
    let source = sha256(input);
    let byte = source[((position & 0xff) >> 3) as usize];
    if (byte >> (position & 7)) & 1 == 1 {
        flip
    } else {
        index
    }
}

/// What became of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Still in after the rounds given, at this position.
    Alive(u32),
    /// Out in this round (0 is the first).
    Eliminated(u8),
}

/// The rules that decide fates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules<'a> {
    /// Tickets sold.
    pub tickets: u32,
    pub rounds: u8,
    pub winners: u8,
    pub keep_bps: &'a [u16; MAX_ROUNDS],
}

/// Follows a ticket through the rounds whose seeds are given. After all rounds
/// `Alive` holds the place it won.
#[inline(never)]
pub fn fate(rules: &Rules, seeds: &[[u8; 32]], ticket: u32) -> Fate {
    let mut position = ticket;
    let mut n = rules.tickets;
    let mut round = 0u8;
    for seed in seeds {
        position = shuffled_index(seed, n, position);
        n = round_size(n, round, rules.rounds, rules.winners, rules.keep_bps);
        if position >= n {
            return Fate::Eliminated(round);
        }
        round = round.wrapping_add(1);
    }
    Fate::Alive(position)
}

/// The ticket that won `place`, given the seeds of all rounds: the way of `fate`
/// backwards. `place < winners` is the caller's duty.
pub fn winning_ticket(rules: &Rules, seeds: &[[u8; 32]], place: u32) -> u32 {
    let mut sizes = [0u32; MAX_ROUNDS];
    let mut n = rules.tickets;
    for (round, size) in (0u8..).zip(sizes.iter_mut()) {
        *size = n;
        n = round_size(n, round, rules.rounds, rules.winners, rules.keep_bps);
    }
    seeds
        .iter()
        .zip(&sizes)
        .rev()
        .fold(place, |position, (seed, n)| {
            unshuffled_index(seed, *n, position)
        })
}

/// A number below `bound`, uniform: the 64-bit little-endian words of
/// `h, sha256(h), …` with `h = sha256(tag ‖ seed ‖ tier)`, the first one not
/// rejected for bias, modulo `bound`.
fn uniform_below(tag: &[u8], seed: &[u8; 32], tier: u8, bound: NonZeroU64) -> u64 {
    // Largest multiple of `bound` that fits, less one: above it lies the bias.
    let zone = u64::MAX.wrapping_sub((u64::MAX % bound).wrapping_add(1) % bound);
    let mut hash = hashv(&[tag, seed, &[tier]]).to_bytes();
    loop {
        for word in hash.chunks_exact(8) {
            let word = first_u64(word);
            if word <= zone {
                return word % bound;
            }
        }
        hash = sha256(&hash);
    }
}

/// Whether a game that contributed `contribution` hits the tier: a uniform number
/// below `mean` is below the contribution. So the chance is proportional to what
/// was paid in, and splitting a game in two gains nothing.
#[inline(never)]
pub fn jackpot_hit(seed: &[u8; 32], tier: u8, mean: u64, contribution: u64) -> bool {
    NonZeroU64::new(mean)
        .is_some_and(|mean| uniform_below(b"jackpot", seed, tier, mean) < contribution)
}

/// The ticket that wins the tier's award; 0 of a game without tickets.
#[inline(never)]
pub fn jackpot_ticket(seed: &[u8; 32], tier: u8, tickets: u32) -> u32 {
    NonZeroU64::new(u64::from(tickets)).map_or(0, |tickets| {
        uniform_below(b"jackpot winner", seed, tier, tickets) as u32
    })
}

fn first_u64(bytes: &[u8]) -> u64 {
    let mut word = [0u8; 8];
    word.copy_from_slice(&bytes[..8]);
    u64::from_le_bytes(word)
}
