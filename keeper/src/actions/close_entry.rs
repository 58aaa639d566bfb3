use std::fmt;

use lottery_client::instruction::EntryKeys;
use serde::Serialize;
use solana_pubkey::Pubkey;

use super::{Key, Operation, Push};
use crate::text;

/// What it costs on chain (compute units), rounded up.
const COMPUTE_UNITS: u32 = 8_000;

/// Returns the rent and unspent bounties of an entry whose game is paid or closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CloseEntry {
    #[serde(with = "text")]
    pub game: Pubkey,
    #[serde(with = "text")]
    pub entry: Pubkey,
    #[serde(with = "text")]
    pub player: Pubkey,
}

impl CloseEntry {
    pub(super) fn key(&self) -> Key {
        Key::Entry(self.entry)
    }

    pub(super) fn push(&self) -> Push {
        Push {
            keys: EntryKeys {
                // Rent is lamports in every house, and needs nothing of it.
                house: Pubkey::default(),
                game: self.game,
                entry: self.entry,
                player: self.player,
                token: None,
            },
            operation: Operation::Close,
            compute_units: COMPUTE_UNITS,
        }
    }
}

impl fmt::Display for CloseEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "close entry {} of game {} for {}",
            self.entry, self.game, self.player
        )
    }
}
