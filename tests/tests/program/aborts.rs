//! Giving up a draw whose oracle does not answer.

use lottery::{
    LotteryError,
    events::{DrawAborted, EVENT_VERSION},
    state::{Draw, GameStatus, Lane},
    switchboard,
};
use lottery_client::{address, instruction as ix};
use lottery_tests::{
    events::{Event, event},
    rules,
    world::{LANE, World, assert_refused},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

/// A draw of so many games that waits for its oracle; its id and its games.
fn waiting(games: usize) -> (World, u64, Vec<Pubkey>) {
    let mut world = World::new();
    let games: Vec<_> = (0..games)
        .map(|_| world.sell(rules::game, &[2]).game)
        .collect();
    world.pass(3_600);
    let id = world.request(&games).unwrap();
    (world, id, games)
}

#[test]
fn the_oracle_has_its_time_to_the_last_slot() {
    let (mut world, id, games) = waiting(1);
    let timeout = world.draw(id).timeout_slot;
    assert_eq!(timeout, world.slot() + world.house().draw_timeout);
    let now = world.now();
    for slot in [world.slot(), world.slot() + 1, timeout - 1, timeout] {
        world.set_clock(slot, now);
        assert_refused(world.abort(id, &games), LotteryError::DrawNotTimedOut);
    }
    world.set_clock(timeout + 1, now);
    world.abort(id, &games).unwrap();
}

#[test]
fn a_value_is_taken_after_the_timeout_as_long_as_nobody_aborted() {
    let (mut world, id, games) = waiting(1);
    world.time_out(id);
    world.pass(10_000);
    world.reveal(id, [1; 32]).unwrap();
    assert_refused(world.abort(id, &games), LotteryError::DrawRevealed);
    world.settle(id, &games).unwrap();
}

#[test]
fn a_revealed_draw_is_never_aborted() {
    let (mut world, id, games) = waiting(2);
    world.reveal(id, [1; 32]).unwrap();
    world.settle(id, &games[..1]).unwrap();
    world.time_out(id);
    assert_refused(world.abort(id, &games), LotteryError::DrawRevealed);
    assert_refused(world.abort(id, &[]), LotteryError::DrawRevealed);
    world.settle(id, &games[1..]).unwrap();
}

#[test]
fn an_aborted_draw_takes_no_value_any_more_and_settles_nothing() {
    let (mut world, id, games) = waiting(2);
    world.pass(0);
    let answer = world.answer(0, [1; 32]);
    let reveal = world.reveal_ix(id, 0, &answer);
    world.time_out(id);
    world.abort(id, &games[..1]).unwrap();
    assert_eq!(world.draw(id).state, Draw::ABORTED);
    assert_refused(world.crank(reveal.clone()), LotteryError::DrawAborted);
    assert_refused(world.settle(id, &games[1..]), LotteryError::DrawNotRevealed);
    // Nor while the lane waits for another draw.
    let next = world.request_of(1, &games[..1]).unwrap();
    world.pass(0);
    assert_refused(world.crank(reveal.clone()), LotteryError::DrawAborted);
    world.abort(id, &games[1..]).unwrap();
    assert!(world.crank(reveal).is_err(), "the draw is gone");
    let answer = world.answer(1, [2; 32]);
    world.crank(world.reveal_ix(next, 1, &answer)).unwrap();
    world.settle(next, &games[..1]).unwrap();
}

#[test]
fn a_game_that_waits_for_a_later_draw_is_not_released_by_an_earlier_one() {
    let (mut world, id, games) = waiting(2);
    world.time_out(id);
    world.abort(id, &games[..1]).unwrap();
    let next = world.request_of(1, &games[..1]).unwrap();
    assert_refused(world.abort(id, &games[..1]), LotteryError::NoGames);
    world.abort(id, &games).unwrap();
    assert!(world.game(&games[1]).is(GameStatus::Open));
    let waits = world.game(&games[0]);
    assert!(waits.is(GameStatus::Drawing));
    assert_eq!(waits.draw, world.draw_keys(next).draw);
}

#[test]
fn games_are_released_in_any_order_over_several_calls_and_the_rent_returns_with_the_last() {
    let (mut world, id, games) = waiting(5);
    world.time_out(id);
    let keys = world.draw_keys(id);
    let stranger = world.player();
    let release = |world: &mut World, games: &[Pubkey]| {
        let abort = ix::abort_draw(stranger.pubkey(), keys, games);
        world.send(&[abort], &stranger, &[])
    };
    let meta = release(&mut world, &[games[3]]).unwrap();
    let told = Event::DrawAborted(DrawAborted {
        version: EVENT_VERSION,
        house: world.house,
        draw: keys.draw,
        oracle: world.oracles[0].account.pubkey(),
        released: vec![games[3]],
        cranker: stranger.pubkey(),
        bounty: 10_000,
    });
    assert_eq!(event(&meta), told);
    assert_eq!(world.draw(id).settled, 1);

    // Games that were released already, or are none of this draw's, are left out.
    let other = world.sell(rules::game, &[2]).game;
    release(&mut world, &[games[3], games[0], other, games[4], games[0]]).unwrap();
    assert_eq!(world.draw(id).settled, 3);
    for gone in [&[games[0], games[4]][..], &[other], &[], &[world.house]] {
        assert_refused(release(&mut world, gone), LotteryError::NoGames);
    }

    let payer = world.authority.pubkey();
    let rent = world.rent(8 + size_of::<Draw>());
    let before = world.lamports(&payer);
    release(&mut world, &[games[2], games[1]]).unwrap();
    assert!(world.is_gone(&keys.draw));
    assert_eq!(world.lamports(&keys.draw), 0);
    assert_eq!(world.lamports(&payer), before + rent);
    for game in &games {
        let released = world.game(game);
        assert!(released.is(GameStatus::Open));
        assert_eq!(released.draw, Pubkey::default());
        assert_eq!(released.draw_attempts, 1);
    }
}

#[test]
fn the_lane_is_free_with_the_first_call() {
    let (mut world, id, games) = waiting(3);
    world.time_out(id);
    assert_refused(world.request_of(1, &[games[1]]), LotteryError::LaneBusy);
    world.abort(id, &games[..1]).unwrap();
    assert_eq!(world.lane().state, Lane::IDLE);
    let next = world.request_of(1, &games[..1]).unwrap();
    assert!(next > id);
    // A later call touches neither the lane nor the draw it waits for.
    world.abort(id, &games[1..2]).unwrap();
    assert_eq!(world.lane().current_draw(), Some(next));
    world.pass(0);
    let answer = world.answer(1, [1; 32]);
    world.crank(world.reveal_ix(next, 1, &answer)).unwrap();
    world.settle(next, &games[..1]).unwrap();
    world.abort(id, &games[2..]).unwrap();
    assert!(world.is_gone(&world.draw_keys(id).draw));
}

#[test]
fn the_lane_may_be_closed_before_all_games_are_released() {
    let (mut world, id, games) = waiting(2);
    world.time_out(id);
    let data = world.account(&world.lane().randomness).data;
    let lut_slot = switchboard::lut_slot(&data).unwrap();
    let close = ix::close_lane(world.authority.pubkey(), world.house, LANE, lut_slot);
    assert_refused(world.crank(close.clone()), LotteryError::LaneBusy);
    world.abort(id, &games[..1]).unwrap();
    world.crank(close).unwrap();
    assert!(world.is_gone(&address::lane(&world.house, LANE)));
    world.abort(id, &games[1..]).unwrap();
    assert!(world.game(&games[1]).is(GameStatus::Open));
    assert!(world.is_gone(&world.draw_keys(id).draw));
}

#[test]
fn a_lane_opened_again_does_not_end_an_earlier_ones_wait() {
    // The lane's state says whose turn it is: a draw that the lane does not wait for
    // cannot free it.
    let (mut world, id, games) = waiting(1);
    world.time_out(id);
    let lane = address::lane(&world.house, LANE);
    let state = 8 + std::mem::offset_of!(Lane, state);
    world.corrupt(&lane, |account| account.data[state] = Lane::IDLE);
    assert_refused(world.abort(id, &games), LotteryError::LaneIdle);
}

#[test]
fn a_donation_to_a_draw_goes_with_its_rent() {
    let (mut world, id, games) = waiting(2);
    let draw = world.draw_keys(id).draw;
    world.svm.airdrop(&draw, 1_000_000_000).unwrap();
    world.time_out(id);
    let payer = world.authority.pubkey();
    let stranger = world.player();
    let abort = ix::abort_draw(stranger.pubkey(), world.draw_keys(id), &games);
    let held = world.lamports(&draw);
    let before = world.lamports(&payer);
    world.send(&[abort], &stranger, &[]).unwrap();
    assert_eq!(world.lamports(&payer), before + held - 2 * 10_000);
    assert_eq!(world.lamports(&draw), 0);
}
