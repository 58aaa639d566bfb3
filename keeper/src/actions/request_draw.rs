use std::fmt;

use lottery_client::{
    address,
    instruction::{self, LaneKeys},
    sender::Landed,
};
use serde::Serialize;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{GameRef, Key, ids};
use crate::{context::Context, error::ActionError, text};

/// Freezes games and commits to their randomness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestDraw {
    #[serde(with = "text")]
    pub house: Pubkey,
    #[serde(with = "text")]
    pub queue: Pubkey,
    /// Index of the lane.
    pub lane_index: u8,
    /// The lane's next draw.
    pub draw_id: u64,
    #[serde(with = "text")]
    pub oracle: Pubkey,
    /// In the order they will settle in.
    pub games: Vec<GameRef>,
}

impl RequestDraw {
    pub fn lane(&self) -> Pubkey {
        address::lane(&self.house, self.lane_index)
    }

    pub fn draw(&self) -> Pubkey {
        address::draw(&self.lane(), self.draw_id)
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        let games = self.games.iter().map(|game| Key::Game(game.address));
        std::iter::once(Key::Lane(self.lane()))
            .chain(games)
            .collect()
    }

    pub(super) fn touched(&self) -> Vec<Pubkey> {
        let games = self.games.iter().map(|game| game.address);
        [self.lane(), self.draw()]
            .into_iter()
            .chain(games)
            .collect()
    }

    pub fn instruction(&self, payer: Pubkey) -> Instruction {
        let games: Vec<Pubkey> = self.games.iter().map(|game| game.address).collect();
        let keys = LaneKeys {
            house: self.house,
            queue: self.queue,
            index: self.lane_index,
        };
        instruction::request_draw(payer, keys, self.draw_id, self.oracle, &games)
    }

    pub(super) async fn execute(&self, context: &Context) -> Result<Landed, ActionError> {
        context
            .send(&[self.instruction(context.payer_address())])
            .await
    }
}

impl fmt::Display for RequestDraw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "request draw {} of lane {} from oracle {} for games {}",
            self.draw_id,
            self.lane_index,
            self.oracle,
            ids(&self.games)
        )
    }
}
