//! What can go wrong in the indexer, an enum a boundary. The sources have
//! theirs in [`crate::source`], the API in [`crate::api`].

pub use lottery_service::text::scrub as redact;

use crate::store::writer::WriterError;

/// The writer cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error("the database refused a statement: {0}")]
    Writer(#[source] WriterError),
    #[error("another indexer writes to this database now; start this one again to stand by")]
    Superseded,
    #[error("another indexer writes to this database already, while this one stops")]
    Relieved,
    #[error("what arrived could not be decoded: {0}; it will be read again")]
    Prepare(#[source] tokio::task::JoinError),
    #[error(
        "the database did not come back while stopping; the last batch will be read again: {0}"
    )]
    Drain(#[source] WriterError),
}

/// The ledger cannot go on for now.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("RPC: {0}")]
    Rpc(#[source] Box<solana_rpc_client_api::client_error::Error>),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the node says that signature {0:?} is one, and it is none")]
    Signature(String),
    #[error("{0} is no slot")]
    Slot(u64),
    #[error("the node lists the same signatures again before {0}")]
    Page(solana_signature::Signature),
    #[error("what was read could not be decoded: {0}")]
    Prepare(#[source] tokio::task::JoinError),
    #[error("the node lists transaction {0}, but does not serve it")]
    Unserved(String),
    #[error("nobody writes any more")]
    Deaf,
}

impl From<solana_rpc_client_api::client_error::Error> for LedgerError {
    fn from(error: solana_rpc_client_api::client_error::Error) -> Self {
        Self::Rpc(Box::new(error))
    }
}

/// The database belongs to something else.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error(
        "this database mirrors program {program} of the cluster with genesis {genesis_hash}; \
         use another database for another cluster"
    )]
    Foreign {
        genesis_hash: String,
        program: String,
    },
}

/// What follows from the tables could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum DeriveError {
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the computation was interrupted: {0}")]
    Interrupted(#[from] tokio::task::JoinError),
    #[error("game {game}: {reason}")]
    Inconsistent { game: String, reason: String },
}
