use std::fmt;

use lottery_client::{instruction, sender::Landed};
use serde::Serialize;

use super::GameRef;
use crate::{context::Context, error::ActionError};

/// Cancels a game that sold too few tickets, or whose draw is long overdue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CancelGame {
    pub game: GameRef,
}

impl CancelGame {
    pub(super) async fn execute(&self, context: &Context) -> Result<Landed, ActionError> {
        let cancel = instruction::cancel_game(context.payer_address(), self.game.address);
        context.send(&[cancel]).await
    }
}

impl fmt::Display for CancelGame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cancel game {}", self.game)
    }
}
