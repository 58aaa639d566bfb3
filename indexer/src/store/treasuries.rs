//! Table `treasuries`.

use lottery::state::Treasury;
use solana_pubkey::Pubkey;

use super::{U64, column::some_address, table::body};

body! {
    /// A house's own money.
    pub struct TreasuryBody: Treasury => "treasuries" {
        house: Pubkey = |a| a.house,
        vault: Option<Pubkey> = |a| some_address(&a.vault),
        rent_reserve: U64 = |a| U64(a.rent_reserve),
        accrued: U64 = |a| U64(a.accrued),
        total_accrued: U64 = |a| U64(a.total_accrued),
        total_withdrawn: U64 = |a| U64(a.total_withdrawn),
        games_created: U64 = |a| U64(a.games_created),
        games_settled: U64 = |a| U64(a.games_settled),
        version: u8 = |a| a.version,
        bump: u8 = |a| a.bump,
    }
}
