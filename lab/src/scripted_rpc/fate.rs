//! What becomes of transactions.

use solana_transaction_error::TransactionError;

/// What becomes of a transaction that was sent. Whatever is to land does so only if its
/// blockhash is one of the chain's and has not expired by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It lands this many slots after it came, and succeeds; 0 is in the present slot.
    Land { after: u64 },
    /// It lands and fails.
    Fail { after: u64, error: TransactionError },
    /// It is lost until it comes the `nth` time; 1 is the first.
    LandOnSend { nth: usize, after: u64 },
    /// It lands, and is gone `lasts` slots later because its block was not on the fork
    /// that won. It lands for good `after` slots after it comes once more.
    Forked { after: u64, lasts: u64 },
    /// It never lands.
    Never,
}

impl Default for Fate {
    fn default() -> Self {
        Self::Land { after: 1 }
    }
}

impl Fate {
    pub(super) fn error(&self) -> Option<&TransactionError> {
        match self {
            Self::Fail { error, .. } => Some(error),
            _ => None,
        }
    }
}
