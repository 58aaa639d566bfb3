use std::fmt;

use lottery_client::instruction;
use serde::Serialize;
use solana_pubkey::Pubkey;

use super::{GameRef, Key, Push};
use crate::text;

/// What it costs on chain (compute units), rounded up.
const COMPUTE_UNITS: u32 = 5_000;

/// Returns an entry's price after its game was cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refund {
    pub game: GameRef,
    #[serde(with = "text")]
    pub entry: Pubkey,
    #[serde(with = "text")]
    pub player: Pubkey,
}

impl Refund {
    pub(super) fn key(&self) -> Key {
        Key::Entry(self.entry)
    }

    pub(super) fn push(&self) -> Push {
        Push {
            instruction: instruction::refund(self.game.address, self.entry, self.player),
            compute_units: COMPUTE_UNITS,
        }
    }
}

impl fmt::Display for Refund {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "refund entry {} of game {} to {}",
            self.entry, self.game, self.player
        )
    }
}
