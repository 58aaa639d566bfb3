//! Rows written anew as the chain has them, whatever they said.

use std::time::Duration;

use serde::Serialize;
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use sqlx::{PgConnection, postgres::PgConnectOptions};

use crate::{
    source::{AccountUpdate, MAX_READ, SourceError, read_accounts, take_snapshot},
    store::{
        self,
        batch::{Batch, TABLES},
        forks, present, watermark,
        writer::{Writer, WriterError},
    },
};

/// Rows written in one transaction.
const PART: usize = 5_000;

/// How long somebody else may hold the writing lock, such as an indexer that is ending.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why nothing could be done.
#[derive(Debug, thiserror::Error)]
pub enum ResyncError {
    #[error("the chain: {0}")]
    Chain(#[from] SourceError),
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("an indexer writes to this database; stop it first")]
    Taken,
    #[error(
        "the node is at slot {slot}, and the tables have everything up to slot {known}: ask a \
         node that is as far, or say --back if it is the tables that are wrong"
    )]
    Behind { slot: i64, known: i64 },
}

/// What is done, and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// The accounts; all of the program where there are none.
    pub only: &'a [Pubkey],
    /// Whether the tables go back to a node that is behind them.
    pub is_back: bool,
}

impl From<WriterError> for ResyncError {
    fn from(error: WriterError) -> Self {
        match error {
            WriterError::Taken => Self::Taken,
            WriterError::Database(error) => Self::Database(error),
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Resynced {
    /// The slot that the chain was read at, or later.
    pub slot: i64,
    /// Accounts that are on the chain, all of which were written.
    pub accounts: u64,
    /// Rows marked closed because their accounts are gone.
    pub closed: u64,
}

/// Writes the rows of all accounts, or of some, as the chain has them.
///
/// # Errors
/// When the chain or the database cannot be used, or an indexer is writing.
pub async fn resync(
    options: PgConnectOptions,
    rpc: &RpcClient,
    commitment: CommitmentConfig,
    wanted: Wanted<'_>,
) -> Result<Resynced, ResyncError> {
    let mut writer = Writer::new(options);
    lead(&mut writer).await?;
    let connection = writer.connection().await?;
    let done = if wanted.only.is_empty() {
        all(connection, rpc, commitment, wanted.is_back).await
    } else {
        some(connection, rpc, commitment, wanted.only).await
    };
    writer.close().await;
    done
}

async fn lead(writer: &mut Writer) -> Result<(), ResyncError> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match writer.connection().await {
            Ok(_) => return Ok(()),
            Err(WriterError::Taken) if tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn all(
    connection: &mut PgConnection,
    rpc: &RpcClient,
    commitment: CommitmentConfig,
    is_back: bool,
) -> Result<Resynced, ResyncError> {
    let snapshot = take_snapshot(rpc, commitment).await?;
    let mut done = Resynced {
        slot: snapshot.slot,
        ..Resynced::default()
    };
    let known = watermark::snapshot_slot(connection).await?;
    if let Some(known) = known.filter(|known| *known > snapshot.slot && !is_back) {
        let slot = snapshot.slot;
        return Err(ResyncError::Behind { slot, known });
    }
    present::begin(connection).await?;
    for part in snapshot.accounts.chunks(PART) {
        done.accounts = done.accounts.saturating_add(write(connection, part).await?);
        let addresses = part.iter().map(|account| account.address.to_string());
        present::add(connection, addresses).await?;
    }
    present::analyze(connection).await?;
    let mut transaction = store::begin(connection).await?;
    for table in TABLES {
        let closed = present::close_all_others(&mut transaction, table, snapshot.slot).await?;
        done.closed = done.closed.saturating_add(closed);
    }
    if is_back {
        watermark::go_back(&mut transaction, snapshot.slot).await?;
    }
    watermark::snapshot_done(&mut transaction, snapshot.slot).await?;
    transaction.commit().await?;
    Ok(done)
}

async fn some(
    connection: &mut PgConnection,
    rpc: &RpcClient,
    commitment: CommitmentConfig,
    only: &[Pubkey],
) -> Result<Resynced, ResyncError> {
    let mut done = Resynced::default();
    for part in only.chunks(MAX_READ) {
        let read = read_accounts(rpc, commitment, part, None).await?;
        done.slot = read
            .iter()
            .map(|update| update.slot)
            .max()
            .unwrap_or_default();
        let (gone, there): (Vec<_>, Vec<_>) = read.into_iter().partition(AccountUpdate::is_closed);
        done.accounts = done
            .accounts
            .saturating_add(write(connection, &there).await?);
        let addresses: Vec<String> = gone.iter().map(|u| u.address.to_string()).collect();
        let slots: Vec<i64> = gone.iter().map(|update| update.slot).collect();
        for table in TABLES {
            let closed = forks::close(connection, table, &addresses, &slots).await?;
            done.closed = done.closed.saturating_add(closed);
        }
    }
    Ok(done)
}

/// Writes accounts; how many there were.
async fn write(
    connection: &mut PgConnection,
    accounts: &[AccountUpdate],
) -> Result<u64, sqlx::Error> {
    let batch = Batch::decode(accounts.iter().cloned());
    let mut transaction = store::begin(connection).await?;
    batch.overwrite(&mut transaction).await?;
    transaction.commit().await?;
    Ok(u64::try_from(accounts.len()).unwrap_or(u64::MAX))
}
