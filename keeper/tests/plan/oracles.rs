//! Which oracle is asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytemuck::Zeroable as _;
use lottery_client::{account::Account, lottery::state::Draw};
use lottery_keeper::{
    mirror::Mirror,
    plan::{Plan, Settings, plan},
    state::{ChainState, OracleRecord, OracleResult, OracleSeen},
};
use proptest::prelude::*;
use solana_pubkey::Pubkey;

use crate::{
    cases::{LIVE, due, requested_oracle, world},
    world::{OracleSpec, build, key, settings},
};

/// A game that is due, and as many live oracles.
fn chain(oracles: usize) -> (ChainState, Settings) {
    let world = world(&vec![LIVE; oracles], vec![due(0)]);
    (build(&world), settings(&world))
}

/// The plan if the lane's next draw had this id.
fn plan_draw(state: &mut ChainState, settings: &Settings, draw_id: u64) -> Plan {
    for lane in state.lanes.values_mut() {
        lane.next_draw = draw_id;
    }
    plan(state, settings)
}

fn chosen(state: &mut ChainState, settings: &Settings, draw_id: u64) -> Pubkey {
    requested_oracle(&plan_draw(state, settings, draw_id))
}

fn note_tried(state: &mut ChainState, tried: &[Pubkey]) {
    let (address, mut game) = state
        .games
        .first_key_value()
        .map(|(address, game)| (*address, *game))
        .unwrap();
    for (slot, oracle) in game.tried_oracles.iter_mut().zip(tried) {
        *slot = *oracle;
    }
    state.put(address, Account::Game(game));
}

fn record() -> impl Strategy<Value = OracleRecord> {
    let count = || prop_oneof![0u64..20, 0u64..2_000, Just(u64::MAX)];
    let ago = prop_oneof![0i64..400, 0i64..4_000, Just(i64::MIN), Just(i64::MAX)];
    (count(), count(), 0u32..12, prop::option::of(ago)).prop_map(
        |(answers, failures, consecutive_failures, ago)| OracleRecord {
            answers,
            failures,
            consecutive_failures,
            last_failure_at: ago.map(|ago| build_now().saturating_sub(ago)),
            latency_ms_ema: None,
        },
    )
}

/// The clock of all chains built here.
fn build_now() -> i64 {
    chain(0).0.now
}

#[test]
fn dead_oracles_are_passed_over_and_live_ones_share() {
    let mut world = world(
        &[
            LIVE,
            OracleSpec {
                attested: false,
                ..LIVE
            },
            LIVE,
            OracleSpec { holds: -1, ..LIVE },
            OracleSpec {
                silent: 301,
                ..LIVE
            },
        ],
        vec![due(0)],
    );
    world.node_timeout = 300;
    let mut state = build(&world);
    let mut shares: BTreeMap<Pubkey, u32> = BTreeMap::new();
    for draw_id in 0..400 {
        *shares
            .entry(chosen(&mut state, &settings(&world), draw_id))
            .or_default() += 1;
    }
    assert_eq!(shares.len(), 2);
    assert!(shares[&key(8, 0)].abs_diff(200) < 50, "{shares:?}");
    assert!(shares.contains_key(&key(8, 2)));
}

