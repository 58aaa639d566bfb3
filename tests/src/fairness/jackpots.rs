//! Jackpots: how often they are hit, and by whom.

use super::{
    experiment::{Experiment, Finding, index, least_draws},
    functions::Functions,
    game::address,
    statistics::{hits, uniform},
};

/// A mean as a house may set it: a thousand SOL in lamports.
pub const ORDINARY_MEAN: u64 = 1_000_000_000_000;

/// The mean that is hardest on `uniform_below`: without rejection the lowest third
/// of the numbers would come half of the time.
pub const TREACHEROUS_MEAN: u64 = 3 << 62;

/// Contributions, as one over so much of the mean.
const SHARES: [u64; 7] = [1_000, 300, 100, 30, 10, 3, 1];

/// A game that contributed a share of the mean hits in that share of draws. Games of
/// all shares share each draw's value, as on chain.
pub fn frequency(functions: Functions, mean: u64, draws: u64) -> Experiment {
    let games: Vec<_> = SHARES
        .iter()
        .map(|share| (address(&format!("share {share}")), mean / share))
        .collect();
    Experiment {
        name: format!("jackpot frequency: mean {mean}"),
        draws,
        least_draws: 1,
        counters: games.len(),
        count: Box::new(move |value, counters| {
            for ((game, contribution), hits) in games.iter().zip(counters) {
                let seed = (functions.round_seed)(value, game, 0);
                *hits += u64::from((functions.jackpot_hit)(&seed, 0, mean, *contribution));
            }
        }),
        judge: Box::new(move |counters| {
            SHARES
                .iter()
                .zip(counters)
                .map(|(share, seen)| {
                    let observed = format!("hits of a contribution of mean / {share}");
                    let outcome = hits(*seen, draws, chance(mean / share, mean))?;
                    Ok(Finding::new(observed, outcome))
                })
                .collect()
        }),
    }
}

/// Ways to split a contribution of a tenth of [`ORDINARY_MEAN`].
const PARTS: [u32; 4] = [1, 2, 10, 100];

/// One game's contribution split over several hits as often in all.
pub fn split(functions: Functions, draws: u64) -> Experiment {
    let whole = ORDINARY_MEAN / 10;
    Experiment {
        name: "jackpot frequency: one contribution split over several games".to_owned(),
        draws,
        least_draws: 1,
        counters: PARTS.len(),
        count: Box::new({
            let games: Vec<Vec<_>> = PARTS
                .iter()
                .map(|parts| {
                    (0..*parts)
                        .map(|part| address(&format!("part {part} of {parts}")))
                        .collect()
                })
                .collect();
            move |value, counters| {
                for ((games, parts), hits) in games.iter().zip(PARTS).zip(counters) {
                    for game in games {
                        let seed = (functions.round_seed)(value, game, 0);
                        let part = whole / u64::from(parts);
                        let hit = (functions.jackpot_hit)(&seed, 0, ORDINARY_MEAN, part);
                        *hits += u64::from(hit);
                    }
                }
            }
        }),
        judge: Box::new(move |counters| {
            PARTS
                .iter()
                .zip(counters)
                .map(|(parts, seen)| {
                    let parts = u64::from(*parts);
                    let observed = format!("hits of mean / 10 in equal parts: {parts}");
                    let outcome = hits(*seen, draws * parts, chance(whole / parts, ORDINARY_MEAN))?;
                    Ok(Finding::new(observed, outcome))
                })
                .collect()
        }),
    }
}

/// Every ticket wins an award equally often.
pub fn tickets(functions: Functions, tickets: u32, draws: u64) -> Experiment {
    let game = address("jackpot tickets");
    Experiment {
        name: format!("jackpot tickets: {tickets} tickets"),
        draws,
        least_draws: least_draws(index(tickets)),
        counters: index(tickets),
        count: Box::new(move |value, wins| {
            let seed = (functions.round_seed)(value, &game, 0);
            wins[index((functions.jackpot_ticket)(&seed, 0, tickets))] += 1;
        }),
        judge: Box::new(|wins| Ok(vec![Finding::new("awards per ticket", uniform(wins)?)])),
    }
}

/// Exact but for the 53 bits of a float: far below what any count of draws shows.
fn chance(contribution: u64, mean: u64) -> f64 {
    contribution as f64 / mean as f64
}
