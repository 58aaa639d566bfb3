use std::{fmt, time::Duration};

use backon::{ExponentialBuilder, Retryable as _};
use lottery_client::{
    address,
    instruction::{self, LaneKeys, Revelation},
    lottery::switchboard::{self, parse_randomness},
    sender::{Basis, Landed},
};
use serde::Serialize;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use tokio::{sync::oneshot, time::Instant};

use super::{GameRef, Key, SettleDraw, ids};
use crate::{
    context::{Context, Step},
    error::{ActionError, Verdict},
    oracles::{OracleResult, OracleSeen},
    text,
};

/// Asks the oracle for the value of a commitment and brings it on chain; its games settle
/// in the same transaction, if they fit, and right behind it.
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
    /// What settles with the value. Its first chunk goes into the same transaction; it is
    /// empty where none fits.
    pub settlement: Option<SettleDraw>,
}

/// What became of a value, and of the settlement with it, if that was come to.
pub type Revealed = (
    Result<Landed, ActionError>,
    Option<Result<Landed, ActionError>>,
);

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

    pub(super) fn touched(&self) -> Vec<Pubkey> {
        let games = self.games().map(|game| game.address);
        [self.lane(), self.draw].into_iter().chain(games).collect()
    }

    /// The games that settle with it.
    pub fn games(&self) -> impl Iterator<Item = &GameRef> {
        self.settlement.iter().flat_map(SettleDraw::games)
    }

    /// The games that settle in the same transaction.
    pub fn games_at_once(&self) -> &[GameRef] {
        let settlement = self.settlement.as_ref();
        let first = settlement.and_then(|it| it.chunks.first());
        first.map_or(&[], Vec::as_slice)
    }

    /// Notes in `seen` how the oracle answered.
    pub(crate) async fn execute(&self, context: &Context, seen: &mut Vec<OracleSeen>) -> Revealed {
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
        self.conclude(context, answer, seen).await.0
    }

    /// Brings an answer on chain, if there is one. One that is refused there is none.
    async fn conclude(
        &self,
        context: &Context,
        answer: Result<Answer, ActionError>,
        seen: &mut Vec<OracleSeen>,
    ) -> Revealed {
        let (revealed, result) = match answer {
            Ok(answer) => {
                let revealed = self.bring(context, &answer.revelation).await;
                let result = match revealed.0.as_ref().map_err(ActionError::verdict) {
                    _ if matches!(revealed.0, Err(ActionError::Answer(_))) => {
                        Some(OracleResult::Failed)
                    }
                    Ok(_) | Err(Verdict::LostRace) => Some(OracleResult::Answered(answer.latency)),
                    Err(_) => None,
                };
                (revealed, result)
            }
            Err(error) => {
                let result =
                    matches!(error, ActionError::Gateway(_)).then_some(OracleResult::Failed);
                ((Err(error), None), result)
            }
        };
        seen.extend(result.map(|result| OracleSeen {
            oracle: self.oracle,
            draw: self.draw,
            result,
        }));
        revealed
    }

    async fn bring(&self, context: &Context, revelation: &Revelation) -> Revealed {
        let reveal = self.instruction(context.payer_address(), revelation);
        let games = self.games_at_once();
        let settle = self.settlement.as_ref().filter(|_| !games.is_empty());
        let settle = settle.map(|it| it.instruction(context.payer_address(), games));
        let settles = settle.is_some();
        let (herald, processed) = oneshot::channel();
        let step = Step {
            instructions: [reveal.clone()].into_iter().chain(settle).collect(),
            steps: 0..1 + usize::from(settles),
            basis: Basis::Confirmed,
            herald: Some(herald),
        };
        let rest = async {
            let settlement = self.settlement.as_ref()?;
            let is_over = settlement.chunks.len() < 2;
            let slot = processed.await.ok().filter(|_| !is_over)?;
            let basis = Basis::Processed(slot);
            Some(settlement.execute_from(context, 1, 1, basis).await)
        };
        match tokio::join!(context.send_step(step), rest) {
            (Ok(landed), rest) => {
                let settled = rest.or(settles.then_some(Ok(landed)));
                (Ok(landed), settled)
            }
            // Perhaps it is a game's fault: they are looked at again once the value is there.
            (Err(error), _) if settles && error.blames_a_member() => {
                let revealed = context.send(&[reveal]).await;
                (revealed.map_err(wrong_answer), None)
            }
            (Err(error), _) => (Err(wrong_answer(error)), None),
        }
    }

    pub fn instruction(&self, payer: Pubkey, revelation: &Revelation) -> Instruction {
        let keys = LaneKeys {
            house: self.house,
            queue: self.queue,
            index: self.lane_index,
        };
        instruction::reveal_draw(payer, keys, self.draw_id, self.oracle, revelation)
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
        )?;
        match &self.settlement {
            Some(settlement) => write!(f, ", then settle games {}", ids(settlement.games())),
            None => Ok(()),
        }
    }
}

/// A refusal of what the oracle answered: it may be well the next time.
fn wrong_answer(error: ActionError) -> ActionError {
    let verdict = error.verdict();
    match error {
        ActionError::Send(refused) if verdict == Verdict::Refused => ActionError::Answer(refused),
        error => error,
    }
}
