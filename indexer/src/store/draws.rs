//! Table `draws`.

use lottery::state::Draw;
use solana_pubkey::Pubkey;

use super::{U64, table::body};

/// `None` before the reveal.
fn revealed<T>(draw: &Draw, value: T) -> Option<T> {
    (draw.state != Draw::PENDING).then_some(value)
}

body! {
    /// A draw.
    pub struct DrawBody: Draw => "draws" {
        house: Pubkey = |a| a.house,
        lane: Pubkey = |a| a.lane,
        oracle: Pubkey = |a| a.oracle,
        payer: Pubkey = |a| a.payer,
        value: Option<[u8; 32]> = |a| revealed(a, a.value),
        id: Option<U64> = |a| Some(U64(a.id)),
        seed_slot: U64 = |a| U64(a.seed_slot),
        reveal_slot: Option<U64> = |a| revealed(a, U64(a.reveal_slot)),
        requested_at: i64 = |a| a.requested_at,
        games: u16 = |a| a.games,
        settled: u16 = |a| a.settled,
        state: u8 = |a| a.state,
        version: u8 = |a| a.version,
        bump: u8 = |a| a.bump,
    }
}
