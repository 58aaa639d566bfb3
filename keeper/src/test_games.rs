//! Games for unit tests.

use bytemuck::Zeroable as _;
use lottery_client::lottery::state::{Game, GameStatus, LAYOUT_VERSION};

/// A game all of whose rounds are settled, with seeds made from `seed`.
pub fn settled_game(tickets: u32, rounds: u8, winners: u8, seed: [u8; 32]) -> Game {
    let mut game = Game::zeroed();
    game.version = LAYOUT_VERSION;
    game.tickets = tickets;
    game.entry_fee = 1_000;
    game.rounds = rounds;
    game.rounds_settled = rounds;
    game.winners = winners;
    for round in 0..usize::from(rounds) {
        game.keep_bps[round] = 4_000;
        game.round_seeds[round] = seed;
        game.round_seeds[round][31] ^= u8::try_from(round).unwrap_or(0);
    }
    game.prize_pool = game.gross();
    game.set_status(GameStatus::Settled);
    game
}
