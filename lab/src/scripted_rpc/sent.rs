//! A transaction that was sent, and what it asks for.

use std::time::Instant;

use solana_compute_budget_interface as compute_budget;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;

/// One coming of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The newest slot then.
    pub slot: u64,
    pub at: Instant,
}

/// Where a transaction landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landing {
    pub slot: u64,
    /// `None` if it succeeded.
    pub error: Option<TransactionError>,
}

/// A transaction that was sent, once or more often.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The payer's.
    pub signature: Signature,
    /// As they came.
    pub bytes: Vec<u8>,
    pub transaction: VersionedTransaction,
    /// Every time it came; at least one.
    pub arrivals: Vec<Arrival>,
    /// `None` until it lands, and again if its block is abandoned.
    pub landing: Option<Landing>,
}

impl Sent {
    /// The compute limit that it sets (units).
    pub fn compute_unit_limit(&self) -> Option<u32> {
        self.budget::<4>(2).map(u32::from_le_bytes)
    }

    /// The price that it offers (micro-lamports per compute unit).
    pub fn compute_unit_price(&self) -> Option<u64> {
        self.budget::<8>(3).map(u64::from_le_bytes)
    }

    /// The limit that it sets to what it loads (bytes).
    pub fn loaded_accounts_data_size_limit(&self) -> Option<u32> {
        self.budget::<4>(4).map(u32::from_le_bytes)
    }

    /// The argument of a compute budget instruction, named by its first byte.
    fn budget<const N: usize>(&self, kind: u8) -> Option<[u8; N]> {
        let message = &self.transaction.message;
        let keys: &[Pubkey] = message.static_account_keys();
        message.instructions().iter().find_map(|instruction| {
            let program = keys.get(usize::from(instruction.program_id_index))?;
            let (first, argument) = instruction.data.split_first()?;
            (*program == compute_budget::ID && *first == kind)
                .then(|| argument.try_into().ok())
                .flatten()
        })
    }
}
