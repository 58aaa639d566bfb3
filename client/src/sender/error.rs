use lottery::LotteryError;
use solana_instruction::error::InstructionError;
use solana_pubkey::Pubkey;
use solana_rpc_client_api::client_error::Error as RpcError;
use solana_signature::Signature;
use solana_signer::SignerError;
use solana_transaction_error::TransactionError;

use super::journal::JournalError;
use crate::rpc::Fault;

/// Why a transaction did not take effect, or is not known to have.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the transaction would fail: {}; logs: {}", describe(.error), .logs.join(" | "))]
    Simulation {
        error: TransactionError,
        logs: Vec<String>,
    },
    #[error("transaction {signature} failed: {}", describe(.error))]
    Failed {
        signature: Signature,
        error: TransactionError,
    },
    #[error("transaction {0} expired without effect")]
    Dead(Signature),
    #[error("what became of transaction {0} is not known; look at the chain before it is repeated")]
    Uncertain(Signature),
    #[error("the transaction has {found} bytes, {allowed} are allowed")]
    TooLarge { found: usize, allowed: usize },
    #[error("the transaction cannot be written: {0}")]
    Encoding(String),
    #[error("the key of {0} is needed to sign")]
    MissingSigner(Pubkey),
    #[error("signing failed: {0}")]
    Signer(#[from] SignerError),
    #[error("not sent: {0}")]
    Journal(#[from] JournalError),
    #[error("the node did not answer as expected: {0}")]
    Rpc(String),
    #[error("the sender was shut down")]
    Closed,
}

impl SendError {
    /// What the cluster said of the transaction, if it got that far.
    pub fn transaction_error(&self) -> Option<&TransactionError> {
        match self {
            Self::Simulation { error, .. } | Self::Failed { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The program's own error, if that is what refused.
    pub fn lottery_error(&self) -> Option<LotteryError> {
        lottery_error(self.transaction_error()?)
    }
}

impl From<RpcError> for SendError {
    fn from(error: RpcError) -> Self {
        Self::Rpc(error.to_string())
    }
}

impl From<Fault> for SendError {
    fn from(fault: Fault) -> Self {
        Self::Rpc(fault.to_string())
    }
}

/// The program's own error within a transaction's.
pub fn lottery_error(error: &TransactionError) -> Option<LotteryError> {
    match error {
        TransactionError::InstructionError(_, InstructionError::Custom(code)) => {
            LotteryError::from_code(*code)
        }
        _ => None,
    }
}

fn describe(error: &TransactionError) -> String {
    match lottery_error(error) {
        Some(ours) => format!("{ours:?} ({error})"),
        None => error.to_string(),
    }
}
