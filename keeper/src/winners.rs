//! Which tickets won a settled game. Following every ticket forward costs 180
//! hashes a ticket and round; following the prize places backward costs as much
//! for each of the few winners instead.

use lottery_client::lottery::{
    draw::{MAX_ROUNDS, winning_ticket},
    state::{Game, GameStatus, MAX_PLACES},
};

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
            ticket: winning_ticket(&game.rules(), game.seeds(), u32::from(place)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use lottery_client::lottery::draw::{Fate, Rules, fate};
    use proptest::prelude::*;

    use super::*;
    use crate::test_games::settled_game;

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
