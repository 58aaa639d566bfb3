//! Table `lanes`.

use lottery::state::Lane;
use solana_pubkey::Pubkey;

use super::{U64, table::body};

body! {
    /// A lane of draws.
    pub struct LaneBody: Lane => "lanes" {
        house: Pubkey = |a| a.house,
        randomness: Pubkey = |a| a.randomness,
        payer: Pubkey = |a| a.payer,
        next_draw: U64 = |a| U64(a.next_draw),
        draws_revealed: U64 = |a| U64(a.draws_revealed),
        state: u8 = |a| a.state,
        index: u8 = |a| a.index,
        version: u8 = |a| a.version,
        bump: u8 = |a| a.bump,
        randomness_bump: u8 = |a| a.randomness_bump,
    }
}
