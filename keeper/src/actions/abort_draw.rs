use std::fmt;

use lottery_client::{
    instruction::{self, DrawKeys},
    sender::Landed,
};
use serde::Serialize;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{GameRef, Key, RevealDraw, ids};
use crate::{
    context::{Context, Step},
    error::ActionError,
    oracles::{OracleResult, OracleSeen},
    text,
};

/// Gives up a draw whose oracle did not answer in time, and releases its games to be
/// drawn again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AbortDraw {
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
    /// Who did not answer.
    #[serde(with = "text")]
    pub oracle: Pubkey,
    /// A transaction each, in any order.
    pub chunks: Vec<Vec<GameRef>>,
    /// How its value would still be brought on chain; `None` once it is aborted.
    #[serde(skip)]
    pub last_chance: Option<RevealDraw>,
}

impl AbortDraw {
    pub fn games(&self) -> impl Iterator<Item = &GameRef> {
        self.chunks.iter().flatten()
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        let games = self.games().map(|game| Key::Game(game.address));
        std::iter::once(Key::Release(self.draw))
            .chain(games)
            .collect()
    }

    pub(super) fn touched(&self) -> Vec<Pubkey> {
        let games = self.games().map(|game| game.address);
        [self.lane, self.draw].into_iter().chain(games).collect()
    }

    pub fn instruction(&self, cranker: Pubkey, games: &[GameRef]) -> Instruction {
        let games: Vec<Pubkey> = games.iter().map(|game| game.address).collect();
        let keys = DrawKeys {
            house: self.house,
            lane: self.lane,
            draw: self.draw,
            payer: self.draw_payer,
        };
        instruction::abort_draw(cranker, keys, &games)
    }

    /// The oracle is asked once more: whoever has been away must not throw away a
    /// value that is there.
    pub(super) async fn execute(
        &self,
        context: &Context,
        seen: &mut Vec<OracleSeen>,
    ) -> Result<Landed, ActionError> {
        if let Some(reveal) = &self.last_chance {
            match reveal.execute_once(context, seen).await {
                Ok(landed) => return Ok(landed),
                Err(ActionError::Stopping) => return Err(ActionError::Stopping),
                Err(error) => {
                    tracing::debug!(
                        draw = self.draw_id,
                        error = text::scrub(&error),
                        "no value at the last moment either"
                    );
                }
            }
        }
        let mut last = Err(ActionError::Stale("it has no games"));
        for (part, games) in self.chunks.iter().enumerate() {
            let abort = self.instruction(context.payer_address(), games);
            let step = Step {
                instructions: vec![abort],
                steps: part..part + 1,
                ..Step::default()
            };
            let landed = context.send_step(step).await?;
            if last.is_err() {
                seen.push(OracleSeen {
                    oracle: self.oracle,
                    draw: self.draw,
                    result: OracleResult::Aborted,
                });
            }
            last = Ok(landed);
        }
        last
    }
}

impl fmt::Display for AbortDraw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "abort draw {}: release games {}",
            self.draw_id,
            ids(self.games())
        )
    }
}
