//! Chains that no program would leave behind: whatever the keeper believes to see, it
//! plans, and says why it does not.

use std::{collections::BTreeSet, time::Duration};

use bytemuck::Zeroable as _;
use lottery_client::{
    account::Account,
    address,
    instruction::Token,
    lottery::state::{Draw, Entry, Game, GameStatus, House, LAYOUT_VERSION, Lane},
    sender::Format,
};
use lottery_keeper::{
    actions::{Action, Key},
    pack::next_batch,
    plan::{
        Guard, Plan, Settings,
        bounties::{Rent, Till, batch_bounty},
        plan, plan_around,
    },
    state::{ChainState, Oracle, OracleRecord, Orphan},
};
use proptest::prelude::*;
use solana_pubkey::Pubkey;
use switchboard_on_demand::OracleAccountData;

use crate::{
    properties::{acted_on, collisions},
    world::key,
};

/// Choices; 0 for ever when they are used up.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    fn below(&mut self, bound: u8) -> u8 {
        self.byte() % bound.max(1)
    }

    fn chance(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Small or at an end, seldom between.
    fn number(&mut self) -> u64 {
        let small = u64::from(self.byte());
        match self.below(8) {
            0 => u64::MAX,
            1 => u64::MAX - small,
            2 => i64::MAX.unsigned_abs(),
            3 => u64::from(u32::MAX),
            4 => small << 40,
            _ => small,
        }
    }

    fn small(&mut self) -> u32 {
        match self.below(8) {
            0 => u32::MAX,
            1 => u32::MAX - u32::from(self.byte()),
            _ => u32::from(self.below(12)),
        }
    }

    fn time(&mut self) -> i64 {
        let near = i64::from(self.byte());
        match self.below(8) {
            0 => i64::MAX,
            1 => i64::MIN,
            2 => i64::MAX - near,
            3 => -near,
            _ => near,
        }
    }

    /// One of few, so that things refer to each other; of a house seldom more than that.
    fn key(&mut self, kind: u8) -> Pubkey {
        key(kind, self.below(3).into())
    }
}

/// A chain that may contradict itself in any way.
fn chain(choices: &mut Choices) -> ChainState {
    let mut state = ChainState::default();
    state.slot = choices.number();
    state.now = choices.time();
    state.keeps_paid = choices.chance();
    for _ in 0..choices.below(4) {
        state.put(choices.key(7), Account::House(house(choices)));
    }
    for _ in 0..choices.below(6) {
        let lane = lane(choices);
        let at = if choices.below(4) == 0 {
            choices.key(1)
        } else {
            address::lane(&lane.house, lane.index)
        };
        state.put(at, Account::Lane(lane));
    }
    for _ in 0..choices.below(6) {
        let draw = draw(choices, &state);
        state.put(choices.key(2), Account::Draw(draw));
    }
    for number in 0..choices.below(12) {
        let at = key(10, u16::from(number) % 9);
        state.put(at, Account::Game(game(choices)));
        if choices.below(8) == 0 {
            state.remove(&key(10, choices.below(9).into()));
        }
        if choices.chance() {
            state.set_entries_loaded(at);
        }
    }
    for _ in 0..choices.below(24) {
        let entry = entry(choices);
        state.put(key(11, choices.below(12).into()), Account::Entry(entry));
        if choices.below(12) == 0 {
            state.remove(&key(11, choices.below(12).into()));
        }
    }
    for _ in 0..choices.below(4) {
        let orphan = Orphan {
            game: key(10, choices.below(12).into()),
            player: choices.key(6),
        };
        state
            .orphans
            .insert(key(11, choices.below(16).into()), orphan);
    }
    add_oracles(choices, &mut state);
    if choices.chance() {
        let token = Token {
            mint: key(5, 0),
            program: key(4, 0),
        };
        state.tokens.insert(token.mint, token);
    }
    state
}

