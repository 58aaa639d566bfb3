//! Whatever the chain looks like, a plan holds nothing that the program would
//! refuse, explains every game, and repeated leaves nothing undone.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "tests"
)]

mod model;

use std::collections::{BTreeMap, BTreeSet};

use bytemuck::Zeroable as _;
use lottery_client::{
    account::Account,
    address,
    lottery::{
        state::{Entry, Game, GameStatus, House, LAYOUT_VERSION, Lane},
        switchboard::ATTESTATION_MARGIN,
    },
};
use lottery_keeper::{
    actions::{Action, Key},
    plan::{Settings, plan, plan_around},
    state::{ChainState, Oracle},
};
use model::Model;
use proptest::prelude::*;
use solana_pubkey::Pubkey;

const NOW: i64 = 1_000_000;
const SLOT: u64 = 5_000;

/// Addresses that are the same in every run.
fn key(kind: u8, number: u16) -> Pubkey {
    let [low, high] = number.to_le_bytes();
    let mut bytes = [kind; 32];
    bytes[1] = low;
    bytes[2] = high;
    Pubkey::new_from_array(bytes)
}

#[derive(Clone, Debug)]
struct GameSpec {
    house: u16,
    tickets: u32,
    min_tickets: u32,
    /// Seconds from now to the close.
    closes_in: i64,
    rounds: u8,
    winners: u8,
    round_interval: u32,
    /// 0 open, 1 playing, 2 cancelled.
    status: u8,
    entry_size: u32,
}

fn game_spec() -> impl Strategy<Value = GameSpec> {
    (
        (0u16..3, 0u32..40, 1u32..20, -50i64..50),
        (1u8..=3, 1u8..=4, 0u32..100, 0u8..3, 1u32..9),
    )
        .prop_map(|(first, second)| GameSpec {
            house: first.0,
            tickets: first.1,
            min_tickets: first.2.max(u32::from(second.1)),
            closes_in: first.3,
            rounds: second.0,
            winners: second.1,
            round_interval: second.2,
            status: second.3,
            entry_size: second.4,
        })
}

#[derive(Clone, Debug)]
struct World {
    lanes: Vec<u8>,
    /// Attested, seconds that the attestation holds beyond what a draw needs.
    oracles: Vec<(bool, i64)>,
    games: Vec<GameSpec>,
    capacity: (usize, usize),
    wanted_lanes: u8,
}

fn world() -> impl Strategy<Value = World> {
    (
        prop::collection::vec(0u8..3, 3),
        prop::collection::vec((any::<bool>(), -20i64..400_000), 0..4),
        prop::collection::vec(game_spec(), 0..30),
        (1usize..8, 1usize..5),
        0u8..3,
    )
        .prop_map(|(lanes, oracles, games, capacity, wanted_lanes)| World {
            lanes,
            oracles,
            games,
            capacity,
            wanted_lanes,
        })
}

fn settings(world: &World) -> Settings {
    let mut settings = Settings {
        lanes: world.wanted_lanes,
        ..Settings::default()
    };
    settings.capacity.request = world.capacity.0;
    settings.capacity.settlement = world.capacity.1;
    settings
}

fn build(world: &World) -> ChainState {
    let mut state = ChainState::default();
    state.slot = SLOT;
    state.now = NOW;
    let queue = key(9, 0);
    let oracles = world.oracles.iter().zip(0u16..);
    let mut oracles: Vec<Oracle> = oracles
        .map(|((attested, holds), number)| Oracle {
            address: key(8, number),
            attested: *attested,
            valid_until: NOW + ATTESTATION_MARGIN + holds,
            gateway: Some("http://127.0.0.1:1".into()),
        })
        .collect();
    oracles.sort_by_key(|oracle| oracle.address);
    state.oracles.insert(queue, oracles);
    for (lanes, number) in world.lanes.iter().zip(0u16..) {
        let mut house = House::zeroed();
        house.version = LAYOUT_VERSION;
        house.vrf_queue = queue;
        let house_address = key(7, number);
        state.put(house_address, Account::House(house));
        for index in 0..*lanes {
            let mut lane = Lane::zeroed();
            lane.version = LAYOUT_VERSION;
            lane.house = house_address;
            lane.index = index;
            lane.next_draw = 40;
            state.put(address::lane(&house_address, index), Account::Lane(lane));
        }
    }
    for (spec, id) in world.games.iter().zip(0u16..) {
        put_game(&mut state, spec, id);
    }
    state
}

