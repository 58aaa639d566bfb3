//! The simplest thing that writes down what a node tells: an INSERT for each
//! notification, whatever it says. It keeps no order, knows no forks, and what it misses
//! it never learns.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
    time::SystemTime,
};

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use lottery_client::{
    account::{Account, decode_any},
    lottery,
};
use lottery_localnet::Localnet;
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_commitment_config::CommitmentConfig;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client_api::config::{
    RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcTransactionLogsConfig,
    RpcTransactionLogsFilter,
};
use sqlx::{PgConnection, PgPool};
use tokio::task::JoinHandle;

use super::visible::Sighting;
use crate::lock::lock;

/// Its tables, beside those of the indexer.
const TABLES: &str = "
    CREATE SCHEMA bare;
    CREATE TABLE bare.accounts (address text, slot int8, lamports int8, data bytea);
    CREATE TABLE bare.transactions (signature text, slot int8, logs text[]);";

type Rows = Arc<Mutex<HashMap<String, Sighting>>>;

/// Writes until dropped.
pub struct Bare {
    entries: Rows,
    transactions: Rows,
    tasks: [JoinHandle<()>; 2],
}

impl Bare {
    pub async fn start(localnet: &Localnet, pool: &PgPool) -> Result<Self> {
        sqlx::raw_sql(TABLES).execute(pool).await?;
        let (entries, transactions) = (Rows::default(), Rows::default());
        let connect = async || {
            let client = PubsubClient::new(localnet.ws_url()).await;
            let client = client.context("connecting for what runs beside the indexer")?;
            anyhow::Ok((client, pool.acquire().await?.detach()))
        };
        let (client, connection) = connect().await?;
        let accounts = tokio::spawn(told(follow_accounts(client, connection, entries.clone())));
        let (client, connection) = connect().await?;
        let logs = tokio::spawn(told(follow_logs(client, connection, transactions.clone())));
        Ok(Self {
            entries,
            transactions,
            tasks: [accounts, logs],
        })
    }

    /// Whether all these are written.
    pub fn has_entries(&self, addresses: &HashSet<String>) -> bool {
        let entries = lock(&self.entries);
        addresses
            .iter()
            .all(|address| entries.contains_key(address))
    }

    /// Entries and transactions, as first written.
    pub fn finish(self) -> [HashMap<String, Sighting>; 2] {
        for task in &self.tasks {
            task.abort();
        }
        [&self.entries, &self.transactions].map(|rows| std::mem::take(&mut *lock(rows)))
    }
}

async fn told(work: impl Future<Output = Result<()>>) {
    if let Err(error) = work.await {
        tracing::error!("what runs beside the indexer broke off: {error:#}");
    }
}

fn note(rows: &Rows, name: String, slot: u64) {
    let at = SystemTime::now();
    lock(rows).entry(name).or_insert(Sighting { slot, at });
}

async fn follow_accounts(
    client: PubsubClient,
    mut connection: PgConnection,
    entries: Rows,
) -> Result<()> {
    let config = RpcProgramAccountsConfig {
        account_config: RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            commitment: Some(CommitmentConfig::confirmed()),
            ..Default::default()
        },
        ..Default::default()
    };
    let subscribed = client.program_subscribe(&lottery::ID, Some(config)).await;
    let (mut changes, _) = subscribed?;
    while let Some(change) = changes.next().await {
        let account = change.value.account.to_account();
        let account = account.context("an account in another encoding than asked for")?;
        sqlx::query("INSERT INTO bare.accounts VALUES ($1, $2, $3, $4)")
            .bind(&change.value.pubkey)
            .bind(i64::try_from(change.context.slot)?)
            .bind(i64::try_from(account.lamports)?)
            .bind(&account.data)
            .execute(&mut connection)
            .await?;
        if let Ok(Account::Entry(_)) = decode_any(&account.owner, &account.data) {
            note(&entries, change.value.pubkey, change.context.slot);
        }
    }
    Ok(())
}

async fn follow_logs(
    client: PubsubClient,
    mut connection: PgConnection,
    transactions: Rows,
) -> Result<()> {
    let filter = RpcTransactionLogsFilter::Mentions(vec![lottery::ID.to_string()]);
    let config = RpcTransactionLogsConfig {
        commitment: Some(CommitmentConfig::confirmed()),
    };
    let (mut logs, _) = client.logs_subscribe(filter, config).await?;
    while let Some(told) = logs.next().await {
        sqlx::query("INSERT INTO bare.transactions VALUES ($1, $2, $3)")
            .bind(&told.value.signature)
            .bind(i64::try_from(told.context.slot)?)
            .bind(&told.value.logs)
            .execute(&mut connection)
            .await?;
        note(&transactions, told.value.signature, told.context.slot);
    }
    Ok(())
}
