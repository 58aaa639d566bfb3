use std::fmt;

use lottery_client::instruction::{EntryKeys, Token};
use serde::Serialize;
use solana_pubkey::Pubkey;

use super::{GameRef, Key, Operation, Push};
use crate::text;

/// What it costs on chain (compute units), rounded up.
const COMPUTE_UNITS: u32 = 14_000;

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
    #[serde(serialize_with = "text::token")]
    pub token: Option<Token>,
}

impl ClaimJackpot {
    pub(super) fn key(&self) -> Key {
        Key::Award(self.game.address, self.tier)
    }

    pub(super) fn push(&self) -> Push {
        Push {
            keys: EntryKeys {
                house: self.house,
                game: self.game.address,
                entry: self.entry,
                player: self.player,
                token: self.token,
            },
            operation: Operation::ClaimJackpot(self.tier),
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
