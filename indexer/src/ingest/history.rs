//! The ledger's history, written beside the indexer.

use sqlx::PgConnection;

use super::{
    prepare::{Gathered, Preparing},
    write,
};
use crate::{error::LedgerError, ledger::Chunk};

/// What a chunk of history added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    pub transactions: u64,
    pub rows: u64,
    pub letters: u64,
}

/// Writes a chunk of the ledger's history, beside the indexer that writes everything
/// else: what is there already is left alone, by both.
///
/// # Errors
/// The database's.
pub async fn store_history(
    connection: &mut PgConnection,
    chunk: Chunk,
) -> Result<Added, LedgerError> {
    let gathered = Gathered {
        transactions: chunk.transactions,
        letters: chunk.letters,
        ..Gathered::default()
    };
    let prepared = Preparing::begin(gathered)
        .end()
        .await
        .map_err(LedgerError::Prepare)?;
    let written = write::store(connection, &prepared, None).await?;
    // Who no longer waits need not be told.
    let _ = chunk.done.send(());
    Ok(Added {
        transactions: written.transactions,
        rows: written.all_rows(),
        letters: u64::try_from(written.letters.len()).unwrap_or(u64::MAX),
    })
}