fn house(choices: &mut Choices) -> House {
    let mut house = House::zeroed();
    house.version = LAYOUT_VERSION;
    house.vrf_queue = choices.key(9);
    if choices.chance() {
        house.mint = key(5, choices.below(2).into());
    }
    house
}

fn lane(choices: &mut Choices) -> Lane {
    let mut lane = Lane::zeroed();
    lane.house = choices.key(7);
    lane.index = choices.below(3);
    lane.state = choices.below(3);
    lane.next_draw = choices.number();
    lane
}

fn draw(choices: &mut Choices, state: &ChainState) -> Draw {
    let mut draw = Draw::zeroed();
    draw.house = choices.key(7);
    draw.lane = match choices.below(4) {
        0 => choices.key(1),
        _ => address::lane(&draw.house, choices.below(3)),
    };
    draw.oracle = choices.key(8);
    let lane = state.lanes.get(&draw.lane);
    draw.id = match lane.and_then(Lane::current_draw) {
        Some(id) if choices.chance() => id,
        _ => choices.number(),
    };
    draw.seed_slot = choices.number();
    draw.timeout_slot = choices.number();
    draw.bounty = choices.number();
    draw.games = u16::try_from(choices.small()).unwrap_or(u16::MAX);
    draw.settled = u16::try_from(choices.small()).unwrap_or(u16::MAX);
    draw.state = choices.below(4);
    draw
}

fn game(choices: &mut Choices) -> Game {
    let mut game = Game::zeroed();
    game.house = choices.key(7);
    game.creator = choices.key(3);
    game.id = choices.number();
    game.draw = choices.key(2);
    game.draw_index = u16::try_from(choices.small()).unwrap_or(u16::MAX);
    game.draw_attempts = choices.below(5);
    for oracle in &mut game.tried_oracles {
        if choices.chance() {
            *oracle = choices.key(8);
        }
    }
    game.entry_fee = choices.number();
    game.prize_pool = choices.number();
    game.paid_out = choices.number();
    game.bounty = choices.number();
    game.bounty_escrow = choices.number();
    game.opens_at = choices.time();
    game.closes_at = choices.time();
    game.next_round_at = choices.time();
    game.settled_at = choices.time();
    game.claim_window = choices.small();
    game.round_interval = choices.small();
    game.min_tickets = choices.small();
    game.max_tickets = choices.small();
    game.tickets = choices.small();
    game.entries = choices.small();
    game.entries_closed = choices.small();
    game.places_paid = choices.small();
    for ticket in &mut game.jackpot_tickets {
        *ticket = choices.small();
    }
    for award in &mut game.jackpot_awards {
        *award = choices.number();
    }
    for keep in &mut game.keep_bps {
        *keep = u16::try_from(choices.small()).unwrap_or(u16::MAX);
    }
    game.rounds = choices.below(12);
    game.rounds_settled = choices.below(12);
    game.winners = choices.below(40);
    game.awards_paid = choices.byte();
    game.status_and_flags = choices.byte();
    if choices.chance() {
        game.set_status(GameStatus::Drawing);
    }
    game
}

fn entry(choices: &mut Choices) -> Entry {
    let mut entry = Entry::zeroed();
    entry.game = key(10, choices.below(12).into());
    entry.player = choices.key(6);
    entry.first_ticket = choices.small();
    entry.tickets = choices.small();
    entry.bounty = choices.small();
    entry.refunded = choices.below(3);
    entry
}

