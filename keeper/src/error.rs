//! Why things fail, one enum per boundary: the node, an action, the
//! configuration.

use lottery_client::{
    gateway::GatewayError,
    instruction::BatchError,
    keypair::KeypairError,
    lottery::LotteryError,
    refusal::Refusal,
    sender::{SendError, TableError},
};
use lottery_service::config::OptionsError;
use solana_instruction::error::InstructionError;
use solana_transaction_error::TransactionError;

use crate::database::DatabaseError;

/// Why the chain could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("the node did not answer a question for {what}: {source}")]
    Rpc {
        what: &'static str,
        // Boxed: it has several hundred bytes.
        source: Box<solana_rpc_client_api::client_error::Error>,
    },
    #[error("the node's answer to a question for {0} makes no sense")]
    Malformed(&'static str),
    #[error("the stream of changes: {0}")]
    Stream(String),
}

impl LoadError {
    /// For `map_err`.
    pub(crate) fn rpc(
        what: &'static str,
    ) -> impl FnOnce(solana_rpc_client_api::client_error::Error) -> Self {
        move |source| Self::Rpc {
            what,
            source: Box::new(source),
        }
    }
}

/// Why an action did not take effect.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// Of one operation of a batch; the others went through.
    #[error("left out of its batch: {0}")]
    Refused(Refusal),
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// What the oracle answered: wrong, or of another seed.
    #[error("the oracle's answer is refused: {0}")]
    Answer(#[source] SendError),
    #[error("nothing to do any more: {0}")]
    Stale(&'static str),
    #[error("it would cost {fee} lamports and earn {income}")]
    Unprofitable { fee: u64, income: u64 },
    #[error("the keeper is stopping")]
    Stopping,
}

/// What a failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Somebody else did it first, or it is no longer due.
    LostRace,
    /// The program refuses it for a reason that may last.
    Refused,
    /// The network, the node or the oracle; it may well work the next time.
    Transient,
    /// It costs more than it earns; fees may fall, or the operator relent.
    Unprofitable,
    /// Not tried, or given up, because the keeper stops.
    Stopping,
}

impl ActionError {
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Stale(_) => Verdict::LostRace,
            Self::Stopping => Verdict::Stopping,
            Self::Unprofitable { .. } => Verdict::Unprofitable,
            // An oracle that is well again must not be waited for longer than one that
            // did not answer.
            Self::Load(_) | Self::Gateway(_) | Self::Answer(_) => Verdict::Transient,
            Self::Send(error) => match error.transaction_error() {
                Some(TransactionError::InstructionError(_, error)) => instruction_verdict(error),
                _ => Verdict::Transient,
            },
            Self::Refused(refusal) => instruction_verdict(&refusal.instruction_error()),
            // What is packed was checked to fit.
            Self::Batch(_) => Verdict::Refused,
        }
    }

    /// Whether its transaction expired without effect, so that the next one should pay
    /// more.
    pub fn is_dead(&self) -> bool {
        matches!(self, Self::Send(SendError::Dead(_)))
    }

    /// Whether a member of a packed transaction may be to blame, so that the
    /// others would go through without it.
    pub fn blames_a_member(&self) -> bool {
        match self {
            Self::Send(SendError::TooLarge { .. }) | Self::Batch(_) => true,
            Self::Send(error) => match error.transaction_error() {
                Some(TransactionError::InstructionError(..)) => true,
                // Account 0 is the fee payer.
                Some(TransactionError::InsufficientFundsForRent { account_index }) => {
                    *account_index > 0
                }
                _ => false,
            },
            _ => false,
        }
    }
}

fn instruction_verdict(error: &InstructionError) -> Verdict {
    let ours = match error {
        InstructionError::Custom(code) => LotteryError::from_code(*code),
        _ => None,
    };
    if ours.map_or_else(|| is_moved_on(error), is_lost_race) {
        Verdict::LostRace
    } else {
        Verdict::Refused
    }
}

