//! Drawing again after an abort: each time another oracle, three times at most.

use lottery::{
    LotteryError,
    events::GameCancelled,
    state::{GameStatus, MAX_DRAW_ATTEMPTS},
};
use lottery_tests::{
    events::{Event, events},
    rules,
    world::{SOL, World, assert_refused},
};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

#[test]
fn a_redraw_takes_an_oracle_that_was_not_asked_yet() {
    let mut world = World::new();
    let game = world.sell(rules::game, &[2]).game;
    world.pass(3_600);
    world.fail_draw(0, &[game]);
    assert_refused(
        world.request_of(0, &[game]),
        LotteryError::OracleTriedBefore,
    );
    world.fail_draw(1, &[game]);
    for oracle in [0, 1] {
        assert_refused(
            world.request_of(oracle, &[game]),
            LotteryError::OracleTriedBefore,
        );
    }
    let keys: Vec<Pubkey> = world.oracles.iter().map(|o| o.account.pubkey()).collect();
    assert_eq!(
        world.game(&game).tried_oracles,
        [keys[0], keys[1], Pubkey::default()]
    );
    let id = world.request_of(2, &[game]).unwrap();
    world.pass(0);
    let answer = world.answer(2, [1; 32]);
    world.crank(world.reveal_ix(id, 2, &answer)).unwrap();
    world.settle(id, &[game]).unwrap();
    assert!(world.game(&game).is(GameStatus::Settled));
}

#[test]
fn a_redraw_is_possible_at_once_and_sells_no_more_tickets() {
    let mut world = World::new();
    // Sold out before its close, so that its sales would still be going on by time.
    let sold = world.sell(
        |id, now| {
            let mut params = rules::game(id, now);
            params.max_tickets = 2;
            params.max_tickets_per_entry = 2;
            params.closes_at = now + 31_536_000;
            params
        },
        &[2],
    );
    world.fail_draw(0, &[sold.game]);
    let released = world.game(&sold.game);
    assert!(released.is(GameStatus::Open));
    assert_eq!(released.next_round_at, world.now());
    let late = world.player();
    assert_refused(world.join(&sold.game, &late, 1), LotteryError::SoldOut);
    assert_refused(world.cancel(&sold.game), LotteryError::NotCancellable);
    world.request_of(1, &[sold.game]).unwrap();

    // And one that closed by time stays closed.
    let closed = world.sell(rules::game, &[2]);
    world.pass(3_600);
    let late = world.player();
    assert_refused(world.join(&closed.game, &late, 1), LotteryError::GameClosed);
}

#[test]
fn after_the_third_attempt_the_game_is_cancelled_and_refunded_in_full() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1, 2, 3]);
    world.pass(3_600);
    for oracle in 0..2 {
        world.fail_draw(oracle, &[sold.game]);
        assert!(world.game(&sold.game).is(GameStatus::Open));
    }
    cancelled_by_the_third(&mut world, &sold.game);
    refunded_in_full(&mut world, &sold);
}

#[test]
fn a_game_in_the_middle_of_its_rounds_is_cancelled_and_refunded_in_full_too() {
    let mut world = World::new();
    let sold = world.sell(rules::five_rounds, &[10, 20, 30]);
    world.pass(3_600);
    for round in 0..3 {
        world.play_round(&[sold.game], [round; 32]).unwrap();
        world.pass(60);
    }
    for oracle in 0..2 {
        world.fail_draw(oracle, &[sold.game]);
        let released = world.game(&sold.game);
        assert!(released.is(GameStatus::Playing));
        assert_eq!(released.rounds_settled, 3);
    }
    cancelled_by_the_third(&mut world, &sold.game);
    // Nothing of what an interrupted game took is anybody else's.
    assert_eq!(world.treasury().accrued, 0);
    assert_eq!(world.jackpot(2).amount, 0);
    refunded_in_full(&mut world, &sold);
}

