//! House and game rules that tests start from and vary.

use lottery::state::{GameParams, HouseParams, HouseRules};
use solana_pubkey::Pubkey;

/// 90 % prizes; 1, 2 and 3 % to the jackpots, 4 % to the treasury. No jackpot is
/// within reach by chance. Cranks pay 10,000 lamports, prizes can be claimed for a day.
pub fn house(treasury_wallet: Pubkey, vrf_queue: Pubkey) -> HouseParams {
    HouseParams {
        vrf_queue,
        draw_timeout: 10_800,
        rules: HouseRules {
            treasury_wallet,
            jackpot_mean: [u64::MAX; 3],
            bounty: 10_000,
            claim_window: 86_400,
            prize_bps: 9_000,
            jackpot_bps: [100, 200, 300],
            treasury_bps: 400,
            reserve_bps: [1_000, 2_000, 5_000],
            open_creation: false,
        },
    }
}

/// What makes every sold-out game of [`game`]'s fee and `tickets` hit all jackpots: its
/// contribution to each is the mean between hits.
pub fn certain_hits(params: &mut HouseParams, tickets: u64) {
    for (mean, bps) in params
        .rules
        .jackpot_mean
        .iter_mut()
        .zip(params.rules.jackpot_bps)
    {
        *mean = lottery::math::bps_of(FEE * tickets, bps);
    }
}

/// Price of a ticket of all games here (lamports).
pub const FEE: u64 = 10_000_000;

/// One round, one winner, 2 to 1,000 tickets at 0.01 SOL, on sale for an hour.
pub fn game(id: u64, now: i64) -> GameParams {
    let mut place_bps = [0; 32];
    place_bps[0] = 10_000;
    GameParams {
        id,
        entry_fee: FEE,
        opens_at: now,
        closes_at: now + 3_600,
        min_tickets: 2,
        max_tickets: 1_000,
        max_tickets_per_entry: 100,
        round_interval: 60,
        rounds: 1,
        winners: 1,
        keep_bps: [0; 8],
        place_bps,
    }
}

/// Five rounds that keep half, three places of 50, 30 and 20 %.
pub fn five_rounds(id: u64, now: i64) -> GameParams {
    let mut params = game(id, now);
    params.rounds = 5;
    params.winners = 3;
    params.min_tickets = 3;
    params.keep_bps[..4].copy_from_slice(&[5_000; 4]);
    params.place_bps[..3].copy_from_slice(&[5_000, 3_000, 2_000]);
    params
}
