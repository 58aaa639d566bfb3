//! Draws that are not fair, to show that the statistics notice. Each replaces
//! functions of the program by ones with a mistake that has been made before.

use std::num::NonZeroU64;

use lottery::draw::{Fate, Rules, jackpot_hit, round_seed, round_size, unshuffled_index};
use sha2::{Digest as _, Sha256};
use solana_pubkey::Pubkey;

use super::{
    experiment::Experiment,
    functions::{Bytes, Functions},
    game::Game,
    independence, jackpots, tickets,
};

/// Draws that show a ticket's chance off by 1/128.
const DRAWS_FOR_A_SMALL_BIAS: u64 = 60_000;

/// Experiments on draws with a mistake: each must break a bound. `draws` as for the
/// program's; where the bias is small, no fewer than show it.
pub fn controls(draws: u64) -> Vec<Experiment> {
    let control = |mistake, functions: Functions, experiment: fn(Functions, u64) -> Experiment| {
        let mut experiment = experiment(functions, draws);
        // A name, and thereby random values, of its own.
        experiment.name = format!("{} ({mistake})", experiment.name);
        experiment
    };
    vec![
        control("one byte modulo tickets", MODULO, |functions, draws| {
            jackpots::tickets(functions, 100, draws)
        }),
        control(
            "modulo without rejection",
            UNREJECTED,
            |functions, draws| jackpots::frequency(functions, jackpots::TREACHEROUS_MEAN, draws),
        ),
        control("shuffle of 2 rounds", SHORT_2, |functions, draws| {
            tickets::wins(functions, Game::single(100, 1), draws)
        }),
        control("shuffle of 2 rounds", SHORT_2, |functions, draws| {
            tickets::eliminations(functions, Game::new(16, 3, 5_000, 2), draws / 16)
        }),
        control("shuffle of 7 rounds", SHORT_7, |functions, draws| {
            tickets::wins(
                functions,
                Game::single(100, 1),
                draws.max(DRAWS_FOR_A_SMALL_BIAS),
            )
        }),
        control(
            "ticket 0 wins 1 draw in 128 more",
            THUMB,
            |functions, draws| {
                tickets::wins(
                    functions,
                    Game::single(100, 1),
                    draws.max(DRAWS_FOR_A_SMALL_BIAS),
                )
            },
        ),
        control("rotation for a shuffle", ROTATION, |functions, draws| {
            tickets::pairs(functions, Game::single(8, 2), draws)
        }),
        control("seeds without the game", GAMELESS, independence::games),
        control("seeds without the round", ROUNDLESS, independence::rounds),
        control(
            "award goes to the winner",
            SAME,
            independence::winner_and_award,
        ),
        control("all tiers share a number", TIERLESS, independence::tiers),
        control("a least chance for small games", GENEROUS, jackpots::split),
    ]
}

const PROGRAM: Functions = Functions::PROGRAM;

/// `byte % tickets`: the byte's 256 values do not divide evenly.
const MODULO: Functions = Functions {
    jackpot_ticket: |seed, _, tickets| u32::from(seed[0]) % tickets,
    ..PROGRAM
};

/// `word % mean`, every word accepted.
const UNREJECTED: Functions = Functions {
    jackpot_hit: |seed, _, mean, contribution| {
        NonZeroU64::new(mean).is_some_and(|mean| word(seed) % mean < contribution)
    },
    ..PROGRAM
};

const SHORT_2: Functions = Functions {
    winning_ticket: |rules, seeds, place| unwind(rules, seeds, place, swap_or_not::<2>),
    fate: |rules, seeds, ticket| follow(rules, seeds, ticket, swap_or_not::<2>),
    ..PROGRAM
};

const SHORT_7: Functions = Functions {
    winning_ticket: |rules, seeds, place| unwind(rules, seeds, place, swap_or_not::<7>),
    fate: |rules, seeds, ticket| follow(rules, seeds, ticket, swap_or_not::<7>),
    ..PROGRAM
};

/// Ticket 0 wins outright when seven bits of the seed are zero.
const THUMB: Functions = Functions {
    winning_ticket: |rules, seeds, place| match seeds.first() {
        Some([0 | 1, ..]) => 0,
        _ => (PROGRAM.winning_ticket)(rules, seeds, place),
    },
    ..PROGRAM
};

/// Every ticket moves as far: each wins each place equally often, but places go to
/// neighbours.
pub const ROTATION: Functions = Functions {
    winning_ticket: |rules, seeds, place| unwind(rules, seeds, place, rotated),
    fate: |rules, seeds, ticket| follow(rules, seeds, ticket, rotated),
    ..PROGRAM
};

const GAMELESS: Functions = Functions {
    round_seed: |value, _, round| round_seed(value, &Pubkey::new_from_array([0; 32]), round),
    ..PROGRAM
};

const ROUNDLESS: Functions = Functions {
    round_seed: |value, game, _| round_seed(value, game, 0),
    ..PROGRAM
};

const SAME: Functions = Functions {
    jackpot_ticket: |seed, _, tickets| unshuffled_index(seed, tickets, 0),
    ..PROGRAM
};

const TIERLESS: Functions = Functions {
    jackpot_hit: |seed, _, mean, contribution| jackpot_hit(seed, 0, mean, contribution),
    ..PROGRAM
};

/// No chance below one in 500: who splits a game gains.
const GENEROUS: Functions = Functions {
    jackpot_hit: |seed, tier, mean, contribution| {
        jackpot_hit(seed, tier, mean, contribution.max(mean / 500))
    },
    ..PROGRAM
};

/// One step of a ticket: from seed, size and position to position. Its own inverse,
/// except for rotations, which are as (un)fair backwards.
type Step = fn(&Bytes, u32, u32) -> u32;

fn follow(rules: &Rules, seeds: &[Bytes], ticket: u32, step: Step) -> Fate {
    let (mut position, mut n) = (ticket, rules.tickets);
    for (round, seed) in (0..).zip(seeds) {
        position = step(seed, n, position);
        n = round_size(n, round, rules.rounds, rules.winners, rules.keep_bps);
        if position >= n {
            return Fate::Eliminated(round);
        }
    }
    Fate::Alive(position)
}

/// Of games of one round.
fn unwind(rules: &Rules, seeds: &[Bytes], place: u32, step: Step) -> u32 {
    seeds
        .iter()
        .fold(place, |position, seed| step(seed, rules.tickets, position))
}

/// The shuffle with too few rounds.
fn swap_or_not<const ROUNDS: u8>(seed: &Bytes, n: u32, index: u32) -> u32 {
    (0..ROUNDS).fold(index, |index, round| {
        let hash = |position: &[u8]| -> Bytes {
            Sha256::new()
                .chain_update(seed)
                .chain_update([round])
                .chain_update(position)
                .finalize()
                .into()
        };
        let pivot = below(&hash(&[]), n);
        let flip = (pivot + n - index) % n;
        let coin = hash(&index.max(flip).to_le_bytes())[0];
        if coin & 1 == 1 { flip } else { index }
    })
}

fn rotated(seed: &Bytes, n: u32, index: u32) -> u32 {
    (index + below(seed, n)) % n
}

/// A number below `n`, which fits 32 bits. That the remainder of 64 bits is not quite
/// uniform is not what these controls get wrong.
fn below(bytes: &Bytes, n: u32) -> u32 {
    (word(bytes) % u64::from(n)) as u32
}

fn word(bytes: &Bytes) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[..8]);
    u64::from_le_bytes(word)
}
