//! Cranks of several games do what can be done and leave out the rest.

use lottery::{
    LotteryError,
    events::{DrawRequested, DrawSettled},
    state::GameStatus,
};
use lottery_tests::{
    events::{Event, events},
    rules,
    world::{World, assert_fails, assert_refused},
};
use solana_instruction::error::InstructionError;
use solana_pubkey::Pubkey;

/// Games that are due, and games that are not, each for another reason.
struct Mixed {
    world: World,
    due: Vec<Pubkey>,
    on_sale: Pubkey,
    too_few: Pubkey,
    between_rounds: Pubkey,
    settled: Pubkey,
}

fn mixed() -> Mixed {
    let mut world = World::new();
    let due = vec![
        world.sell(rules::game, &[2]).game,
        world.sell(rules::five_rounds, &[3]).game,
    ];
    let too_few = world.sell(rules::game, &[1]).game;
    let settled = world.sell(rules::game, &[2]).game;
    let between_rounds = world.sell(rules::five_rounds, &[3]).game;
    world.pass(3_600);
    world
        .play_round(&[settled, between_rounds], [1; 32])
        .unwrap();
    let on_sale = world.sell(rules::game, &[2]).game;
    Mixed {
        world,
        due,
        on_sale,
        too_few,
        between_rounds,
        settled,
    }
}

#[test]
fn a_request_binds_the_games_that_are_due_and_no_others() {
    let mut m = mixed();
    let games = [
        m.on_sale,
        m.due[0],
        m.too_few,
        m.world.house,
        m.between_rounds,
        m.due[1],
        m.settled,
        m.due[0],
        Pubkey::new_unique(),
    ];
    let watched = [m.on_sale, m.too_few, m.between_rounds, m.settled];
    let before = watched.map(|game| m.world.account(&game));
    let id = m.world.lane().next_draw;
    let meta = m.world.crank(m.world.request_ix(id, 0, &games)).unwrap();
    assert_eq!(m.world.draw(id).games, 2);
    assert!(matches!(
        &events(&meta)[..],
        [Event::DrawRequested(DrawRequested { games, bounty: 20_000, reveal_bounty: 20_000, .. })]
            if *games == m.due
    ));
    for (position, game) in (0..).zip(&m.due) {
        let state = m.world.game(game);
        assert!(state.is(GameStatus::Drawing));
        assert_eq!(state.draw_index, position);
    }
    assert_eq!(watched.map(|game| m.world.account(&game)), before);
}

#[test]
fn a_request_without_any_due_game_is_refused_for_the_first_ones_reason() {
    let mut m = mixed();
    let reasons = [
        (m.on_sale, LotteryError::GameStillOpen),
        (m.too_few, LotteryError::TooFewTickets),
        (m.between_rounds, LotteryError::RoundNotDue),
        (m.settled, LotteryError::GameNotDrawable),
    ];
    for first in 0..reasons.len() {
        let games: Vec<_> = (0..reasons.len())
            .map(|n| reasons[(first + n) % reasons.len()].0)
            .collect();
        assert_refused(m.world.request(&games), reasons[first].1);
    }
    assert_refused(m.world.request(&[]), LotteryError::NoGames);
    // What is no game at all is a reason as good as any other.
    let stranger = Pubkey::new_unique();
    assert!(m.world.request(&[stranger, m.on_sale]).is_err());
    let treasury = lottery_client::address::treasury(&m.world.house);
    assert_fails(
        m.world.request(&[treasury, m.on_sale]),
        &InstructionError::AccountDataTooSmall,
    );
}

#[test]
fn a_settlement_leaves_out_what_another_crank_settled_meanwhile() {
    let mut world = World::new();
    let games: Vec<_> = (0..4).map(|_| world.sell(rules::game, &[2]).game).collect();
    world.pass(3_600);
    let id = world.request(&games).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    world.settle(id, &games[..2]).unwrap();
    let before = world.account(&games[0]);
    // The keeper that lost the race names all of them.
    let meta = world.settle(id, &games).unwrap();
    assert_eq!(world.account(&games[0]), before, "settled once");
    let settled = |event: &Event| match event {
        Event::DrawSettled(DrawSettled { rounds, .. }) => {
            Some(rounds.iter().map(|round| round.game).collect::<Vec<_>>())
        }
        _ => None,
    };
    let told: Vec<_> = events(&meta).iter().filter_map(settled).collect();
    assert_eq!(told, [games[2..].to_vec()]);
    assert_eq!(world.treasury().games_settled, 4);
    assert!(world.is_gone(&world.draw_keys(id).draw));
}

#[test]
fn a_settlement_of_nothing_is_refused_for_the_first_games_reason() {
    let mut world = World::new();
    let games: Vec<_> = (0..3).map(|_| world.sell(rules::game, &[2]).game).collect();
    let other = world.sell(rules::game, &[2]).game;
    world.pass(3_600);
    let id = world.request(&games).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    world.settle(id, &games[..1]).unwrap();
    for (given, expected) in [
        ([games[0], games[2]], LotteryError::ForeignDraw),
        ([games[2], games[0]], LotteryError::SettleOrder),
        ([other, games[2]], LotteryError::ForeignDraw),
    ] {
        assert_refused(world.settle(id, &given), expected);
    }
    assert_refused(world.settle(id, &[]), LotteryError::NoGames);
}

#[test]
fn a_settlement_names_games_in_any_order_but_settles_them_in_theirs() {
    let mut world = World::new();
    let games: Vec<_> = (0..3).map(|_| world.sell(rules::game, &[2]).game).collect();
    world.pass(3_600);
    let id = world.request(&games).unwrap();
    world.reveal(id, [1; 32]).unwrap();
    let backwards = [games[2], games[1], games[0]];
    for left in [2, 1, 0] {
        world.settle(id, &backwards).unwrap();
        let waiting = games
            .iter()
            .filter(|game| world.game(game).is(GameStatus::Drawing))
            .count();
        assert_eq!(waiting, left);
        assert!(world.game(&games[2 - left]).is(GameStatus::Settled));
    }
}

#[test]
fn a_settlement_and_an_abort_leave_out_what_is_gone_or_never_was() {
    let mut world = World::new();
    let gone = world.settled(rules::game, &[1, 1]);
    world.pass(86_400);
    world.expire(&gone.game).unwrap();
    world.close_game(&gone.game).unwrap();
    let strangers = [gone.game, Pubkey::new_unique(), world.queue];
    let games: Vec<_> = (0..2).map(|_| world.sell(rules::game, &[2]).game).collect();
    world.pass(3_600);
    let with_strangers = |game| [&strangers[..], &[game]].concat();

    let id = world.request(&games).unwrap();
    world.time_out(id);
    for game in &games {
        assert_refused(world.abort(id, &strangers), LotteryError::NoGames);
        world.abort(id, &with_strangers(*game)).unwrap();
    }
    let id = world.request_of(1, &games).unwrap();
    world.pass(0);
    let answer = world.answer(1, [1; 32]);
    world.crank(world.reveal_ix(id, 1, &answer)).unwrap();
    for game in &games {
        assert!(world.settle(id, &strangers).is_err());
        world.settle(id, &with_strangers(*game)).unwrap();
        assert!(world.game(game).is(GameStatus::Settled));
    }
}
