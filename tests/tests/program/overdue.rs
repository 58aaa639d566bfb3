//! Cancelling a game that nobody could draw for days.

use lottery::{
    LotteryError,
    events::{EVENT_VERSION, GameCancelled},
    state::{DRAW_GRACE, Game, GameStatus},
};
use lottery_tests::{
    events::{Event, event},
    payouts::Sold,
    rules,
    world::{World, assert_refused},
};
use solana_signer::Signer as _;

/// Asserts that a game due at this time can be cancelled from exactly `DRAW_GRACE`
/// later on, and that all its players get their money back then.
fn cancellable_after_grace(world: &mut World, sold: &Sold, due: i64) {
    assert_eq!(world.game(&sold.game).draw_due_at(), due);
    world.pass_until(due + DRAW_GRACE - 1);
    assert_refused(world.cancel(&sold.game), LotteryError::NotCancellable);
    world.pass(1);
    let meta = world.cancel(&sold.game).unwrap();
    let state = world.game(&sold.game);
    assert!(state.is(GameStatus::Cancelled));
    let told = Event::GameCancelled(GameCancelled {
        version: EVENT_VERSION,
        house: world.house,
        game: sold.game,
        reason: GameCancelled::OVERDUE,
        owed: state.gross(),
        cranker: world.authority.pubkey(),
        bounty: 10_000,
    });
    assert_eq!(event(&meta), told);
    for entry in &sold.entries {
        world.refund(entry).unwrap();
    }
    assert_eq!(world.game(&sold.game).refunded, state.gross());
}

#[test]
fn a_game_is_overdue_three_days_after_its_close() {
    assert_eq!(DRAW_GRACE, 3 * 86_400);
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1, 1]);
    let due = world.game(&sold.game).closes_at;
    cancellable_after_grace(&mut world, &sold, due);
}

#[test]
fn a_sold_out_game_is_overdue_three_days_after_its_last_ticket() {
    let mut world = World::new();
    let sold = world.sell(
        |id, now| {
            let mut params = rules::game(id, now);
            params.max_tickets = 3;
            params.max_tickets_per_entry = 2;
            params.closes_at = now + 30 * 86_400;
            params
        },
        &[2],
    );
    world.pass(100);
    let last = world.player();
    world.join(&sold.game, &last, 1).unwrap();
    let due = world.now();
    let entries = vec![
        sold.entries[0],
        lottery_client::address::entry(&sold.game, &last.pubkey(), 0),
    ];
    let sold = Sold { entries, ..sold };
    cancellable_after_grace(&mut world, &sold, due);
}

#[test]
fn a_game_between_rounds_is_overdue_three_days_after_its_next_round_was_due() {
    let mut world = World::new();
    let sold = world.sell(rules::five_rounds, &[10, 10]);
    world.pass(3_600);
    world.play_round(&[sold.game], [1; 32]).unwrap();
    let due = world.now() + 60;
    cancellable_after_grace(&mut world, &sold, due);
}

#[test]
fn a_game_whose_draw_was_aborted_is_overdue_three_days_after_the_abort() {
    for rounds in [0, 2] {
        let mut world = World::new();
        let sold = world.sell(rules::five_rounds, &[10, 10]);
        world.pass(3_600);
        for round in 0..rounds {
            world.play_round(&[sold.game], [round; 32]).unwrap();
            world.pass(60);
        }
        world.pass(DRAW_GRACE - 100);
        world.fail_draw(0, &[sold.game]);
        let due = world.now();
        cancellable_after_grace(&mut world, &sold, due);
    }
}

#[test]
fn a_game_that_waits_for_its_oracle_is_never_cancelled() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1, 1]);
    world.pass(3_600);
    let id = world.request(&[sold.game]).unwrap();
    world.pass(DRAW_GRACE * 10);
    assert_refused(world.cancel(&sold.game), LotteryError::NotCancellable);
    world.reveal(id, [1; 32]).unwrap();
    world.pass(DRAW_GRACE * 10);
    assert_refused(world.cancel(&sold.game), LotteryError::NotCancellable);
    world.settle(id, &[sold.game]).unwrap();
    assert_refused(world.cancel(&sold.game), LotteryError::NotCancellable);
}

#[test]
fn a_game_whose_rounds_are_all_drawn_has_winners_and_is_never_cancelled() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1, 1]);
    world.pass(3_600);
    world.play_round(&[sold.game], [1; 32]).unwrap();
    // As a frozen vault would leave it in a house that plays for a token.
    let status = 8 + std::mem::offset_of!(Game, status_and_flags);
    world.corrupt(&sold.game, |account| {
        account.data[status] = GameStatus::Playing as u8;
    });
    assert!(world.game(&sold.game).awaits_settlement());
    world.pass(DRAW_GRACE * 100);
    assert_refused(world.cancel(&sold.game), LotteryError::NotCancellable);
    assert_refused(
        world.request_of(1, &[sold.game]),
        LotteryError::GameNotDrawable,
    );
}

#[test]
fn an_overdue_game_can_still_be_played() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1, 1]);
    world.pass(3_600 + DRAW_GRACE * 2);
    world.play(&sold.game, 1).unwrap();
    assert_refused(world.cancel(&sold.game), LotteryError::NotCancellable);
}

#[test]
fn a_game_that_sold_too_little_is_cancelled_from_its_close_on() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1]);
    world.pass(3_599);
    assert_refused(world.cancel(&sold.game), LotteryError::NotCancellable);
    world.pass(1);
    let meta = world.cancel(&sold.game).unwrap();
    assert!(matches!(
        event(&meta),
        Event::GameCancelled(GameCancelled { reason: GameCancelled::TOO_FEW_TICKETS, owed, .. })
            if owed == rules::FEE
    ));
}

#[test]
fn a_game_whose_queue_is_gone_is_refunded_in_the_end() {
    let mut world = World::new();
    let sold = world.sell(rules::game, &[1, 1]);
    let queue = world.queue;
    world.corrupt(&queue, |account| *account = Default::default());
    world.pass(3_600);
    assert_refused(world.request(&[sold.game]), LotteryError::RandomnessQueue);
    let due = world.game(&sold.game).closes_at;
    cancellable_after_grace(&mut world, &sold, due);
}
