//! Table `jackpots`.

use lottery::state::Jackpot;
use solana_pubkey::Pubkey;

use super::{U64, column::some_address, table::body};

body! {
    /// A progressive jackpot.
    pub struct JackpotBody: Jackpot => "jackpots" {
        house: Pubkey = |a| a.house,
        tier: u8 = |a| a.tier,
        last_game: Option<Pubkey> = |a| some_address(&a.last_game),
        last_winner: Option<Pubkey> = |a| some_address(&a.last_winner),
        vault: Option<Pubkey> = |a| some_address(&a.vault),
        rent_reserve: U64 = |a| U64(a.rent_reserve),
        amount: U64 = |a| U64(a.amount),
        total_contributions: U64 = |a| U64(a.total_contributions),
        total_won: U64 = |a| U64(a.total_won),
        hits: U64 = |a| U64(a.hits),
        last_won_amount: U64 = |a| U64(a.last_won_amount),
        last_won_at: i64 = |a| a.last_won_at,
        revision: U64 = |a| U64(a.revision),
        last_modified_slot: U64 = |a| U64(a.last_modified_slot),
        last_ticket: u32 = |a| a.last_ticket,
        version: u8 = |a| a.version,
        bump: u8 = |a| a.bump,
    }
}
