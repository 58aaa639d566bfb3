//! Single decisions.

use std::collections::BTreeSet;

use lottery_client::{
    account::Account,
    address,
    lottery::state::{DRAW_GRACE, Draw, Game, GameStatus},
};
use lottery_keeper::{
    actions::{Action, Key},
    plan::{Plan, Reason, Settings, plan, plan_around},
    state::{ChainState, Orphan},
};
use solana_pubkey::Pubkey;

use crate::{
    model::Model,
    world::{GameSpec, OracleSpec, TOKEN_HOUSE, World, build, key, settings},
};

pub const LIVE: OracleSpec = OracleSpec {
    attested: true,
    holds: 50,
    silent: 0,
    mute: false,
};

/// A game of ten tickets that is due.
pub fn due(house: u16) -> GameSpec {
    GameSpec {
        house,
        tickets: 10,
        min_tickets: 1,
        closes_in: -1,
        rounds: 1,
        winners: 1,
        round_interval: 0,
        status: 0,
        entry_size: 5,
    }
}

pub fn world(oracles: &[OracleSpec], games: Vec<GameSpec>) -> World {
    World {
        lanes: vec![1, 1, 1],
        oracles: oracles.to_vec(),
        node_timeout: 0,
        games,
        capacity: (5, 5, 5),
        wanted_lanes: 0,
        push_claims: true,
        push_refunds: true,
        close: Some(600),
    }
}

fn act(state: &mut ChainState, planned: &Plan) {
    let (mute, frozen) = (BTreeSet::new(), BTreeSet::new());
    for action in &planned.actions {
        let mut model = Model {
            state,
            mute: &mute,
            frozen: &frozen,
        };
        assert_eq!(model.act(action), Ok(()), "{action}");
    }
}

fn only_game(state: &ChainState) -> (Pubkey, Game) {
    let (address, game) = state.games.first_key_value().unwrap();
    (*address, *game)
}

