//! A chain to look at.

use lottery_indexer::source::AccountUpdate;

use super::chain::{Rule, World, value};

impl World {
    /// Three games: one settled over three rounds and partly paid, one between
    /// its rounds, one open. The accounts of each step, as a stream would tell.
    pub fn played() -> (Self, Vec<AccountUpdate>) {
        let mut world = Self::new();
        let mut told = Vec::new();
        let rule = |rounds, winners| Rule {
            rounds,
            winners,
            keep_bps: 5_000,
            entry_fee: 10_007,
        };
        let (first, second) = (world.open(rule(3, 5)), world.open(rule(2, 2)));
        let third = world.open(rule(4, 1));
        for (player, tickets) in [(11, 40), (12, 1), (13, 7), (11, 100), (14, 3)] {
            let nonce = u16::try_from(tickets).unwrap();
            world.join(first, player, nonce, tickets);
            world.join(second, player, nonce, tickets % 5 + 1);
        }
        world.join(third, 11, 0, 2);
        told.extend(world.accounts(10));
        for (round, games) in (1u8..).zip([vec![first, second], vec![first], vec![first]]) {
            let slot = 10 * i64::from(round) + 10;
            world.request(&games);
            told.extend(world.accounts(slot));
            world.reveal(value(round));
            told.extend(world.accounts(slot + 1));
            for game in games {
                world.settle(game);
            }
            told.extend(world.accounts(slot + 2));
        }
        world.claim_first_prize(first);
        told.extend(world.accounts(50));
        (world, told)
    }
}