/// Refusals that another keeper's success, or a node a little behind, explains.
fn is_lost_race(error: LotteryError) -> bool {
    use LotteryError::*;
    matches!(
        error,
        LaneBusy
            | LaneIdle
            | ForeignLane
            | DrawRevealed
            | DrawNotRevealed
            | ForeignDraw
            | SettleOrder
            | GameNotDrawable
            | GameStillOpen
            | RoundNotDue
            | NotCancellable
            | CommitNotFresh
            | AlreadyPaid
            | NoGames
            | DrawNotTimedOut
            | DrawAborted
            | OracleTriedBefore
            | GameNotCancelled
            | GameNotSettled
            | ClaimsEnded
            | ClaimsOpen
            | NothingToExpire
            | GameStillOwes
            | EntriesOpen
            | NotAwaitingSettlement
    )
}

/// What an instruction says of an account that is not there any more, or
/// already there: a settled draw, a lane or draw that somebody else opened, a
/// draw id that was used.
fn is_moved_on(error: &InstructionError) -> bool {
    // System program: the account to be created exists.
    const ACCOUNT_ALREADY_IN_USE: u32 = 0;
    matches!(
        error,
        InstructionError::InvalidSeeds
            | InstructionError::IllegalOwner
            | InstructionError::InvalidAccountOwner
            | InstructionError::InvalidAccountData
            | InstructionError::AccountDataTooSmall
            | InstructionError::UninitializedAccount
            | InstructionError::AccountAlreadyInitialized
            | InstructionError::MissingAccount
            | InstructionError::Custom(ACCOUNT_ALREADY_IN_USE)
    )
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(transparent)]
    Options(#[from] OptionsError),
    #[error("rpc_url: {other} is of another cluster than {first}: name endpoints of one only")]
    Clusters { first: String, other: String },
    #[error(transparent)]
    Keypair(#[from] KeypairError),
    #[error("gateway client: {0}")]
    Gateway(#[from] GatewayError),
    #[error("database_url: {0}")]
    Database(#[from] DatabaseError),
    #[error("lookup_tables: {0}")]
    Table(#[from] TableError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(error: InstructionError) -> ActionError {
        ActionError::Send(SendError::Simulation {
            error: TransactionError::InstructionError(1, error),
            logs: Vec::new(),
        })
    }

    #[test]
    fn races_are_told_from_refusals_and_outages() {
        let race = refused(InstructionError::Custom(LotteryError::AlreadyPaid.code()));
        assert_eq!(race.verdict(), Verdict::LostRace);
        assert!(race.blames_a_member());
        let closed = refused(InstructionError::IllegalOwner);
        assert_eq!(closed.verdict(), Verdict::LostRace);
        let poor = refused(InstructionError::Custom(
            LotteryError::PayoutBelowRentExemption.code(),
        ));
        assert_eq!(poor.verdict(), Verdict::Refused);
        let outage = ActionError::Send(SendError::Rpc("no route".into()));
        assert_eq!(outage.verdict(), Verdict::Transient);
        assert!(!outage.blames_a_member());
    }

    /// Or an oracle that is well again would be waited for as long as a wallet that is
    /// never funded.
    #[test]
    fn a_wrong_answer_is_asked_for_again_soon() {
        let ActionError::Send(refused) = refused(InstructionError::InvalidArgument) else {
            unreachable!();
        };
        let answer = ActionError::Answer(refused);
        assert_eq!(answer.verdict(), Verdict::Transient);
        assert!(!answer.blames_a_member());
    }

    #[test]
    fn an_empty_fee_payer_is_no_members_fault() {
        let broke = |account_index| {
            ActionError::Send(SendError::Simulation {
                error: TransactionError::InsufficientFundsForRent { account_index },
                logs: Vec::new(),
            })
        };
        assert!(!broke(0).blames_a_member());
        assert!(broke(3).blames_a_member());
    }
}
