use std::mem::offset_of;

use lottery::state::{Game, MAX_DRAW_ATTEMPTS};
use solana_pubkey::Pubkey;

use super::{Cost, limits, pair::Pair};
use crate::{rules, world::World};

/// A game of five rounds, from its first request to its last settlement.
pub fn one_game() -> Vec<Cost> {
    let mut pair = Pair::with_house(|_| ());
    let game = pair.world.sell(rules::five_rounds, &[10, 10, 10]).game;
    pair.world.pass(3_600);
    let id = pair.world.lane().next_draw;
    pair.crank(
        "request_draw (1 game)",
        pair.world.request_ix(id, 0, &[game]),
    );
    pair.world.pass(0);
    let answer = pair.world.answer(0, [1; 32]);
    pair.crank("reveal_draw", pair.world.reveal_ix(id, 0, &answer));
    pair.crank(
        "settle_draw (1 game, not its last round)",
        pair.world.settle_ix(id, &[game]),
    );
    pair.world.pass(60);
    for round in 1..4 {
        pair.world.play_round(&[game], [1 + round; 32]).unwrap();
        pair.world.pass(60);
    }
    let id = drawn(&mut pair.world, &[game], 9);
    pair.crank(
        "settle_draw (1 game, last round, no hit)",
        pair.world.settle_ix(id, &[game]),
    );
    pair.costs()
}

/// Games that share a draw: some, and as many as fit into a transaction.
pub fn several_games() -> Vec<Cost> {
    let mut pair = Pair::with_house(|_| ());
    let games: Vec<_> = (0..4)
        .map(|_| {
            let game = pair.world.sell(rules::game, &[2]).game;
            make_hits_certain(&mut pair.world, &game);
            game
        })
        .collect();
    let players = [10; 3];
    let most = limits::most(|n| pair.world.request_ix(0, 0, &addresses(n)));
    let long: Vec<_> = (0..most)
        .map(|_| pair.world.sell(rules::five_rounds, &players).game)
        .collect();
    let short: Vec<_> = (0..most)
        .map(|_| pair.world.sell(rules::game, &[2]).game)
        .collect();
    pair.world.pass(3_600);

    let id = pair.world.lane().next_draw;
    pair.crank(
        "request_draw (4 games)",
        pair.world.request_ix(id, 0, &games),
    );
    pair.world.reveal(id, [2; 32]).unwrap();
    pair.crank(
        "settle_draw (1 game, last round, 3 jackpots hit)",
        pair.world.settle_ix(id, &games[..1]),
    );
    pair.crank(
        "settle_draw (3 games, last round, 9 hits)",
        pair.world.settle_ix(id, &games[1..]),
    );

    let id = pair.world.lane().next_draw;
    let request = pair.world.request_ix(id, 0, &long);
    pair.crank(&format!("request_draw ({most} games)"), request);
    pair.world.reveal(id, [3; 32]).unwrap();
    let settle = pair.world.settle_ix(id, &long);
    pair.crank(
        &format!("settle_draw ({most} games, not their last round)"),
        settle,
    );
    let id = drawn(&mut pair.world, &short, 4);
    let settle = pair.world.settle_ix(id, &short);
    pair.crank(
        &format!("settle_draw ({most} games, last round, no hit)"),
        settle,
    );
    pair.costs()
}

/// Draws whose oracle never answers.
pub fn failed() -> Vec<Cost> {
    let mut pair = Pair::with_house(|_| ());
    let game = pair.world.sell(rules::game, &[2]).game;
    pair.world.pass(3_600);
    for attempt in 1..=MAX_DRAW_ATTEMPTS {
        let oracle = usize::from(attempt) - 1;
        let id = pair.world.request_of(oracle, &[game]).unwrap();
        pair.world.time_out(id);
        let abort = pair.world.abort_ix(id, &[game]);
        match attempt {
            1 => pair.crank("abort_draw (1 game)", abort),
            MAX_DRAW_ATTEMPTS => pair.crank("abort_draw (1 game, cancelled)", abort),
            _ => drop(pair.world.crank(abort).unwrap()),
        }
    }
    pair.costs()
}

/// A draw of these games that has its value.
pub fn drawn(world: &mut World, games: &[Pubkey], value: u8) -> u64 {
    let id = world.request(games).unwrap();
    world.reveal(id, [value; 32]).unwrap();
    id
}

/// As no house could: every contribution is above the mean between hits.
pub fn make_hits_certain(world: &mut World, game: &Pubkey) {
    let at = 8 + offset_of!(Game, jackpot_mean);
    world.corrupt(game, |account| {
        for mean in account.data[at..at + 24].chunks_exact_mut(8) {
            mean.copy_from_slice(&1u64.to_le_bytes());
        }
    });
}

/// Different addresses, to see how many fit.
pub fn addresses(n: usize) -> Vec<Pubkey> {
    (0..n)
        .map(|n| {
            let mut bytes = [201; 32];
            bytes[..8].copy_from_slice(&n.to_le_bytes());
            Pubkey::new_from_array(bytes)
        })
        .collect()
}
