//! Table `entries`.

use lottery::state::Entry;
use solana_pubkey::Pubkey;

use super::{U64, table::body};

body! {
    /// A purchase of tickets. What became of them is written by the deriver.
    pub struct EntryBody: Entry => "entries" {
        game: Pubkey = |a| a.game,
        player: Pubkey = |a| a.player,
        paid: U64 = |a| U64(a.paid),
        joined_at: i64 = |a| a.joined_at,
        first_ticket: u32 = |a| a.first_ticket,
        tickets: u32 = |a| a.tickets,
        nonce: u16 = |a| a.nonce,
        refunded: bool = |a| a.refunded != 0,
        version: u8 = |a| a.version,
        bump: u8 = |a| a.bump,
    }
}
