use std::fmt;

use lottery_client::instruction::{EntryKeys, Token};
use serde::Serialize;
use solana_pubkey::Pubkey;

use super::{GameRef, Key, Operation, Push};
use crate::text;

/// What it costs on chain (compute units), rounded up.
const COMPUTE_UNITS: u32 = 10_000;

/// Returns an entry's price after its game was cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refund {
    #[serde(with = "text")]
    pub house: Pubkey,
    pub game: GameRef,
    #[serde(with = "text")]
    pub entry: Pubkey,
    #[serde(with = "text")]
    pub player: Pubkey,
    #[serde(serialize_with = "text::token")]
    pub token: Option<Token>,
}

impl Refund {
    pub(super) fn key(&self) -> Key {
        Key::Entry(self.entry)
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
            operation: Operation::Refund,
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
