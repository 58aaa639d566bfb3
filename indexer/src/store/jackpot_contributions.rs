//! Table `jackpot_contributions`: every payment into a jackpot.

use solana_pubkey::Pubkey;

use super::{U64, column::Time, record::record};

record! {
    /// A payment into a jackpot.
    pub struct ContributionRow => "jackpot_contributions" {
        instruction: i16,
        position: i32,
        tier: u8,
        at: Time,
        slot: i64,
        house: Pubkey,
        /// `game`, `gift` or `expiry`.
        source: &'static str,
        /// Of a game's share, or of expired prizes.
        game: Option<Pubkey>,
        /// Of a gift.
        giver: Option<Pubkey>,
        /// Base units.
        amount: U64,
        /// In the pot afterwards (base units).
        pot: U64,
    }
}