fn cancelled_by_the_third(world: &mut World, game: &Pubkey) {
    assert_eq!(MAX_DRAW_ATTEMPTS, 3);
    let id = world.request_of(2, &[*game]).unwrap();
    world.time_out(id);
    let meta = world.abort(id, &[*game]).unwrap();
    let state = world.game(game);
    assert!(state.is(GameStatus::Cancelled));
    assert_eq!(state.settled_at, world.now());
    let told = events(&meta);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(matches!(
        told[0],
        Event::GameCancelled(GameCancelled { reason: GameCancelled::NO_ORACLE, owed, .. })
            if owed == state.gross()
    ));
    assert!(matches!(told[1], Event::DrawAborted(_)));
    assert_refused(world.request_of(0, &[*game]), LotteryError::GameNotDrawable);
}

fn refunded_in_full(world: &mut World, sold: &lottery_tests::payouts::Sold) {
    for (player, entry) in sold.players.iter().zip(&sold.entries) {
        let paid = world.entry(entry).paid;
        let before = world.lamports(&player.pubkey());
        world.refund(entry).unwrap();
        assert_eq!(world.lamports(&player.pubkey()), before + paid);
    }
    let over = world.game(&sold.game);
    assert_eq!(over.refunded, over.gross());
    assert_eq!(
        world.lamports(&sold.game),
        over.rent_reserve + over.bounty_escrow
    );
}

#[test]
fn attempts_count_anew_in_each_round() {
    let mut world = World::new();
    let game = world
        .sell(
            |id, now| {
                let mut params = rules::five_rounds(id, now);
                params.round_interval = 0;
                params
            },
            &[50],
        )
        .game;
    world.pass(3_600);
    for round in 1..=5 {
        world.fail_draw(0, &[game]);
        world.fail_draw(1, &[game]);
        let id = world.request_of(2, &[game]).unwrap();
        world.pass(0);
        let answer = world.answer(2, [round; 32]);
        world.crank(world.reveal_ix(id, 2, &answer)).unwrap();
        world.settle(id, &[game]).unwrap();
        let state = world.game(&game);
        assert_eq!((state.rounds_settled, state.draw_attempts), (round, 0));
        assert_eq!(state.tried_oracles, [Pubkey::default(); 3]);
    }
    assert!(world.game(&game).is(GameStatus::Settled));
}

#[test]
fn one_draws_failure_counts_for_each_of_its_games_by_itself() {
    let mut world = World::new();
    let tried = world.sell(rules::game, &[2]).game;
    let fresh = world.sell(rules::game, &[2]).game;
    world.pass(3_600);
    world.fail_draw(0, &[tried]);
    world.fail_draw(1, &[tried]);
    // An oracle that one game may not ask again serves the other.
    let id = world.request_of(0, &[tried, fresh]).unwrap();
    assert_eq!(world.draw(id).games, 1);
    world.time_out(id);
    world.abort(id, &[fresh]).unwrap();
    let id = world.request_of(2, &[tried, fresh]).unwrap();
    world.time_out(id);
    world.abort(id, &[fresh, tried]).unwrap();
    assert!(world.game(&tried).is(GameStatus::Cancelled));
    assert!(world.game(&fresh).is(GameStatus::Open));
    world.play_round(&[fresh], [1; 32]).unwrap_err(); // asked already
    let id = world.request_of(1, &[fresh]).unwrap();
    world.pass(0);
    let answer = world.answer(1, [1; 32]);
    world.crank(world.reveal_ix(id, 1, &answer)).unwrap();
    world.settle(id, &[fresh]).unwrap();
}

#[test]
fn a_jackpot_is_rolled_with_the_answered_draws_value_alone() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1, 1]);
    world.pass(3_600);
    world.fail_draw(0, &[sold.game]);
    let id = world.request_of(1, &[sold.game]).unwrap();
    world.pass(0);
    let answer = world.answer(1, [7; 32]);
    world.crank(world.reveal_ix(id, 1, &answer)).unwrap();
    world.settle(id, &[sold.game]).unwrap();
    let seed = lottery::draw::round_seed(&[7; 32], &sold.game, 0);
    assert_eq!(world.game(&sold.game).round_seeds[0], seed);
    assert_eq!(world.game(&sold.game).prize_pool, 2 * SOL / 100 / 10 * 9);
}
