use std::{fmt, time::Duration};

use backon::{ExponentialBuilder, Retryable as _};
use lottery_client::{
    address,
    instruction::{self, LaneKeys, Revelation},
    lottery::switchboard::{self, parse_randomness},
    sender::Landed,
};
use serde::Serialize;
use solana_pubkey::Pubkey;
use tokio::time::Instant;

use super::Key;
use crate::{
    context::Context,
    error::{ActionError, Verdict},
    oracles::{OracleResult, OracleSeen},
    text,
};

/// Asks the oracle for the value of a commitment and brings it on chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevealDraw {
    #[serde(with = "text")]
    pub house: Pubkey,
    #[serde(with = "text")]
    pub queue: Pubkey,
    /// Index of the lane.
    pub lane_index: u8,
    #[serde(with = "text")]
    pub draw: Pubkey,
    pub draw_id: u64,
    #[serde(with = "text")]
    pub oracle: Pubkey,
    /// Slot whose hash is the seed.
    pub seed_slot: u64,
}

/// What an oracle answered, and how long it took.
struct Answer {
    revelation: Revelation,
    latency: Duration,
}

impl RevealDraw {
    pub fn lane(&self) -> Pubkey {
        address::lane(&self.house, self.lane_index)
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        vec![Key::Lane(self.lane()), Key::Draw(self.draw)]
    }

    /// Notes in `seen` how the oracle answered.
    pub(super) async fn execute(
        &self,
        context: &Context,
        seen: &mut Vec<OracleSeen>,
    ) -> Result<Landed, ActionError> {
        let answer = self.ask(context).await;
        self.conclude(context, answer, seen).await
    }

    /// As [`execute`](Self::execute), but asks the oracle no more than once.
    pub(super) async fn execute_once(
        &self,
        context: &Context,
        seen: &mut Vec<OracleSeen>,
    ) -> Result<Landed, ActionError> {
        let answer = self.ask_once(context).await;
        self.conclude(context, answer, seen).await
    }

    /// Brings an answer on chain, if there is one. One that is refused there is none.
    async fn conclude(
        &self,
        context: &Context,
        answer: Result<Answer, ActionError>,
        seen: &mut Vec<OracleSeen>,
    ) -> Result<Landed, ActionError> {
        let (landed, result) = match answer {
            Ok(answer) => {
                let landed = self.bring(context, &answer.revelation).await;
                let verdict = landed.as_ref().err().map(ActionError::verdict);
                let result = match verdict {
                    None | Some(Verdict::LostRace) => Some(OracleResult::Answered(answer.latency)),
                    Some(Verdict::Refused) => Some(OracleResult::Failed),
                    Some(Verdict::Transient | Verdict::Unprofitable | Verdict::Stopping) => None,
                };
                (landed, result)
            }
            Err(error) => {
                let result =
                    matches!(error, ActionError::Gateway(_)).then_some(OracleResult::Failed);
                (Err(error), result)
            }
        };
        seen.extend(result.map(|result| OracleSeen {
            oracle: self.oracle,
            draw: self.draw,
            result,
        }));
        landed
    }

    async fn bring(
        &self,
        context: &Context,
        revelation: &Revelation,
    ) -> Result<Landed, ActionError> {
        let keys = LaneKeys {
            house: self.house,
            queue: self.queue,
            index: self.lane_index,
        };
        let instruction = instruction::reveal_draw(
            context.payer_address(),
            keys,
            self.draw_id,
            self.oracle,
            revelation,
        );
        context.send(&[instruction]).await
    }

    /// An oracle may see the commitment later than we do, so a refusal is asked
    /// again soon; a longer outage is the caller's to wait out.
    async fn ask(&self, context: &Context) -> Result<Answer, ActionError> {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(150))
            .with_max_delay(Duration::from_secs(2))
            .with_max_times(5)
            .with_jitter();
        (|| self.ask_once(context))
            .retry(backoff)
            .when(|error| {
                !context.stopping.is_cancelled()
                    && matches!(error, ActionError::Gateway(_) | ActionError::Load(_))
            })
            .notify(|error, pause| {
                tracing::warn!(draw = self.draw_id, oracle = %self.oracle,
                    error = text::scrub(error), ?pause, "the oracle gave no value yet");
            })
            .await
    }

    /// Both accounts are read at this moment: they are Switchboard's, so no
    /// notification of the lottery program tells of them.
    async fn ask_once(&self, context: &Context) -> Result<Answer, ActionError> {
        if context.stopping.is_cancelled() {
            return Err(ActionError::Stopping);
        }
        let randomness = address::randomness(&self.lane());
        let read = context
            .loader
            .accounts(&[randomness, self.oracle], None)
            .await?;
        let [Some(commitment), Some(oracle)] = read.accounts.as_slice() else {
            return Err(ActionError::Stale(
                "its randomness or oracle account is gone",
            ));
        };
        if commitment.owner != switchboard::PROGRAM_ID || oracle.owner != switchboard::PROGRAM_ID {
            return Err(ActionError::Stale("its accounts are not Switchboard's"));
        }
        let pending =
            parse_randomness(&commitment.data).is_some_and(|data| data.seed_slot == self.seed_slot);
        if !pending {
            return Err(ActionError::Stale("the commitment is another one by now"));
        }
        let asked_at = Instant::now();
        let revelation = context
            .gateway
            .reveal(&oracle.data, &randomness, &commitment.data)
            .await?;
        Ok(Answer {
            revelation,
            latency: asked_at.elapsed(),
        })
    }
}

impl fmt::Display for RevealDraw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "reveal draw {} of lane {} with oracle {}",
            self.draw_id, self.lane_index, self.oracle
        )
    }
}
