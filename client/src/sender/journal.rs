//! What is written down before anything is sent, so that whoever comes after a crash
//! knows what may still take effect.

use futures_util::future::BoxFuture;
use solana_signature::Signature;

/// What was signed and is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    pub signature: Signature,
    /// As on the wire.
    pub transaction: Vec<u8>,
    /// Last block height at which it can land.
    pub last_valid_block_height: u64,
    /// What it is for, as the caller named it (JSON).
    pub intent: String,
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Landed {
        slot: u64,
    },
    Failed {
        slot: u64,
        error: String,
    },
    /// It can no longer take effect.
    Dead,
}

/// Why a transaction was not written down, and so was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    #[error("another keeper leads by now")]
    Fenced,
    #[error("the journal cannot be written: {0}")]
    Unavailable(String),
}

/// Where transactions are written down.
pub trait Journal: Send + Sync + 'static {
    /// Returns once the record survives a crash; an error keeps the transaction from
    /// being sent.
    fn signed<'a>(&'a self, signed: &'a Signed) -> BoxFuture<'a, Result<(), JournalError>>;

    /// What became of it. As well as it can: a record that stays open is asked about
    /// again by whoever comes next.
    fn ended<'a>(&'a self, signature: &'a Signature, end: &'a End) -> BoxFuture<'a, ()>;
}
