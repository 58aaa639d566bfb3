//! One random value settles many things: none says anything about another.

use super::{
    experiment::{Experiment, Finding, index, least_draws},
    functions::{Bytes, Functions},
    game::{Game, address},
    jackpots::ORDINARY_MEAN,
    statistics::{StatisticError, as_likely_as, independent, uniform},
};

/// Tickets of the games compared.
const TICKETS: u32 = 12;

/// Winners of two games whose draw shares a value.
pub fn games(functions: Functions, draws: u64) -> Experiment {
    let first = Game::single(TICKETS, 1);
    let mut second = first.clone();
    second.address = address("another game");
    let winner = move |game: &Game, value: &Bytes| {
        let seeds = game.seeds(&functions, value);
        (functions.winning_ticket)(&game.rules(), &seeds, 0)
    };
    table(
        "independence: two games under one value",
        "winner of one × winner of the other",
        draws,
        move |value| (winner(&first, value), winner(&second, value)),
    )
}

/// Where two rounds of a game take the same ticket.
pub fn rounds(functions: Functions, draws: u64) -> Experiment {
    let game = Game::new(TICKETS, 2, 5_000, 1);
    table(
        "independence: two rounds of a game under one value",
        "a ticket's position in round 0 × in round 1",
        draws,
        move |value| {
            let position = |round| {
                let seed = (functions.round_seed)(value, &game.address, round);
                (functions.shuffled_index)(&seed, TICKETS, 0)
            };
            (position(0), position(1))
        },
    )
}

/// A game's winner and the ticket of its award, from the same seed.
pub fn winner_and_award(functions: Functions, draws: u64) -> Experiment {
    let game = Game::single(TICKETS, 1);
    table(
        "independence: winner and jackpot ticket of a game",
        "winner × ticket of the award",
        draws,
        move |value| {
            let seeds = game.seeds(&functions, value);
            let winner = (functions.winning_ticket)(&game.rules(), &seeds, 0);
            let seed = seeds.last().unwrap_or(value);
            (winner, (functions.jackpot_ticket)(seed, 0, TICKETS))
        },
    )
}

/// Tickets of the awards of two tiers, from the same seed.
pub fn awards(functions: Functions, draws: u64) -> Experiment {
    let game = address("game of two awards");
    table(
        "independence: jackpot tickets of two tiers",
        "ticket of tier 0 × ticket of tier 1",
        draws,
        move |value| {
            let seed = (functions.round_seed)(value, &game, 0);
            let ticket = |tier| (functions.jackpot_ticket)(&seed, tier, TICKETS);
            (ticket(0), ticket(1))
        },
    )
}

/// Which of the three tiers a game hits, from the same seed: all eight cases as
/// likely as the product of the tiers' chances.
pub fn tiers(functions: Functions, draws: u64) -> Experiment {
    /// Contributions as one over so much of the mean.
    const SHARES: [u64; 3] = [2, 4, 8];
    const CASES: usize = 1 << SHARES.len();
    let game = address("game of three tiers");
    Experiment {
        name: "independence: the three tiers of a game".to_owned(),
        draws,
        least_draws: least_draws(64), // all three hit once in 2 × 4 × 8 draws
        counters: CASES,
        count: Box::new(move |value, cases| {
            let seed = (functions.round_seed)(value, &game, 0);
            let case = (0..).zip(SHARES).fold(0, |case, (tier, share)| {
                let contribution = ORDINARY_MEAN / share;
                let hit = (functions.jackpot_hit)(&seed, tier, ORDINARY_MEAN, contribution);
                case << 1 | usize::from(hit)
            });
            cases[case] += 1;
        }),
        judge: Box::new(|cases| {
            let chances: Vec<f64> = (0..CASES)
                .map(|case| {
                    let tiers = SHARES.iter().rev().enumerate();
                    tiers.fold(1.0, |product, (bit, share)| {
                        let chance = 1.0 / *share as f64;
                        product
                            * if case >> bit & 1 == 1 {
                                chance
                            } else {
                                1.0 - chance
                            }
                    })
                })
                .collect();
            let outcome = as_likely_as(cases, &chances)?;
            Ok(vec![Finding::new("which tiers are hit", outcome)])
        }),
    }
}

/// Many games under one value: what a lucky or cursed value would show. Here the
/// random bytes are the games' addresses.
pub fn one_value(functions: Functions, draws: u64) -> Experiment {
    const TICKETS_OF_MANY: u32 = 100;
    let value = address("the one value").to_bytes();
    Experiment {
        name: "independence: many games under one value".to_owned(),
        draws,
        least_draws: least_draws(index(TICKETS_OF_MANY)),
        counters: index(TICKETS_OF_MANY),
        count: Box::new(move |bytes, wins| {
            let mut game = Game::single(TICKETS_OF_MANY, 1);
            game.address = (*bytes).into();
            let seeds = game.seeds(&functions, &value);
            wins[index((functions.winning_ticket)(&game.rules(), &seeds, 0))] += 1;
        }),
        judge: Box::new(|wins| Ok(vec![Finding::new("wins per ticket", uniform(wins)?)])),
    }
}

/// Two tickets per draw, counted in a contingency table.
fn table(
    name: &str,
    observed: &'static str,
    draws: u64,
    both: impl Fn(&Bytes) -> (u32, u32) + Send + Sync + 'static,
) -> Experiment {
    let tickets = index(TICKETS);
    Experiment {
        name: name.to_owned(),
        draws,
        least_draws: 2 * least_draws(tickets * tickets), // margins are uneven by chance
        counters: tickets * tickets,
        count: Box::new(move |value, table| {
            let (row, column) = both(value);
            table[index(row) * tickets + index(column)] += 1;
        }),
        judge: Box::new(move |table| -> Result<_, StatisticError> {
            Ok(vec![Finding::new(observed, independent(table, tickets)?)])
        }),
    }
}
