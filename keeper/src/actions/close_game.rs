use std::fmt;

use lottery_client::{
    address,
    instruction::{self, Token},
    sender::Landed,
    token::{amount, create_associated},
};
use serde::Serialize;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::GameRef;
use crate::{context::Context, error::ActionError, text};

/// Returns a paid game's rent and unspent bounties to its creator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CloseGame {
    pub game: GameRef,
    #[serde(with = "text")]
    pub creator: Pubkey,
    #[serde(serialize_with = "text::token")]
    pub token: Option<Token>,
}

impl CloseGame {
    pub(super) async fn execute(&self, context: &Context) -> Result<Landed, ActionError> {
        let payer = context.payer_address();
        let mut instructions: Vec<Instruction> =
            self.create_account(context).await?.into_iter().collect();
        instructions.push(instruction::close_game(
            payer,
            self.game.address,
            self.creator,
            self.token,
        ));
        context.send(&instructions).await
    }

    /// Tokens that somebody donated go to the creator, who may have no account for them.
    async fn create_account(&self, context: &Context) -> Result<Option<Instruction>, ActionError> {
        let Some(token) = self.token.filter(|_| context.create_token_accounts) else {
            return Ok(None);
        };
        let vault = address::vault(&self.game.address);
        let theirs = token.associated(&self.creator);
        let read = context.loader.accounts(&[vault, theirs], None).await?;
        let [Some(vault), account] = read.accounts.as_slice() else {
            return Ok(None);
        };
        // Lamports sent to the address make an account, but no token account.
        if account.as_ref().is_some_and(|it| !it.data.is_empty()) {
            return Ok(None);
        }
        let donated = amount(&vault.data).is_some_and(|amount| amount > 0);
        Ok(donated.then(|| create_associated(context.payer_address(), self.creator, token)))
    }
}

impl fmt::Display for CloseGame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "close game {}", self.game)
    }
}
