use std::fmt;

use lottery_client::instruction;
use serde::Serialize;
use solana_pubkey::Pubkey;

use super::{GameRef, Key, Push};
use crate::text;

/// What it costs on chain (compute units), rounded up.
const COMPUTE_UNITS: u32 = 8_000;

/// Pays a jackpot that a game hit to the player of the winning ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClaimJackpot {
    #[serde(with = "text")]
    pub house: Pubkey,
    pub game: GameRef,
    #[serde(with = "text")]
    pub entry: Pubkey,
    #[serde(with = "text")]
    pub player: Pubkey,
    /// 0 minor, 1 major, 2 mega.
    pub tier: u8,
}

impl ClaimJackpot {
    pub(super) fn key(&self) -> Key {
        Key::Award(self.game.address, self.tier)
    }

    pub(super) fn push(&self) -> Push {
        Push {
            instruction: instruction::claim_jackpot(
                self.house,
                self.game.address,
                self.entry,
                self.player,
                self.tier,
            ),
            compute_units: COMPUTE_UNITS,
        }
    }
}

impl fmt::Display for ClaimJackpot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "pay jackpot tier {} that game {} hit to {}",
            self.tier, self.game, self.player
        )
    }
}
