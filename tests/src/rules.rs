//! House and game rules that tests start from and vary.

use lottery::state::{GameParams, HouseParams};
use solana_pubkey::Pubkey;

/// 90 % prizes; 1, 2 and 3 % to the jackpots, 4 % to the treasury. No jackpot is
/// within reach by chance.
pub fn house(treasury_wallet: Pubkey, vrf_queue: Pubkey) -> HouseParams {
    HouseParams {
        treasury_wallet,
        vrf_queue,
        prize_bps: 9_000,
        jackpot_bps: [100, 200, 300],
        treasury_bps: 400,
        jackpot_mean: [u64::MAX; 3],
        reserve_bps: [1_000, 2_000, 5_000],
        open_creation: false,
    }
}

/// One round, one winner, 2 to 1,000 tickets at 0.01 SOL, on sale for an hour.
pub fn game(id: u64, now: i64) -> GameParams {
    let mut place_bps = [0; 32];
    place_bps[0] = 10_000;
    GameParams {
        id,
        entry_fee: 10_000_000,
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
