//! What can go wrong in the indexer, an enum a boundary. The sources have
//! theirs in [`crate::source`], the API in [`crate::api`].

use crate::store::writer::WriterError;

/// The writer cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error("the database refused a statement: {0}")]
    Writer(#[source] WriterError),
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

/// The text without what may be secret in its URLs: user, password, path and
/// query (RPC providers put their keys there). Scheme and host stay.
pub fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at.saturating_add(3));
        out.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, ')' | '(' | '"' | '\'' | '`' | ','))
            .unwrap_or(after.len());
        let (url, next) = after.split_at(end);
        let host_end = url.find(['/', '?', '#']).unwrap_or(url.len());
        let (authority, tail) = url.split_at(host_end);
        let host = authority.rsplit('@').next().unwrap_or(authority);
        out.push_str(host);
        if tail.len() > 1 {
            out.push_str("/…");
        }
        rest = next;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn urls_lose_what_may_be_secret() {
        assert_eq!(
            redact("error (https://rpc.example/v2/KEY?k=1), postgres://u:p@db:5432/x failed"),
            "error (https://rpc.example/…), postgres://db:5432/… failed"
        );
        assert_eq!(redact("nothing here: //"), "nothing here: //");
        assert_eq!(redact("http://127.0.0.1:8899"), "http://127.0.0.1:8899");
    }
}
