//! Chains to plan for, made from a few numbers.

use std::{collections::BTreeSet, time::Duration};

use bytemuck::Zeroable as _;
use lottery_client::{
    account::Account,
    address,
    instruction::Token,
    lottery::{
        state::{Entry, Game, GameStatus, House, LAYOUT_VERSION, Lane},
        switchboard::ATTESTATION_MARGIN,
    },
};
use lottery_keeper::{
    plan::Settings,
    state::{ChainState, Oracle},
};
use proptest::prelude::*;
use solana_pubkey::Pubkey;
use switchboard_on_demand::OracleAccountData;

const NOW: i64 = 1_000_000;
const SLOT: u64 = 5_000;
/// Seconds.
const CLAIM_WINDOW: u32 = 100_000;

/// Addresses that are the same in every run.
pub fn key(kind: u8, number: u16) -> Pubkey {
    let [low, high] = number.to_le_bytes();
    let mut bytes = [kind; 32];
    bytes[1] = low;
    bytes[2] = high;
    Pubkey::new_from_array(bytes)
}

#[derive(Clone, Debug)]
pub struct GameSpec {
    pub house: u16,
    pub tickets: u32,
    pub min_tickets: u32,
    /// Seconds from now to the close.
    pub closes_in: i64,
    pub rounds: u8,
    pub winners: u8,
    pub round_interval: u32,
    /// 0 open, 1 playing, 2 cancelled.
    pub status: u8,
    pub entry_size: u32,
}

pub fn game_spec() -> impl Strategy<Value = GameSpec> {
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

/// An oracle of the queue.
#[derive(Clone, Copy, Debug)]
pub struct OracleSpec {
    pub attested: bool,
    /// Seconds that the attestation holds beyond what a draw needs.
    pub holds: i64,
    /// Seconds since it has shown itself.
    pub silent: i64,
    /// Never answers.
    pub mute: bool,
}

#[derive(Clone, Debug)]
pub struct World {
    pub lanes: Vec<u8>,
    pub oracles: Vec<OracleSpec>,
    /// Seconds.
    pub node_timeout: i64,
    pub games: Vec<GameSpec>,
    /// Of requests, of settlements and releases, and beside a value.
    pub capacity: (usize, usize, usize),
    pub wanted_lanes: u8,
    pub push_claims: bool,
    pub push_refunds: bool,
    /// Close what is paid, after so many seconds.
    pub close: Option<u64>,
}

fn oracle_spec() -> impl Strategy<Value = OracleSpec> {
    (
        prop::bool::weighted(0.8),
        -20i64..400_000,
        0i64..600,
        prop::bool::weighted(0.3),
    )
        .prop_map(|(attested, holds, silent, mute)| OracleSpec {
            attested,
            holds,
            silent,
            mute,
        })
}

pub fn world() -> impl Strategy<Value = World> {
    (
        (
            prop::collection::vec(0u8..3, 3),
            prop::collection::vec(oracle_spec(), 0..4),
            prop_oneof![Just(0i64), Just(300), Just(100_000_000)],
            prop::collection::vec(game_spec(), 0..30),
        ),
        (1usize..8, 1usize..5, 0usize..5),
        0u8..3,
        (
            prop::bool::weighted(0.8),
            prop::bool::weighted(0.8),
            prop_oneof![Just(None), Just(Some(0)), Just(Some(600))],
        ),
    )
        .prop_map(|(chain, capacity, wanted_lanes, wishes)| World {
            lanes: chain.0,
            oracles: chain.1,
            node_timeout: chain.2,
            games: chain.3,
            capacity,
            wanted_lanes,
            push_claims: wishes.0,
            push_refunds: wishes.1,
            close: wishes.2,
        })
}

pub fn settings(world: &World) -> Settings {
    let mut settings = Settings {
        lanes: world.wanted_lanes,
        push_claims: world.push_claims,
        push_refunds: world.push_refunds,
        close: world.close.is_some(),
        close_after: Duration::from_secs(world.close.unwrap_or(0)),
        ..Settings::default()
    };
    settings.capacity.request = world.capacity.0;
    settings.capacity.release = world.capacity.1;
    settings.capacity.settlement = world.capacity.1;
    settings.capacity.token_settlement = world.capacity.1;
    settings.capacity.reveal = world.capacity.2;
    settings.capacity.token_reveal = world.capacity.2;
    settings
}

/// The house that plays for a token.
pub const TOKEN_HOUSE: u16 = 1;

pub fn build(world: &World) -> ChainState {
    let mut state = ChainState::default();
    state.keeps_paid = world.close.is_some();
    state.slot = SLOT;
    state.now = NOW;
    let queue = key(9, 0);
    let oracles = world.oracles.iter().zip(0u16..);
    let mut oracles: Vec<Oracle> = oracles
        .map(|(spec, number)| {
            let mut data = OracleAccountData::zeroed();
            data.is_on_queue = 1;
            data.enclave.verification_status = if spec.attested { 4 } else { 0 };
            data.enclave.valid_until = NOW + ATTESTATION_MARGIN + spec.holds;
            data.last_heartbeat = NOW - spec.silent;
            Oracle {
                address: key(8, number),
                data,
                node_timeout: world.node_timeout,
                gateway: Some("http://127.0.0.1:1".into()),
            }
        })
        .collect();
    oracles.sort_by_key(|oracle| oracle.address);
    state.oracles.insert(queue, oracles);
    let token = Token {
        mint: key(5, 0),
        program: key(4, 0),
    };
    state.tokens.insert(token.mint, token);
    for (lanes, number) in world.lanes.iter().zip(0u16..) {
        let mut house = House::zeroed();
        house.version = LAYOUT_VERSION;
        house.vrf_queue = queue;
        if number == TOKEN_HOUSE {
            house.mint = token.mint;
        }
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
    game.creator = key(3, id);
    game.id = id.into();
    game.entry_fee = 100;
    game.claim_window = CLAIM_WINDOW;
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
        2 => {
            game.set_status(GameStatus::Cancelled);
            game.settled_at = NOW - 1;
        }
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

pub fn mute(world: &World) -> BTreeSet<Pubkey> {
    let oracles = world.oracles.iter().zip(0u16..);
    oracles
        .filter(|(spec, _)| spec.mute)
        .map(|(_, number)| key(8, number))
        .collect()
}
