//! Whole games, from the first ticket to the last lamport.

use lottery::{
    draw::{Fate, Rules, fate},
    math::{place_prize, split},
    state::GameStatus,
};
use lottery_client::address;
use lottery_tests::{
    rules,
    world::{SOL, World},
};
use solana_signer::Signer as _;

#[test]
fn a_game_of_five_rounds_pays_its_winners_to_the_lamport() {
    let mut world = World::new();
    let game = world.create_game(rules::five_rounds).unwrap();
    let players: Vec<_> = (0..40).map(|_| world.player()).collect();
    for (n, player) in players.iter().enumerate() {
        world.join(&game, player, 1 + n as u32 % 3).unwrap();
    }
    let sold = world.game(&game);
    assert_eq!(sold.entries, 40);
    assert_eq!(sold.gross(), u64::from(sold.tickets) * SOL / 100);

    world.pass(3_600);
    world.play(&game, 1).unwrap();

    let settled = world.game(&game);
    assert!(settled.is(GameStatus::Settled));
    let shares = split(settled.gross(), &settled.jackpot_bps, settled.treasury_bps);
    assert_eq!(settled.prize_pool, shares.prize_pool);
    assert_eq!(world.treasury().accrued, shares.treasury);
    for tier in 0..3 {
        assert_eq!(
            world.jackpot(tier).amount,
            shares.jackpots[usize::from(tier)]
        );
    }

    let rules = Rules {
        tickets: settled.tickets,
        rounds: 5,
        winners: 3,
        keep_bps: &settled.keep_bps,
    };
    let mut paid = 0;
    for player in &players {
        let entry = address::entry(&game, &player.pubkey(), 0);
        let held = world.entry(&entry);
        for ticket in held.first_ticket..held.first_ticket + held.tickets {
            let Fate::Alive(place) = fate(&rules, &settled.round_seeds[..5], ticket) else {
                continue;
            };
            let prize = place_prize(settled.prize_pool, &settled.place_bps, place as usize);
            let before = world.lamports(&player.pubkey());
            world.claim(&entry, ticket).unwrap();
            assert_eq!(world.lamports(&player.pubkey()), before + prize);
            paid += prize;
        }
    }
    assert_eq!(paid, settled.prize_pool);
    let over = world.game(&game);
    assert!(over.has(lottery::state::Game::FLAG_PAID));
    assert_eq!(
        world.lamports(&game),
        over.rent_reserve + over.bounty_escrow
    );
}

#[test]
fn a_cancelled_game_refunds_every_entry() {
    let mut world = World::new();
    let game = world
        .create_game(|id, now| {
            let mut params = rules::game(id, now);
            params.min_tickets = 100;
            params
        })
        .unwrap();
    let players: Vec<_> = (0..5).map(|_| world.player()).collect();
    for player in &players {
        world.join(&game, player, 3).unwrap();
    }
    world.pass(3_600);
    world.cancel(&game).unwrap();
    for player in &players {
        let entry = address::entry(&game, &player.pubkey(), 0);
        let before = world.lamports(&player.pubkey());
        world.refund(&entry).unwrap();
        assert_eq!(world.lamports(&player.pubkey()), before + 3 * SOL / 100);
    }
    let over = world.game(&game);
    assert!(over.has(lottery::state::Game::FLAG_PAID));
    assert_eq!(
        world.lamports(&game),
        over.rent_reserve + over.bounty_escrow
    );
}
