//! Rules of houses and games, valid and not, from a few small numbers.

use lottery::state::{GameParams, HouseParams, HouseRules};
use solana_pubkey::Pubkey;

use super::state::{Model, share};

/// House rules, by a number.
pub fn house_rules(number: u8, wallet: Pubkey) -> HouseRules {
    // Prizes, jackpots, treasury.
    let (prize_bps, jackpot_bps, treasury_bps) = match number % 7 {
        0..=2 => (9_000, [100, 200, 300], 400),
        3 => (10_000, [0; 3], 0),
        4 => (0, [3_333, 3_333, 3_333], 1),
        5 => (1, [0, 0, 0], 9_999),
        _ => (4_999, [1, 5_000, 0], 0),
    };
    let mean = match (number / 7) % 4 {
        0 | 1 => 300_000,
        2 => 1_000_000_000,
        _ => u64::MAX,
    };
    let bounty = match (number / 28) % 4 {
        0 => 0,
        1 | 2 => 10_000,
        _ => 1_000_000,
    };
    HouseRules {
        treasury_wallet: wallet,
        jackpot_mean: [mean, mean, mean.saturating_mul(2)],
        bounty,
        claim_window: if number.is_multiple_of(2) {
            3_600
        } else {
            86_400
        },
        prize_bps,
        jackpot_bps,
        treasury_bps,
        reserve_bps: [0, 1_000, 9_999],
        open_creation: !number.is_multiple_of(3),
    }
}

/// Rules that a house must refuse, each for its own reason.
pub fn spoil_house(params: &mut HouseParams, number: u8) {
    let rules = &mut params.rules;
    match number % 9 {
        0 => rules.prize_bps ^= 1,
        1 => rules.reserve_bps[2] = 10_000,
        2 => rules.jackpot_mean[1] = 0,
        3 => rules.treasury_wallet = Pubkey::default(),
        4 => rules.bounty = 1_000_001,
        5 => rules.claim_window = 3_599,
        6 => rules.claim_window = 31_536_001,
        7 => params.draw_timeout = 99,
        _ => params.vrf_queue = Pubkey::default(),
    }
}

/// A game that the house's present rules allow, by two numbers.
pub fn game(model: &Model, number: u8, size: u16) -> GameParams {
    let rounds = [1, 1, 1, 2, 2, 3, 5, 8][usize::from(number % 8)];
    let winners: u8 = [1, 1, 2, 3, 2, 1, 4, 32][usize::from(number / 8 % 8)];
    let mut keep_bps = [0; 8];
    for (round, keep) in keep_bps.iter_mut().take(rounds - 1).enumerate() {
        *keep = [5_000, 10_000, 1, 3_333][(round + usize::from(number)) % 4];
    }
    let mut place_bps = [0; 32];
    let places = u16::from(winners);
    for place in place_bps.iter_mut().take(usize::from(winners)) {
        *place = 10_000 / places;
    }
    place_bps[0] += 10_000 % places;
    let (entry_fee, max_tickets) = match size % 8 {
        0 => (1, u32::MAX),
        1 => (1, 1_000_000),
        2 => (7, 40),
        3 => (4_999, 100),
        4 => (1_000_000, 12),
        5 => (100_000, 64),
        6 => (300_000_000, 40),
        _ => (123_456, 50),
    };
    let min_tickets = u32::from(winners).max(1 + u32::from(size / 8 % 4));
    let max_tickets = max_tickets.max(min_tickets);
    let sales = [60, 3_600, 86_400, 31_536_000][usize::from(size / 32 % 4)];
    let mut params = GameParams {
        id: model.games.len() as u64,
        entry_fee,
        opens_at: model.now + [0, 0, 0, 30][usize::from(size / 128 % 4)],
        closes_at: model.now + sales,
        min_tickets,
        max_tickets,
        max_tickets_per_entry: max_tickets,
        round_interval: [0, 60, 0, 86_400][usize::from(size / 512 % 4)],
        rounds: rounds as u8,
        winners,
        keep_bps,
        place_bps,
    };
    if (size / 2_048).is_multiple_of(4) {
        params.max_tickets_per_entry = (max_tickets / 2).max(1);
    }
    fit_means(model, &mut params);
    params
}

/// A sold-out game may contribute to no jackpot more than its mean between hits.
fn fit_means(model: &Model, params: &mut GameParams) {
    let rules = model.rules();
    let too_much = |params: &GameParams| {
        let most = u128::from(params.entry_fee) * u128::from(params.max_tickets);
        (0..3)
            .any(|tier| share(most, rules.jackpot_bps[tier]) > u128::from(rules.jackpot_mean[tier]))
    };
    while too_much(params) && params.max_tickets / 2 >= params.min_tickets {
        params.max_tickets /= 2;
        params.max_tickets_per_entry = params.max_tickets;
    }
    while too_much(params) && params.entry_fee > 1 {
        params.entry_fee /= 2;
    }
}

/// Rules that a game must be refused for, each for its own reason.
pub fn spoil_game(params: &mut GameParams, number: u8, now: i64) {
    match number % 16 {
        0 => params.entry_fee = 0,
        1 => params.entry_fee = u64::MAX,
        2 => params.closes_at = params.opens_at,
        3 => params.closes_at = now + 31_536_001,
        4 => params.rounds = 0,
        5 => params.rounds = 9,
        6 => params.winners = 33,
        7 => params.min_tickets = 0,
        8 => params.max_tickets_per_entry = params.max_tickets.saturating_add(1),
        9 => params.round_interval = 31_536_001,
        10 => params.keep_bps[7] = 1,
        11 => params.place_bps[0] -= 1,
        12 => params.id += 1,
        13 => params.place_bps[31] ^= 1,
        14 => params.entry_fee = u64::MAX / u64::from(params.max_tickets),
        _ => (params.opens_at, params.closes_at) = (now - 10, now),
    }
}
