//! A Postgres database of a trial's own, and what a keeper's tables say.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use lottery_scratch::ScratchDatabase;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use sqlx::{
    Connection as _,
    postgres::{PgConnectOptions, PgSslMode},
};

/// An empty database.
#[derive(Debug)]
pub struct Database {
    pub scratch: ScratchDatabase,
}

/// A row of the journal.
#[derive(Clone, Debug)]
pub struct Written {
    pub signature: Signature,
    /// As on the wire.
    pub transaction: Vec<u8>,
    /// `open`, `landed`, `failed` or `dead`.
    pub state: String,
}

/// Who leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Process id of the holder.
    pub process: u32,
    pub epoch: i64,
    /// Whether it has not run out.
    pub holds: bool,
}

impl Database {
    /// Creates it on `DATABASE_URL`'s server, or the one of the `PG*` variables.
    pub async fn create() -> Result<Self> {
        Self::on(lottery_scratch::server()?).await
    }

    /// Creates it on a server.
    pub async fn on(server: PgConnectOptions) -> Result<Self> {
        // What is encrypted cannot be told apart on its way.
        let server = server.ssl_mode(PgSslMode::Disable);
        let scratch = ScratchDatabase::on(server, "trial").await?;
        Ok(Self { scratch })
    }

    /// Everything that was written down under a lease.
    pub async fn journal(&self, lease: &str) -> Result<Vec<Written>> {
        let mut connection = self.scratch.connect().await?;
        let rows: Vec<(Vec<u8>, Vec<u8>, String)> = sqlx::query_as(
            "SELECT signature, transaction, state FROM lottery_keeper.journal WHERE lease = $1",
        )
        .bind(lease)
        .fetch_all(&mut connection)
        .await?;
        connection.close().await?;
        let written = rows.into_iter().map(|(signature, transaction, state)| {
            let signature = Signature::try_from(signature).ok();
            Ok(Written {
                signature: signature.context("a signature has not 64 bytes")?,
                transaction,
                state,
            })
        });
        written.collect()
    }

    /// Who leads; `None` before anybody has, and before there are tables.
    pub async fn lease(&self, name: &str) -> Result<Option<Lease>> {
        let mut connection = self.scratch.connect().await?;
        let there: bool =
            sqlx::query_scalar("SELECT to_regclass('lottery_keeper.lease') IS NOT NULL")
                .fetch_one(&mut connection)
                .await?;
        let mut row: Option<(String, i64, bool)> = None;
        if there {
            row = sqlx::query_as(
                "SELECT label, epoch, expires_at > clock_timestamp()
                 FROM lottery_keeper.lease WHERE name = $1",
            )
            .bind(name)
            .fetch_optional(&mut connection)
            .await?;
        }
        connection.close().await?;
        let Some((label, epoch, holds)) = row else {
            return Ok(None);
        };
        let process = label.rsplit(' ').next().and_then(|id| id.parse().ok());
        Ok(Some(Lease {
            process: process.context("the label of a lease names no process")?,
            epoch,
            holds,
        }))
    }

    /// How often each oracle was asked in vain, as a lease's last leader left it.
    pub async fn oracle_failures(&self, lease: &str) -> Result<BTreeMap<Pubkey, i64>> {
        let mut connection = self.scratch.connect().await?;
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT oracle, failures FROM lottery_keeper.oracles WHERE lease = $1")
                .bind(lease)
                .fetch_all(&mut connection)
                .await?;
        connection.close().await?;
        let failures = rows.into_iter();
        failures
            .map(|(oracle, failures)| Ok((oracle.parse()?, failures)))
            .collect()
    }
}
