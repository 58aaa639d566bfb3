use std::fmt;

use lottery_client::instruction::{EntryKeys, Token};
use serde::Serialize;
use solana_pubkey::Pubkey;

use super::{GameRef, Key, Operation, Push};
use crate::text;

/// What following a ticket through one round costs on chain (compute units).
const ROUND_COMPUTE_UNITS: u32 = 25_000;

/// What the rest of a claim costs (compute units).
const BASE_COMPUTE_UNITS: u32 = 12_000;

/// Pays a winning ticket's prize to its player.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    #[serde(with = "text")]
    pub house: Pubkey,
    pub game: GameRef,
    #[serde(with = "text")]
    pub entry: Pubkey,
    #[serde(with = "text")]
    pub player: Pubkey,
    pub ticket: u32,
    /// 0 is the first prize.
    pub place: u8,
    /// Rounds that the program has to follow the ticket through.
    pub rounds: u8,
    #[serde(serialize_with = "text::token")]
    pub token: Option<Token>,
}

impl Claim {
    pub(super) fn key(&self) -> Key {
        Key::Place(self.game.address, self.place)
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
            operation: Operation::Claim(self.ticket),
            compute_units: u32::from(self.rounds) * ROUND_COMPUTE_UNITS + BASE_COMPUTE_UNITS,
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "pay place {} of game {}: ticket {} of {}",
            self.place, self.game, self.ticket, self.player
        )
    }
}
