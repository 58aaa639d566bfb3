use std::fmt;

use lottery_client::{instruction, sender::Landed};
use serde::Serialize;

use super::{Context, GameRef};
use crate::error::ActionError;

/// Cancels a game that sold too few tickets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CancelGame {
    pub game: GameRef,
}

impl CancelGame {
    pub(super) async fn execute(&self, context: &Context) -> Result<Landed, ActionError> {
        context
            .send(&[instruction::cancel_game(self.game.address)])
            .await
    }
}

impl fmt::Display for CancelGame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cancel game {}", self.game)
    }
}
