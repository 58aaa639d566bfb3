use std::fmt;

use lottery_client::{
    instruction::{self, DrawKeys, Token},
    sender::{Basis, Landed},
};
use serde::Serialize;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use tokio::sync::oneshot;

use super::{GameRef, Key, ids};
use crate::{
    context::{Context, Step},
    error::ActionError,
    text,
};

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
    /// in no other, so each follows the one before it.
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
        self.execute_from(context, 0, 0, Basis::Confirmed).await
    }

    /// Settles the chunks from this one on, each as soon as the one before it is
    /// processed; of a job that did `steps` before the first chunk.
    pub(super) async fn execute_from(
        &self,
        context: &Context,
        chunk: usize,
        steps: usize,
        basis: Basis,
    ) -> Result<Landed, ActionError> {
        let Some(games) = self.chunks.get(chunk) else {
            return Err(ActionError::Stale("it has no games"));
        };
        let has_more = chunk + 1 < self.chunks.len();
        let (herald, processed) = oneshot::channel();
        let step = Step {
            instructions: vec![self.instruction(context.payer_address(), games)],
            steps: steps + chunk..steps + chunk + 1,
            basis,
            herald: has_more.then_some(herald),
        };
        let rest = async {
            // Not told, where it failed or was the last.
            let slot = processed.await.ok()?;
            let rest = self.execute_from(context, chunk + 1, steps, Basis::Processed(slot));
            Some(Box::pin(rest).await)
        };
        let (this, rest) = tokio::join!(context.send_step(step), rest);
        let landed = this?;
        rest.unwrap_or(Ok(landed))
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
