//! Table `games`.

use lottery::{
    draw::MAX_ROUNDS,
    state::{Game, GameStatus, MAX_DRAW_ATTEMPTS, MAX_PLACES, TIERS},
};
use solana_pubkey::Pubkey;

use super::{U64, column::some_address, table::body};

/// All rounds' seeds, one after the other (bytes).
pub const SEEDS_LEN: usize = MAX_ROUNDS * 32;

/// Oracles that a round can try.
const ORACLES: usize = MAX_DRAW_ATTEMPTS as usize;

fn joined_seeds(game: &Game) -> [u8; SEEDS_LEN] {
    let mut all = [0; SEEDS_LEN];
    all.copy_from_slice(game.round_seeds.as_flattened());
    all
}

body! {
    /// A game.
    pub struct GameBody: Game => "games" {
        house: Pubkey = |a| a.house,
        creator: Pubkey = |a| a.creator,
        draw: Option<Pubkey> = |a| some_address(&a.draw),
        tried_oracles: [Option<Pubkey>; ORACLES] = |a| a.tried_oracles.map(|o| some_address(&o)),
        vault: Option<Pubkey> = |a| some_address(&a.vault),
        entries_hash: [u8; 32] = |a| a.entries_hash,
        round_seeds: [u8; SEEDS_LEN] = |a| joined_seeds(a),
        id: U64 = |a| U64(a.id),
        entry_fee: U64 = |a| U64(a.entry_fee),
        rent_reserve: U64 = |a| U64(a.rent_reserve),
        prize_pool: U64 = |a| U64(a.prize_pool),
        treasury_share: U64 = |a| U64(a.treasury_share),
        jackpot_contributions: [U64; TIERS] = |a| a.jackpot_contributions.map(U64),
        jackpot_awards: [U64; TIERS] = |a| a.jackpot_awards.map(U64),
        jackpot_mean: [U64; TIERS] = |a| a.jackpot_mean.map(U64),
        paid_out: U64 = |a| U64(a.paid_out),
        refunded: U64 = |a| U64(a.refunded),
        expired: U64 = |a| U64(a.expired),
        bounty: U64 = |a| U64(a.bounty),
        bounty_escrow: U64 = |a| U64(a.bounty_escrow),
        opens_at: i64 = |a| a.opens_at,
        closes_at: i64 = |a| a.closes_at,
        next_round_at: i64 = |a| a.next_round_at,
        settled_at: i64 = |a| a.settled_at,
        min_tickets: u32 = |a| a.min_tickets,
        max_tickets: u32 = |a| a.max_tickets,
        max_tickets_per_entry: u32 = |a| a.max_tickets_per_entry,
        tickets: u32 = |a| a.tickets,
        entries: u32 = |a| a.entries,
        entries_closed: u32 = |a| a.entries_closed,
        claim_window: u32 = |a| a.claim_window,
        places_paid: u32 = |a| a.places_paid,
        round_interval: u32 = |a| a.round_interval,
        jackpot_tickets: [u32; TIERS] = |a| a.jackpot_tickets,
        keep_bps: [u16; MAX_ROUNDS] = |a| a.keep_bps,
        place_bps: [u16; MAX_PLACES] = |a| a.place_bps,
        prize_bps: u16 = |a| a.prize_bps,
        treasury_bps: u16 = |a| a.treasury_bps,
        jackpot_bps: [u16; TIERS] = |a| a.jackpot_bps,
        reserve_bps: [u16; TIERS] = |a| a.reserve_bps,
        draw_index: u16 = |a| a.draw_index,
        rounds: u8 = |a| a.rounds,
        rounds_settled: u8 = |a| a.rounds_settled,
        winners: u8 = |a| a.winners,
        draw_attempts: u8 = |a| a.draw_attempts,
        awards_paid: u8 = |a| a.awards_paid,
        // The decoder refuses other bits, so the fallback is never taken.
        status: GameStatus = |a| a.status().unwrap_or(GameStatus::Open),
        jackpot_hit: bool = |a| a.has(Game::FLAG_JACKPOT_HIT),
        fully_paid: bool = |a| a.has(Game::FLAG_PAID),
        status_and_flags: u8 = |a| a.status_and_flags,
        version: u8 = |a| a.version,
        bump: u8 = |a| a.bump,
    }
}

impl GameBody {
    /// The seeds of the settled rounds, first to last.
    pub fn seeds(&self) -> Vec<[u8; 32]> {
        let (seeds, _) = self.round_seeds.as_chunks();
        seeds
            .iter()
            .take(usize::from(self.rounds_settled))
            .copied()
            .collect()
    }
}
