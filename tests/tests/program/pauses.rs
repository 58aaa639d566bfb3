//! A pause stops new games and new entries, and nothing else.

use lottery::{LotteryError, state::GameStatus, switchboard};
use lottery_client::instruction as ix;
use lottery_tests::{
    rules,
    world::{LANE, World, assert_refused},
};
use solana_signer::Signer as _;

fn pause(world: &mut World, games: bool, joins: bool) {
    let (authority, house) = (world.authority.pubkey(), world.house);
    world
        .crank(ix::set_pause(authority, house, games, joins))
        .unwrap();
}

#[test]
fn games_and_joins_are_paused_each_by_itself() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1]);
    let player = world.player();
    for (games, joins) in [(true, false), (false, true), (true, true), (false, false)] {
        pause(&mut world, games, joins);
        let created = world.create_game(rules::game).map(drop);
        if games {
            assert_refused(created, LotteryError::GamesPaused);
        } else {
            created.unwrap();
        }
        let nonce = u16::from(games) * 2 + u16::from(joins);
        let joined = world
            .join_with(&sold.game, &player, 1, nonce, u64::MAX)
            .map(drop);
        if joins {
            assert_refused(joined, LotteryError::JoinsPaused);
        } else {
            joined.unwrap();
        }
    }
}

#[test]
fn a_paused_house_still_lets_everything_out() {
    let mut world = World::with_house(|params| params.draw_timeout = 100);
    let sold = world.sell(rules::game, &[1, 1]);
    let unsold = world.sell(rules::game, &[1]);
    let unclaimed = world.sell(rules::game, &[2]);
    pause(&mut world, true, true);
    let wallet = world.treasury_wallet.pubkey();
    world.pass(3_600);

    // Draws, and what is done when they fail.
    world.fail_draw(1, &[sold.game]);
    world
        .play_round(&[sold.game, unclaimed.game], [1; 32])
        .unwrap();
    assert!(world.game(&sold.game).is(GameStatus::Settled));
    // Claims, refunds, and the return of rent.
    world.claim_place(&sold.game, 0).unwrap();
    for entry in &sold.entries {
        world.close_entry(entry).unwrap();
    }
    world.close_game(&sold.game).unwrap();
    world.cancel(&unsold.game).unwrap();
    world.refund(&unsold.entries[0]).unwrap();
    world.close_entry(&unsold.entries[0]).unwrap();
    world.close_game(&unsold.game).unwrap();
    // Expiry and the treasury.
    world.pass(86_400);
    world.expire(&unclaimed.game).unwrap();
    let (authority, house) = (world.authority.pubkey(), world.house);
    let minimum = world.rent(0);
    world.svm.airdrop(&wallet, minimum).unwrap();
    world
        .crank(ix::withdraw_treasury(authority, house, wallet, 1, None))
        .unwrap();
    world
        .crank(ix::fund_jackpot(authority, house, 0, 1, None))
        .unwrap();
    let data = world.account(&world.lane().randomness).data;
    let lut_slot = switchboard::lut_slot(&data).unwrap();
    world
        .crank(ix::close_lane(authority, house, LANE, lut_slot))
        .unwrap();
    // An overdue game can be cancelled while nobody can play it.
    assert_eq!(world.house().flags, lottery::state::House::PAUSE_FLAGS);
}
