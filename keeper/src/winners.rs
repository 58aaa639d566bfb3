//! Which tickets won a settled game. Following every ticket forward costs 180
//! hashes a ticket and round; following the prize places backward costs as much
//! for each of the few winners instead.

use lottery_client::lottery::{
    draw::{MAX_ROUNDS, SHUFFLE_ROUNDS},
    state::{Game, GameStatus, MAX_PLACES},
};
use sha2::{Digest, Sha256};

/// A place and the ticket that won it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Winner {
    /// 0 is the first prize.
    pub place: u8,
    pub ticket: u32,
}

/// The winning tickets of a settled game by place; none before it is settled.
pub fn winning_tickets(game: &Game) -> Vec<Winner> {
    let rounds = usize::from(game.rounds);
    let places = usize::from(game.winners);
    let sound = game.is(GameStatus::Settled)
        && (1..=MAX_ROUNDS).contains(&rounds)
        && places <= MAX_PLACES
        && u32::from(game.winners) <= game.tickets;
    if !sound {
        return Vec::new();
    }
    (0..game.winners)
        .map(|place| Winner {
            place,
            ticket: ticket_of(game, u32::from(place)),
        })
        .collect()
}

/// The ticket that ended on `place`: the rounds undone, last first.
fn ticket_of(game: &Game, place: u32) -> u32 {
    let mut position = place;
    for round in (0..game.rounds).rev() {
        if let Some(seed) = game.round_seeds.get(usize::from(round)) {
            position = unshuffled_index(seed, game.survivors(round), position);
        }
    }
    position
}

/// Inverse of `lottery::draw::shuffled_index`: which index the shuffle of
/// `count` items under `seed` takes to `index`. Each round of swap-or-not is its
/// own inverse, so the inverse of all is the rounds in reverse order. `index`
/// itself when there is nothing to shuffle.
pub fn unshuffled_index(seed: &[u8; 32], count: u32, index: u32) -> u32 {
    if index >= count {
        return index;
    }
    let count = u64::from(count);
    let mut index = u64::from(index);
    for round in (0..SHUFFLE_ROUNDS).rev() {
        let pivot = first_u64(&digest(&[seed, &[round]])) % count;
        let flip = (pivot + count - index) % count;
        let position = index.max(flip);
        // Below 2^32 >> 8.
        let chunk = u32::try_from(position >> 8).unwrap_or(u32::MAX);
        let source = digest(&[seed, &[round], &chunk.to_le_bytes()]);
        let byte = usize::try_from((position & 0xff) >> 3)
            .ok()
            .and_then(|at| source.get(at))
            .copied()
            .unwrap_or(0);
        if (byte >> (position & 7)) & 1 == 1 {
            index = flip;
        }
    }
    // Below count.
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn first_u64(bytes: &[u8; 32]) -> u64 {
    bytes
        .first_chunk()
        .map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use lottery_client::lottery::draw::{Fate, Rules, fate, shuffled_index};
    use proptest::prelude::*;

    use super::*;
    use crate::test_games::settled_game;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn unshuffling_undoes_the_shuffle(seed: [u8; 32], count in 1u32..5_000, pick: u32) {
            let index = pick % count;
            prop_assert_eq!(unshuffled_index(&seed, count, shuffled_index(&seed, count, index)), index);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        /// The program's own forward computation over every ticket finds the
        /// same winners.
        #[test]
        fn forward_fates_agree(tickets in 1u32..60, rounds in 1u8..=4, winners in 1u8..=6, seed: [u8; 32]) {
            let winners = winners.min(u8::try_from(tickets).unwrap_or(u8::MAX));
            let game = settled_game(tickets, rounds, winners, seed);
            let rules = Rules {
                tickets: game.tickets,
                rounds: game.rounds,
                winners: game.winners,
                keep_bps: &game.keep_bps,
            };
            let seeds = &game.round_seeds[..usize::from(rounds)];
            let mut forward: Vec<(u32, u32)> = (0..tickets)
                .filter_map(|ticket| match fate(&rules, seeds, ticket) {
                    Fate::Alive(place) => Some((place, ticket)),
                    Fate::Eliminated(_) => None,
                })
                .collect();
            forward.sort_unstable();
            let backward: Vec<(u32, u32)> = winning_tickets(&game)
                .iter()
                .map(|winner| (u32::from(winner.place), winner.ticket))
                .collect();
            prop_assert_eq!(backward, forward);
        }
    }

    #[test]
    fn a_million_tickets_cost_no_more_than_ten() {
        let game = settled_game(1_000_000, 8, 32, [7; 32]);
        let won = winning_tickets(&game);
        assert_eq!(won.len(), 32);
        let rules = Rules {
            tickets: game.tickets,
            rounds: game.rounds,
            winners: game.winners,
            keep_bps: &game.keep_bps,
        };
        for winner in won {
            assert_eq!(
                fate(&rules, &game.round_seeds, winner.ticket),
                Fate::Alive(u32::from(winner.place))
            );
        }
    }

    #[test]
    fn nobody_has_won_an_unsettled_game() {
        let mut game = settled_game(10, 2, 1, [1; 32]);
        game.set_status(GameStatus::Playing);
        assert!(winning_tickets(&game).is_empty());
    }
}
