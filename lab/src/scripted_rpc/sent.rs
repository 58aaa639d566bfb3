//! A transaction that was sent, and what it asks for.

use std::time::Instant;

use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;

use crate::budget;

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
        budget::argument::<4>(&self.transaction, 2).map(u32::from_le_bytes)
    }

    /// The price that it offers (micro-lamports per compute unit).
    pub fn compute_unit_price(&self) -> Option<u64> {
        budget::argument::<8>(&self.transaction, 3).map(u64::from_le_bytes)
    }

    /// The limit that it sets to what it loads (bytes).
    pub fn loaded_accounts_data_size_limit(&self) -> Option<u32> {
        budget::argument::<4>(&self.transaction, 4).map(u32::from_le_bytes)
    }
}
