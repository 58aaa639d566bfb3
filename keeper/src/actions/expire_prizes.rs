use std::fmt;

use lottery_client::{
    instruction::{self, Token},
    sender::Landed,
};
use serde::Serialize;
use solana_pubkey::Pubkey;

use super::GameRef;
use crate::{context::Context, error::ActionError, text};

/// Moves what nobody claimed in time to the mega jackpot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExpirePrizes {
    #[serde(with = "text")]
    pub house: Pubkey,
    pub game: GameRef,
    #[serde(serialize_with = "text::token")]
    pub token: Option<Token>,
}

impl ExpirePrizes {
    pub(super) async fn execute(&self, context: &Context) -> Result<Landed, ActionError> {
        let expire = instruction::expire_prizes(
            context.payer_address(),
            self.house,
            self.game.address,
            self.token,
        );
        context.send(&[expire]).await
    }
}

impl fmt::Display for ExpirePrizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expire what is unclaimed of game {}", self.game)
    }
}