pub fn requested_oracle(planned: &Plan) -> Pubkey {
    match planned.actions.as_slice() {
        [Action::RequestDraw(request)] => request.oracle,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_oracle_that_did_not_answer_is_not_asked_again_for_the_round() {
    let world = world(&[LIVE, LIVE], vec![due(0)]);
    let settings = settings(&world);
    let mut state = build(&world);
    let mut asked = Vec::new();
    for _ in 0..2 {
        let planned = plan(&state, &settings);
        asked.push(requested_oracle(&planned));
        act(&mut state, &planned);
        state.slot += 2;
        let planned = plan(&state, &settings);
        assert!(matches!(
            planned.actions.as_slice(),
            [Action::RevealDraw(_)]
        ));
        state.slot += 9;
        let planned = plan(&state, &settings);
        let [Action::AbortDraw(abort)] = planned.actions.as_slice() else {
            panic!("{planned:?}");
        };
        assert!(abort.last_chance.is_some());
        act(&mut state, &planned);
    }
    asked.sort_unstable();
    assert_eq!(asked, [key(8, 0), key(8, 1)]);
    let planned = plan(&state, &settings);
    assert!(planned.actions.is_empty());
    assert_eq!(planned.waiting[0].reason, Reason::NoUntriedOracle);
    assert_eq!(planned.waiting[0].until, Some(state.now + DRAW_GRACE));
}

#[test]
fn a_failing_reveal_does_not_hold_up_the_release() {
    let world = world(&[LIVE], vec![due(0)]);
    let settings = settings(&world);
    let mut state = build(&world);
    let planned = plan(&state, &settings);
    act(&mut state, &planned);
    state.slot += 11;
    let (draw, _) = state.draws.first_key_value().unwrap();
    let in_hand = BTreeSet::from([Key::Draw(*draw)]);
    let planned = plan_around(&state, &settings, &in_hand);
    assert!(matches!(planned.actions.as_slice(), [Action::AbortDraw(_)]));
    let in_hand = BTreeSet::from([Key::Release(*draw)]);
    let planned = plan_around(&state, &settings, &in_hand);
    assert!(planned.actions.is_empty());
    assert_eq!(planned.waiting[0].reason, Reason::InHand);
}

#[test]
fn the_releases_of_an_aborted_draw_are_finished() {
    let world = world(&[LIVE], vec![due(0), due(0)]);
    let settings = settings(&world);
    let mut state = build(&world);
    let planned = plan(&state, &settings);
    act(&mut state, &planned);
    // Somebody aborted it and released one of the two.
    let (address, mut draw) = state
        .draws
        .first_key_value()
        .map(|(a, d)| (*a, *d))
        .unwrap();
    draw.state = Draw::ABORTED;
    draw.settled = 1;
    state.put(address, Account::Draw(draw));
    let (game, mut released) = only_game(&state);
    released.set_status(GameStatus::Open);
    released.next_round_at = state.now;
    state.put(game, Account::Game(released));
    let planned = plan(&state, &settings);
    let [Action::AbortDraw(abort)] = planned.actions.as_slice() else {
        panic!("{planned:?}");
    };
    assert!(abort.last_chance.is_none());
    assert_eq!(abort.games().count(), 1);
    assert_ne!(abort.games().next().unwrap().address, game);
}

#[test]
fn a_game_that_nobody_can_draw_is_cancelled_in_the_end() {
    let world = world(&[], vec![due(0)]);
    let mut state = build(&world);
    let (_, game) = only_game(&state);
    state.now = game.draw_due_at() + DRAW_GRACE - 1;
    let planned = plan(&state, &settings(&world));
    assert_eq!(planned.waiting[0].reason, Reason::NoLiveOracle);
    assert_eq!(planned.waiting[0].until, Some(state.now + 1));
    state.now += 1;
    let planned = plan(&state, &settings(&world));
    assert!(matches!(
        planned.actions.as_slice(),
        [Action::CancelGame(_)]
    ));
}

#[test]
fn a_game_whose_queue_cannot_be_read_waits_a_week_longer() {
    let world = world(&[], vec![due(0)]);
    let mut state = build(&world);
    state.oracles.clear();
    let (_, game) = only_game(&state);
    state.now = game.draw_due_at() + DRAW_GRACE + 7 * 86_400 - 1;
    let planned = plan(&state, &settings(&world));
    assert_eq!(planned.waiting[0].reason, Reason::OraclesUnknown);
    assert_eq!(planned.waiting[0].until, Some(state.now + 1));
    state.now += 1;
    let planned = plan(&state, &settings(&world));
    assert!(matches!(
        planned.actions.as_slice(),
        [Action::CancelGame(_)]
    ));
}

#[test]
fn a_lane_that_is_about_to_be_opened_is_waited_for() {
    let lasting = OracleSpec {
        holds: 10_000_000,
        ..LIVE
    };
    let mut world = world(&[lasting], vec![due(0)]);
    world.lanes = vec![0, 1, 1];
    for (wanted_lanes, cancels) in [(1, false), (0, true)] {
        world.wanted_lanes = wanted_lanes;
        let mut state = build(&world);
        state.now += DRAW_GRACE + 100;
        let planned = plan(&state, &settings(&world));
        let cancelled = planned
            .actions
            .iter()
            .any(|action| matches!(action, Action::CancelGame(_)));
        assert_eq!(cancelled, cancels, "{planned:?}");
    }
}

#[test]
fn an_award_whose_holder_is_not_known_waits_for_the_entries() {
    let world = world(&[LIVE], vec![due(0)]);
    let mut state = build(&world);
    let (address, mut game) = only_game(&state);
    game.set_status(GameStatus::Settled);
    game.settled_at = state.now;
    game.rounds_settled = 1;
    game.places_paid = 1;
    game.jackpot_awards[2] = 5;
    game.jackpot_tickets[2] = 99;
    state.put(address, Account::Game(game));
    let planned = plan(&state, &settings(&world));
    assert!(planned.actions.is_empty());
    assert_eq!(planned.waiting[0].reason, Reason::EntriesUnknown);
}

#[test]
fn a_keeper_that_comes_back_late_draws_rather_than_cancels() {
    // More games than one draw holds, and one lane.
    let mut world = world(
        &[OracleSpec {
            holds: 10_000_000,
            ..LIVE
        }],
        vec![due(0); 7],
    );
    world.lanes = vec![1, 0, 0];
    let mut state = build(&world);
    state.now += DRAW_GRACE + 100;
    let planned = plan(&state, &settings(&world));
    assert!(matches!(
        planned.actions.as_slice(),
        [Action::RequestDraw(_)]
    ));
    assert_eq!(planned.waiting.len(), 2);
    assert_eq!(planned.waiting[0].reason, Reason::NoIdleLane);
}

#[test]
fn a_token_house_waits_until_its_mint_is_known() {
    let world = world(&[LIVE], vec![due(TOKEN_HOUSE)]);
    let mut state = build(&world);
    let (address, mut game) = only_game(&state);
    game.set_status(GameStatus::Cancelled);
    state.put(address, Account::Game(game));
    let planned = plan(&state, &settings(&world));
    assert!(matches!(
        planned.actions.as_slice(),
        [Action::Refund(refund), _] if refund.token.is_some()
    ));
    state.tokens.clear();
    let planned = plan(&state, &settings(&world));
    assert!(planned.actions.is_empty());
    assert_eq!(planned.waiting[0].reason, Reason::TokenUnknown);
}

#[test]
fn what_is_paid_is_closed_after_a_while_entries_first() {
    let mut cancelled = due(0);
    cancelled.status = 2;
    let world = world(&[LIVE], vec![cancelled]);
    let settings = settings(&world);
    let mut state = build(&world);
    let planned = plan(&state, &settings);
    assert!(matches!(
        planned.actions.as_slice(),
        [Action::Refund(_), Action::Refund(_)]
    ));
    act(&mut state, &planned);
    let planned = plan(&state, &settings);
    let (address, game) = only_game(&state);
    assert_eq!(planned.waiting[0].reason, Reason::KeptForNow);
    assert_eq!(planned.waiting[0].until, Some(game.settled_at + 600));
    state.now += 600;
    let planned = plan(&state, &settings);
    let [Action::CloseEntry(first), Action::CloseEntry(second)] = planned.actions.as_slice() else {
        panic!("{planned:?}");
    };
    // A view that is out of step may have one of them with another game, too.
    let mut torn = state.clone();
    for entry in [first, second] {
        let orphan = Orphan {
            game: key(10, 99),
            player: entry.player,
        };
        torn.orphans.insert(entry.entry, orphan);
    }
    let planned = plan(&torn, &settings);
    assert_eq!(planned.actions.len(), 2);
    assert_eq!(planned.waiting[0].reason, Reason::NotInSync);
    // One that cannot be closed holds the game up until claims end.
    act(
        &mut state,
        &Plan {
            actions: vec![Action::CloseEntry(first.clone())],
            ..Plan::default()
        },
    );
    let in_hand = BTreeSet::from([Key::Entry(second.entry)]);
    let planned = plan_around(&state, &settings, &in_hand);
    assert!(planned.actions.is_empty(), "{planned:?}");
    assert_eq!(planned.waiting[0].until, Some(game.claims_end()));
    state.now = game.claims_end();
    let planned = plan_around(&state, &settings, &in_hand);
    assert!(matches!(planned.actions.as_slice(), [Action::CloseGame(_)]));
    act(&mut state, &planned);
    // What the game leaves behind is closed without it.
    let orphan = Orphan {
        game: address,
        player: second.player,
    };
    assert_eq!(state.orphans.get(&second.entry), Some(&orphan));
    let planned = plan(&state, &settings);
    assert_eq!(planned.actions, [Action::CloseEntry(second.clone())]);
}

#[test]
fn a_player_who_cannot_be_refunded_does_not_hold_up_the_others_rent() {
    let mut cancelled = due(0);
    cancelled.status = 2;
    let world = world(&[LIVE], vec![cancelled]);
    let settings = settings(&world);
    let mut state = build(&world);
    let mut planned = plan(&state, &settings);
    let Some(Action::Refund(stuck)) = planned.actions.pop() else {
        panic!("{planned:?}");
    };
    act(&mut state, &planned);
    let in_hand = BTreeSet::from([Key::Entry(stuck.entry)]);
    let waiting = plan_around(&state, &settings, &in_hand);
    assert!(waiting.actions.is_empty());
    assert_eq!(waiting.waiting[0].reason, Reason::InHand);
    let closes_from = only_game(&state).1.settled_at + 600;
    assert_eq!(waiting.waiting[0].until, Some(closes_from));
    state.now += 600;
    let planned = plan_around(&state, &settings, &in_hand);
    assert!(matches!(
        planned.actions.as_slice(),
        [Action::CloseEntry(close)] if close.entry != stuck.entry
    ));
    act(&mut state, &planned);
    assert_eq!(only_game(&state).1.entries_closed, 1);
}

#[test]
fn other_houses_are_none_of_our_business() {
    let mut world = world(&[LIVE], vec![due(0), due(1), due(2)]);
    world.wanted_lanes = 2;
    let only = Settings {
        house: Some(key(7, 1)),
        ..settings(&world)
    };
    let planned = plan(&build(&world), &only);
    assert_eq!(planned.actions.len(), 2);
    for action in &planned.actions {
        match action {
            Action::RequestDraw(request) => {
                assert_eq!(request.lane(), address::lane(&key(7, 1), 0));
            }
            Action::OpenLane(open) => assert_eq!((open.house, open.index), (key(7, 1), 1)),
            other => panic!("{other}"),
        }
    }
}
