//! Table `payments`: every payment to a player.

use lottery::events::Payment;
use solana_pubkey::Pubkey;

use super::{U64, column::Time, record::record};

/// The kinds of payments, as the program numbers them and as the table names them.
const KINDS: [(u8, &str); 4] = [
    (Payment::PRIZE, "prize"),
    (Payment::AWARD, "award"),
    (Payment::REFUND, "refund"),
    (Payment::RENT, "rent"),
];

/// The name of a kind; `None` for one that this build does not know.
pub fn name(kind: u8) -> Option<&'static str> {
    let mut kinds = KINDS.iter();
    kinds.find(|(number, _)| *number == kind).map(|it| it.1)
}

/// The kind that has a name.
pub fn kind(name: &str) -> Option<u8> {
    let mut kinds = KINDS.iter();
    kinds.find(|(_, known)| *known == name).map(|it| it.0)
}

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
