use std::fmt;

use lottery_client::{
    instruction::{self, DrawKeys, Token},
    sender::Landed,
};
use serde::Serialize;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{GameRef, Key, ids};
use crate::{context::Context, error::ActionError, text};

/// Settles a round of the games of a revealed draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettleDraw {
    #[serde(with = "text")]
    pub house: Pubkey,
    #[serde(with = "text")]
    pub lane: Pubkey,
    #[serde(with = "text")]
    pub draw: Pubkey,
    pub draw_id: u64,
    /// Who gets the draw's rent back.
    #[serde(with = "text")]
    pub draw_payer: Pubkey,
    /// In the order they were bound in, a transaction each: the program settles
    /// in no other, so each waits for the one before it.
    pub chunks: Vec<Vec<GameRef>>,
    #[serde(serialize_with = "text::token")]
    pub token: Option<Token>,
}

impl SettleDraw {
    /// The games in the order they settle in.
    pub fn games(&self) -> impl Iterator<Item = &GameRef> {
        self.chunks.iter().flatten()
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        let games = self.games().map(|game| Key::Game(game.address));
        std::iter::once(Key::Draw(self.draw)).chain(games).collect()
    }

    pub(super) fn touched(&self) -> Vec<Pubkey> {
        let games = self.games().map(|game| game.address);
        std::iter::once(self.draw).chain(games).collect()
    }

    pub fn instruction(&self, cranker: Pubkey, games: &[GameRef]) -> Instruction {
        let games: Vec<Pubkey> = games.iter().map(|game| game.address).collect();
        let keys = DrawKeys {
            house: self.house,
            lane: self.lane,
            draw: self.draw,
            payer: self.draw_payer,
        };
        instruction::settle_draw(cranker, keys, &games, self.token)
    }

    pub(super) async fn execute(&self, context: &Context) -> Result<Landed, ActionError> {
        let mut last = Err(ActionError::Stale("it has no games"));
        for (part, games) in self.chunks.iter().enumerate() {
            let settle = self.instruction(context.payer_address(), games);
            last = Ok(context.send_part(&[settle], part).await?);
        }
        last
    }
}

impl fmt::Display for SettleDraw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "settle draw {}: games {}",
            self.draw_id,
            ids(self.games())
        )
    }
}