#[test]
fn an_oracle_that_failed_is_asked_rarely_then_more_and_in_the_end_as_before() {
    const DRAWS: u64 = 600;
    let (mut state, settings) = chain(2);
    let (silent, other) = (key(8, 0), key(8, 1));
    let mut mirror = Mirror::default();
    let seen = |result, oracle, draw: u16| OracleSeen {
        oracle,
        draw: key(2, draw),
        result,
    };
    let answer = OracleResult::Answered(Duration::from_millis(90));
    for draw in 0..200 {
        mirror.note_oracle(&seen(answer, silent, draw));
        mirror.note_oracle(&seen(answer, other, 1_000 + draw));
    }
    // Its one draw is asked for again and again.
    for _ in 0..60 {
        mirror.note_oracle(&seen(OracleResult::Failed, silent, 300));
    }
    mirror.note_oracle(&seen(OracleResult::Aborted, silent, 300));
    let record = mirror.state().records[&silent];
    assert_eq!((record.answers, record.failures), (200, 1));
    assert_eq!(record.consecutive_failures, 61);
    state.records = mirror.state().records.clone();
    let failed_at = record.last_failure_at.unwrap();
    assert_eq!(failed_at, mirror.state().now);
    let (mut shares, began) = (Vec::new(), state.now);
    for minutes in [0, 9, 11, 15, 20, 25, 30, 35, 45] {
        state.records.get_mut(&silent).unwrap().last_failure_at = Some(began - minutes * 60);
        let asked = (0..DRAWS)
            .filter(|id| chosen(&mut state, &settings, *id) == silent)
            .count();
        shares.push(asked);
    }
    assert_eq!(shares[..2], [0, 0], "{shares:?}");
    assert!((1..30).contains(&shares[2]), "{shares:?}");
    assert!(shares[2..].is_sorted(), "{shares:?}");
    assert!(shares[8].abs_diff(300) < 60, "{shares:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Over many draws each is asked as often as its weight says.
    #[test]
    fn shares_follow_the_weights(records in prop::collection::vec(record(), 1..5)) {
        const DRAWS: u32 = 500;
        let (mut state, settings) = chain(records.len());
        for (number, record) in (0u16..).zip(&records) {
            state.records.insert(key(8, number), *record);
        }
        let now = state.now;
        let all_rest = records.iter().all(|record| record.rests(now));
        let weights: Vec<f64> = records
            .iter()
            .map(|record| if all_rest || !record.rests(now) { record.weight(now) as f64 } else { 0.0 })
            .collect();
        let total: f64 = weights.iter().sum();
        let mut asked: BTreeMap<Pubkey, u32> = BTreeMap::new();
        for draw_id in 0..u64::from(DRAWS) {
            *asked.entry(chosen(&mut state, &settings, draw_id)).or_default() += 1;
        }
        for (number, weight) in (0u16..).zip(weights) {
            let expected = weight / total * f64::from(DRAWS);
            let found = asked.get(&key(8, number)).copied().unwrap_or(0);
            // Five standard deviations, and one for what is rounded.
            let spread = 5.0 * (expected * (1.0 - weight / total)).max(0.0).sqrt() + 1.0;
            prop_assert!((f64::from(found) - expected).abs() <= spread,
                "oracle {number}: {found}, expected {expected}: {records:?}");
            prop_assert!(weight > 0.0 || found == 0);
        }
    }

    /// Whatever the records say: never a tried one, always one while an untried one is
    /// live, one that rests only if all do, and the same one if asked again.
    #[test]
    fn whoever_is_asked_is_live_and_untried(
        records in prop::collection::vec(prop::option::of(record()), 1..5),
        live in prop::collection::vec(prop::bool::weighted(0.8), 5),
        tried in prop::sample::subsequence(vec![0u16, 1, 2, 3], 0..3),
        draw_id: u64,
        now in prop_oneof![Just(build_now()), Just(i64::MIN), Just(0)],
    ) {
        let (mut state, settings) = chain(records.len());
        for (number, record) in (0u16..).zip(&records) {
            if let Some(record) = record {
                state.records.insert(key(8, number), *record);
            }
        }
        for (oracle, live) in state.oracles.values_mut().flatten().zip(live) {
            oracle.data.is_on_queue = live.into();
        }
        let tried: Vec<Pubkey> = tried.into_iter().map(|number| key(8, number)).collect();
        note_tried(&mut state, &tried);
        // The game must be due whatever the clock says.
        for game in state.games.values_mut() {
            game.closes_at = now;
            game.next_round_at = now;
        }
        state.now = now;
        let open: Vec<Pubkey> = state
            .oracles
            .values()
            .flatten()
            .filter(|oracle| oracle.is_live(now) && !tried.contains(&oracle.address))
            .map(|oracle| oracle.address)
            .collect();
        let planned = plan_draw(&mut state, &settings, draw_id);
        prop_assert_eq!(&planned, &plan(&state.clone(), &settings));
        if open.is_empty() {
            prop_assert!(planned.actions.is_empty());
        } else {
            let oracle = requested_oracle(&planned);
            prop_assert!(open.contains(&oracle));
            let rests = |oracle: &Pubkey| {
                state.records.get(oracle).is_some_and(|record| record.rests(now))
            };
            prop_assert!(!rests(&oracle) || open.iter().all(rests));
        }
    }
}

/// One that owes a value for longer than usual is passed over before its failure is known,
/// unless there is nobody else.
#[test]
fn late_oracles_are_passed_over() {
    let (mut state, settings) = chain(2);
    let (late, other) = (key(8, 0), key(8, 1));
    let mut draw = Draw::zeroed();
    draw.state = Draw::PENDING;
    draw.oracle = late;
    draw.seed_slot = state.slot;
    draw.timeout_slot = state.slot + 10_000;
    state.put(key(99, 0), Account::Draw(draw));
    let asked = |state: &mut ChainState| -> BTreeSet<Pubkey> {
        let draws = 0..64;
        draws.map(|id| chosen(state, &settings, id)).collect()
    };
    assert_eq!(asked(&mut state), BTreeSet::from([late, other]));
    state.slot += 26;
    assert_eq!(asked(&mut state), BTreeSet::from([other]));
    draw.oracle = other;
    state.put(key(99, 1), Account::Draw(draw));
    assert_eq!(asked(&mut state), BTreeSet::from([late, other]));
    // What was revealed is owed no more.
    draw.state = Draw::REVEALED;
    state.put(key(99, 1), Account::Draw(draw));
    assert_eq!(asked(&mut state), BTreeSet::from([other]));
}