fn put_game(state: &mut ChainState, spec: &GameSpec, id: u16) {
    let house = key(7, spec.house);
    let address = address::game(&house, id.into());
    let mut game = Game::zeroed();
    game.version = LAYOUT_VERSION;
    game.house = house;
    game.id = id.into();
    game.entry_fee = 100;
    game.tickets = spec.tickets;
    game.min_tickets = spec.min_tickets;
    game.max_tickets = 40;
    game.closes_at = NOW + spec.closes_in;
    game.rounds = spec.rounds;
    game.winners = spec.winners;
    game.keep_bps = [5_000; 8];
    game.round_interval = spec.round_interval;
    match spec.status {
        1 if spec.rounds > 1 && spec.tickets >= spec.min_tickets => {
            game.set_status(GameStatus::Playing);
            game.rounds_settled = 1;
            game.round_seeds[0] = [5; 32];
            game.next_round_at = NOW + spec.closes_in;
        }
        2 => game.set_status(GameStatus::Cancelled),
        _ => {}
    }
    let mut entries = Vec::new();
    let mut first = 0;
    while first < spec.tickets {
        let tickets = spec.entry_size.min(spec.tickets - first);
        let mut entry = Entry::zeroed();
        entry.version = LAYOUT_VERSION;
        entry.game = address;
        entry.player = key(6, id);
        entry.first_ticket = first;
        entry.tickets = tickets;
        entry.paid = 100 * u64::from(tickets);
        entries.push((
            address::entry(&address, &entry.player, u16::try_from(first).unwrap()),
            entry,
        ));
        first += tickets;
    }
    game.entries = u32::try_from(entries.len()).unwrap();
    if game.is(GameStatus::Cancelled) {
        game.note_if_paid().unwrap();
    }
    state.put(address, Account::Game(game));
    for (address, entry) in entries {
        state.put(address, Account::Entry(entry));
    }
}

/// Keys of what can be done only once, to see whether two actions collide.
fn collisions(actions: &[Action]) -> usize {
    let keys: Vec<Key> = actions.iter().flat_map(Action::keys).collect();
    keys.len() - keys.iter().collect::<BTreeSet<_>>().len()
}

/// Games that some action is about.
fn acted_on(actions: &[Action]) -> BTreeSet<Pubkey> {
    let mut games = BTreeSet::new();
    for action in actions {
        match action {
            Action::RequestDraw(request) => {
                games.extend(request.games.iter().map(|game| game.address));
            }
            Action::SettleDraw(settle) => games.extend(settle.games().map(|game| game.address)),
            Action::CancelGame(cancel) => drop(games.insert(cancel.game.address)),
            Action::Claim(claim) => drop(games.insert(claim.game.address)),
            Action::ClaimJackpot(claim) => drop(games.insert(claim.game.address)),
            Action::Refund(refund) => drop(games.insert(refund.game.address)),
            Action::RevealDraw(_) | Action::OpenLane(_) => {}
        }
    }
    games
}

