use std::fmt;

use lottery_client::{
    instruction::{self, Token},
    sender::Landed,
};
use serde::Serialize;
use solana_pubkey::Pubkey;

use super::GameRef;
use crate::{context::Context, error::ActionError, text};

/// Divides the money of a game whose settlement met a frozen vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettleGame {
    #[serde(with = "text")]
    pub house: Pubkey,
    pub game: GameRef,
    #[serde(serialize_with = "text::token")]
    pub token: Option<Token>,
}

impl SettleGame {
    pub(super) async fn execute(&self, context: &Context) -> Result<Landed, ActionError> {
        let settle = instruction::settle_game(self.house, self.game.address, self.token);
        context.send(&[settle]).await
    }
}

impl fmt::Display for SettleGame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "divide the money of game {}", self.game)
    }
}