fn add_oracles(choices: &mut Choices, state: &mut ChainState) {
    for queue in 0..3 {
        if choices.below(4) == 0 {
            continue;
        }
        // The same one more than once, for all that is known.
        let oracles = (0..choices.below(4)).map(|_| {
            let mut data = OracleAccountData::zeroed();
            data.is_on_queue = choices.below(2);
            data.enclave.verification_status = 4;
            data.enclave.valid_until = choices.time();
            data.last_heartbeat = choices.time();
            Oracle {
                address: choices.key(8),
                data,
                node_timeout: choices.time(),
                gateway: choices.chance().then(String::new),
            }
        });
        let oracles: Vec<Oracle> = oracles.collect();
        state.oracles.insert(key(9, queue), oracles);
    }
    for _ in 0..choices.below(3) {
        let record = OracleRecord {
            answers: choices.number(),
            failures: choices.number(),
            consecutive_failures: choices.small(),
            last_failure_at: choices.chance().then(|| choices.time()),
            latency_ms_ema: choices.chance().then(|| choices.number()),
        };
        state.records.insert(choices.key(8), record);
    }
}

fn settings(choices: &mut Choices) -> Settings {
    let mut settings = Settings {
        house: (choices.below(4) == 0).then(|| choices.key(7)),
        lanes: [0, 1, 2, 255][usize::from(choices.below(4))],
        push_claims: choices.below(4) != 0,
        push_refunds: choices.below(4) != 0,
        close: choices.below(4) != 0,
        close_after: Duration::from_secs(choices.number()),
        ..Settings::default()
    };
    let mut size = || usize::from(choices.below(4));
    settings.capacity.request = size();
    settings.capacity.release = size();
    settings.capacity.settlement = size();
    settings.capacity.token_settlement = size();
    settings.capacity.reveal = size();
    settings.capacity.token_reveal = size();
    settings
}

/// Every game that is served is acted on or waits, and waits once; no other one waits.
fn explains(state: &ChainState, settings: &Settings, planned: &Plan) -> Result<(), TestCaseError> {
    let acted = acted_on(&planned.actions);
    let mut waiting = BTreeSet::new();
    for game in &planned.waiting {
        prop_assert!(
            waiting.insert(game.game.address),
            "waits twice: {planned:?}"
        );
    }
    for (address, game) in &state.games {
        let waits = waiting.contains(address);
        if settings.house.is_none_or(|house| house == game.house) {
            prop_assert!(waits || acted.contains(address), "{address} {planned:?}");
        } else {
            prop_assert!(!waits, "{address} {planned:?}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn whatever_the_chain_looks_like_there_is_a_plan(
        bytes in prop::collection::vec(any::<u8>(), 0..2_500),
        picks: Vec<prop::sample::Index>,
    ) {
        let mut choices = Choices(bytes.iter());
        let state = chain(&mut choices);
        let settings = settings(&mut choices);
        let planned = plan(&state, &settings);
        prop_assert_eq!(&planned, &plan(&state.clone(), &settings));
        prop_assert_eq!(collisions(&planned.actions), 0, "{:?}", planned);
        explains(&state, &settings, &planned)?;
        planned.next_due();

        // What else a plan is asked for.
        let mut till = Till::new(&state, Rent::default());
        for action in &planned.actions {
            prop_assert_ne!(action.to_string(), "");
            prop_assert!(till.take(action).len() <= action.touched().len());
            Guard::exempts(action, &state);
        }
        batch_bounty(&planned.actions, &state);
        let pushes = planned.actions.iter().filter(|action| action.push().is_some());
        let mut pushes = pushes.cloned().peekable();
        while pushes.peek().is_some() {
            prop_assert!(!next_batch(&mut pushes, &key(12, 0), &Format::Legacy).is_empty());
        }

        if planned.actions.is_empty() {
            return Ok(());
        }
        let picked = picks.iter().map(|pick| pick.get(&planned.actions));
        let in_hand: BTreeSet<Key> = picked.flat_map(Action::keys).collect();
        let around = plan_around(&state, &settings, &in_hand);
        for action in &around.actions {
            prop_assert!(!in_hand.contains(&action.main_key()), "{}", action);
        }
        prop_assert_eq!(collisions(&around.actions), 0, "{:?}", around);
        explains(&state, &settings, &around)?;
    }
}