/// Draw index of each game before its settlement, by draw.
fn bound_order(state: &ChainState) -> BTreeMap<Pubkey, Vec<Pubkey>> {
    let mut bound: BTreeMap<Pubkey, Vec<(u16, Pubkey)>> = BTreeMap::new();
    for (address, game) in &state.games {
        if game.is(GameStatus::Drawing) {
            let games = bound.entry(game.draw).or_default();
            games.push((game.draw_index, *address));
        }
    }
    let sorted = bound.into_iter().map(|(draw, mut games)| {
        games.sort_unstable();
        (draw, games.into_iter().map(|(_, game)| game).collect())
    });
    sorted.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// From any state on, whoever executes plan after plan is never refused,
    /// and at the end every game is paid or refunded.
    #[test]
    fn plans_are_accepted_explain_everything_and_finish(world in world()) {
        let settings = settings(&world);
        let mut state = build(&world);
        for step in 0..400u32 {
            let planned = plan(&state, &settings);
            prop_assert_eq!(&planned, &plan(&state.clone(), &settings));
            prop_assert_eq!(collisions(&planned.actions), 0);

            let acted = acted_on(&planned.actions);
            let waiting: BTreeSet<Pubkey> =
                planned.waiting.iter().map(|waiting| waiting.game.address).collect();
            for game in state.games.keys() {
                prop_assert!(acted.contains(game) != waiting.contains(game), "{game} {planned:?}");
            }
            let order = bound_order(&state);
            for action in &planned.actions {
                if let Action::SettleDraw(settle) = action {
                    let games: Vec<Pubkey> = settle.games().map(|game| game.address).collect();
                    prop_assert_eq!(&games, &order[&settle.draw]);
                    prop_assert!(settle.chunks.iter().all(|chunk| chunk.len() <= world.capacity.1));
                }
                if let Action::RequestDraw(request) = action {
                    prop_assert!(request.games.len() <= world.capacity.0);
                }
            }
            for action in &planned.actions {
                let answer = Model(&mut state).act(action);
                prop_assert_eq!(answer, Ok(()), "step {}: {}", step, action);
            }
            state.slot += 1;
            state.now += 5;
        }
        let has_oracle = state.oracles[&key(9, 0)].iter().any(|oracle| oracle.is_live(state.now));
        let has_lane = |house: &Pubkey| state.lanes.values().any(|lane| lane.house == *house);
        for game in state.games.values() {
            prop_assert!(
                !has_oracle || !has_lane(&game.house),
                "game {} is left: {:?}", game.id, plan(&state, &settings)
            );
        }
    }

    /// What is in hand is left alone, and nothing else is lost by it.
    #[test]
    fn nothing_in_hand_is_planned_again(world in world(), picks: Vec<prop::sample::Index>) {
        let settings = settings(&world);
        let mut state = build(&world);
        for _ in 0..6 {
            let planned = plan(&state, &settings);
            if planned.actions.is_empty() {
                break;
            }
            let in_hand: BTreeSet<Key> = picks
                .iter()
                .flat_map(|pick| planned.actions[pick.index(planned.actions.len())].keys())
                .collect();
            let around = plan_around(&state, &settings, &in_hand);
            for action in &around.actions {
                prop_assert!(!in_hand.contains(&action.main_key()), "{}", action);
            }
            for action in &around.actions {
                prop_assert_eq!(Model(&mut state).act(action), Ok(()), "{}", action);
            }
            state.slot += 1;
            state.now += 20;
        }
    }
}

#[test]
fn oracles_take_turns_and_dead_ones_are_passed_over() {
    let world = World {
        lanes: vec![1, 0, 0],
        oracles: vec![(true, 50), (false, 50), (true, 50), (true, -1)],
        games: vec![GameSpec {
            house: 0,
            tickets: 10,
            min_tickets: 1,
            closes_in: -1,
            rounds: 1,
            winners: 1,
            round_interval: 0,
            status: 0,
            entry_size: 5,
        }],
        capacity: (5, 5),
        wanted_lanes: 0,
    };
    let mut chosen = Vec::new();
    for draw_id in 40..44 {
        let mut state = build(&world);
        for lane in state.lanes.values_mut() {
            lane.next_draw = draw_id;
        }
        let planned = plan(&state, &settings(&world));
        let [Action::RequestDraw(request)] = planned.actions.as_slice() else {
            panic!("{planned:?}");
        };
        chosen.push(request.oracle);
    }
    assert_eq!(chosen, [key(8, 0), key(8, 2), key(8, 0), key(8, 2)]);
}

#[test]
fn other_houses_are_none_of_our_business() {
    let world = World {
        lanes: vec![1, 1, 1],
        oracles: vec![(true, 50)],
        games: (0..3)
            .map(|house| GameSpec {
                house,
                tickets: 10,
                min_tickets: 1,
                closes_in: -1,
                rounds: 1,
                winners: 1,
                round_interval: 0,
                status: 0,
                entry_size: 5,
            })
            .collect(),
        capacity: (5, 5),
        wanted_lanes: 2,
    };
    let only = Settings {
        house: Some(key(7, 1)),
        ..settings(&world)
    };
    let planned = plan(&build(&world), &only);
    assert_eq!(planned.actions.len(), 2);
    for action in &planned.actions {
        match action {
            Action::RequestDraw(request) => assert_eq!(request.house, key(7, 1)),
            Action::OpenLane(open) => assert_eq!((open.house, open.index), (key(7, 1), 1)),
            other => panic!("{other}"),
        }
    }
}
