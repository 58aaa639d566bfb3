//! The ledger's history, read from signatures beside the running indexer: from a node that
//! keeps more of it than the one that is followed.

use std::sync::Arc;

use serde::Serialize;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use sqlx::PgPool;
use tokio::sync::mpsc;

use crate::{
    error::LedgerError,
    ingest::{self, CHUNK_CAPACITY},
    ledger::{Chunk, Ledger},
};

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backfilled {
    /// Transactions that the table did not have.
    pub transactions: u64,
    /// Rows of what they asked, told and paid.
    pub rows: u64,
    /// Parts that were not understood, and were set aside.
    pub letters: u64,
}

/// Reads the transactions of these slots, oldest first, as far as they are final: nobody
/// watches what a fork may yet drop of them. Those that the table has are left alone. The
/// ledger's own place stays.
///
/// # Errors
/// When the node or the database fails, or the node lists a transaction that it does not
/// serve: what was read until then is in the tables.
pub async fn backfill(
    pool: &PgPool,
    rpc: Arc<RpcClient>,
    commitment: CommitmentConfig,
    slots: std::ops::RangeInclusive<u64>,
) -> Result<Backfilled, LedgerError> {
    let finalized = rpc
        .get_slot_with_commitment(CommitmentConfig::finalized())
        .await?;
    let slots = *slots.start()..=finalized.min(*slots.end());
    let (chunks, mut received) = mpsc::channel::<Chunk>(CHUNK_CAPACITY);
    let ledger = Ledger::new(
        rpc,
        pool.clone(),
        chunks,
        commitment,
        std::time::Duration::ZERO,
    );
    let read = async {
        let read = ledger.read_slots(slots).await;
        // Nothing more will come.
        drop(ledger);
        read
    };
    let write = async {
        let mut total = Backfilled::default();
        while let Some(chunk) = received.recv().await {
            let mut connection = pool.acquire().await?;
            let written = ingest::store_history(&mut connection, chunk).await?;
            total.transactions = total.transactions.saturating_add(written.transactions);
            total.rows = total.rows.saturating_add(written.rows);
            total.letters = total.letters.saturating_add(written.letters);
            tracing::info!(transactions = total.transactions, "backfilled");
        }
        Ok::<_, LedgerError>(total)
    };
    let (read, written) = tokio::join!(read, write);
    let total = written?;
    match read? {
        Some(missing) => Err(LedgerError::Unserved(missing)),
        None => Ok(total),
    }
}
