//! Table `payments`: every payment to a player.

use solana_pubkey::Pubkey;

use super::{U64, column::Time, record::record};

record! {
    /// A payment.
    pub struct PaymentRow => "payments" {
        instruction: i16,
        position: i32,
        /// Order within the event.
        number: i16,
        at: Time,
        slot: i64,
        /// `prize`, `award`, `refund` or `rent`.
        kind: &'static str,
        game: Pubkey,
        entry: Pubkey,
        player: Pubkey,
        /// Of a prize.
        place: Option<u8>,
        /// Of an award.
        tier: Option<u8>,
        /// Of a prize or an award.
        ticket: Option<u32>,
        /// Base units; lamports of a rent.
        amount: U64,
    }
}
