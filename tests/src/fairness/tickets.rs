//! Who wins, who goes: tickets of one game over many draws.

use lottery::draw::Fate;

use super::{
    experiment::{Experiment, Finding, index, least_draws},
    functions::Functions,
    game::Game,
    statistics::{hits, uniform, uniform_without_replacement},
};

/// Every ticket wins every place equally often.
pub fn wins(functions: Functions, game: Game, draws: u64) -> Experiment {
    let (tickets, places) = (index(game.tickets), usize::from(game.winners));
    Experiment {
        name: format!("wins: {game}"),
        draws,
        least_draws: least_draws(tickets),
        counters: tickets * places,
        count: Box::new(move |value, wins| {
            let seeds = game.seeds(&functions, value);
            for (place, wins) in (0..).zip(wins.chunks_mut(tickets)) {
                wins[index((functions.winning_ticket)(&game.rules(), &seeds, place))] += 1;
            }
        }),
        judge: Box::new(move |wins| {
            (0..)
                .zip(wins.chunks(tickets))
                .map(|(place, wins): (u32, _)| {
                    let observed = format!("wins of place {place} per ticket");
                    Ok(Finding::new(observed, uniform(wins)?))
                })
                .collect()
        }),
    }
}

/// Cells that tickets of a big game are gathered in.
const GROUPS: usize = 1 << 10;

/// The same in a game too big to count tickets one by one: by where in the order of
/// sale they were bought, and by the low bits of their number, where a shuffle that
/// works on blocks of 256 positions would show.
pub fn wins_of_a_big_game(functions: Functions, game: Game, draws: u64) -> Experiment {
    let tickets = index(game.tickets);
    Experiment {
        name: format!("wins: {game}"),
        draws,
        least_draws: least_draws(GROUPS),
        counters: 2 * GROUPS,
        count: Box::new(move |value, wins| {
            let seeds = game.seeds(&functions, value);
            let winner = index((functions.winning_ticket)(&game.rules(), &seeds, 0));
            wins[winner * GROUPS / tickets] += 1;
            wins[GROUPS + winner % GROUPS] += 1;
        }),
        judge: Box::new(move |wins| {
            let (ranges, remainders) = wins.split_at(GROUPS);
            Ok(vec![
                Finding::new(
                    format!("wins per {} tickets sold in a row", tickets / GROUPS),
                    uniform(ranges)?,
                ),
                Finding::new(
                    format!("wins per ticket modulo {GROUPS}"),
                    uniform(remainders)?,
                ),
            ])
        }),
    }
}

/// The winners of places 0 and 1 are any two tickets equally often. A draw that gave
/// the places to neighbours could still let each ticket win each place fairly.
pub fn pairs(functions: Functions, game: Game, draws: u64) -> Experiment {
    let tickets = index(game.tickets);
    let pairs = tickets * (tickets - 1);
    Experiment {
        name: format!("pairs: {game}"),
        draws,
        least_draws: least_draws(pairs),
        // One more for what must not be: a ticket in two places.
        counters: pairs + 1,
        count: Box::new(move |value, counters| {
            let seeds = game.seeds(&functions, value);
            let winner = |place| index((functions.winning_ticket)(&game.rules(), &seeds, place));
            let (first, second) = (winner(0), winner(1));
            let pair = match second.cmp(&first) {
                std::cmp::Ordering::Less => first * (tickets - 1) + second,
                std::cmp::Ordering::Equal => pairs,
                std::cmp::Ordering::Greater => first * (tickets - 1) + second - 1,
            };
            counters[pair] += 1;
        }),
        judge: Box::new(move |counters| {
            let (different, same) = counters.split_at(pairs);
            Ok(vec![
                Finding::new("ordered pairs of winners", uniform(different)?),
                Finding::new(
                    "draws with one ticket in both places",
                    hits(same.iter().sum(), draws, 0.0)?,
                ),
            ])
        }),
    }
}

/// Every ticket goes in every round equally often.
pub fn eliminations(functions: Functions, game: Game, draws: u64) -> Experiment {
    let tickets = index(game.tickets);
    let sizes = game.sizes();
    let out: Vec<u32> = sizes.windows(2).map(|pair| pair[0] - pair[1]).collect();
    let rarest = out
        .iter()
        .filter(|out| **out > 0)
        .map(|out| *out.min(&(game.tickets - out)))
        .min()
        .map_or(1, |rarest| rarest.max(1));
    Experiment {
        name: format!("eliminations: {game}"),
        draws,
        // Rounds that take few of the tickets need more draws, and so do those that
        // leave few.
        least_draws: least_draws(tickets) / u64::from(rarest),
        counters: tickets * usize::from(game.rounds),
        count: Box::new(move |value, counters| {
            let seeds = game.seeds(&functions, value);
            for ticket in 0..game.tickets {
                if let Fate::Eliminated(round) = (functions.fate)(&game.rules(), &seeds, ticket) {
                    counters[usize::from(round) * tickets + index(ticket)] += 1;
                }
            }
        }),
        judge: Box::new(move |counters| {
            counters
                .chunks(tickets)
                .zip(&out)
                .enumerate()
                .filter(|(_, (_, out))| **out > 0)
                .map(|(round, (counters, out))| {
                    let observed = format!("eliminations in round {round} per ticket");
                    let outcome = uniform_without_replacement(counters, draws, u64::from(*out))?;
                    Ok(Finding::new(observed, outcome))
                })
                .collect()
        }),
    }
}
