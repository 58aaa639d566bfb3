//! What the chain itself says, which the tables are held against.

use std::collections::HashSet;

use anchor_lang::Discriminator as _;
use anyhow::Result;
use lottery_client::lottery::{self, state::Entry};
use solana_account_decoder_client_types::{UiAccountEncoding, UiDataSliceConfig};
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    config::{RpcAccountInfoConfig, RpcProgramAccountsConfig},
    filter::{Memcmp, RpcFilterType},
};
use sqlx::PgPool;

use crate::signatures;

/// Names of entries and of transactions.
#[derive(Debug, Default)]
pub struct Names {
    pub entries: HashSet<String>,
    pub transactions: HashSet<String>,
}

impl Names {
    /// Of all that a node has, as confirmed.
    pub async fn of_chain(rpc: &RpcClient) -> Result<Self> {
        let config = RpcProgramAccountsConfig {
            filters: Some(vec![RpcFilterType::Memcmp(Memcmp::new_raw_bytes(
                0,
                Entry::DISCRIMINATOR.to_vec(),
            ))]),
            account_config: RpcAccountInfoConfig {
                encoding: Some(UiAccountEncoding::Base64),
                data_slice: Some(UiDataSliceConfig {
                    offset: 0,
                    length: 0,
                }),
                commitment: Some(CommitmentConfig::confirmed()),
                ..Default::default()
            },
            ..Default::default()
        };
        let entries = rpc.get_program_ui_accounts_with_config(&lottery::ID, config);
        let entries = entries.await?.into_iter();
        let listed = signatures::of(rpc, &lottery::ID).await?;
        Ok(Self {
            entries: entries.map(|(address, _)| address.to_string()).collect(),
            transactions: listed.into_iter().map(|it| it.signature).collect(),
        })
    }

    /// Of all that is in the tables.
    pub async fn of_tables(pool: &PgPool) -> Result<Self> {
        let entries: Vec<String> = sqlx::query_scalar("SELECT address FROM entries")
            .fetch_all(pool)
            .await?;
        let transactions: Vec<String> = sqlx::query_scalar("SELECT signature FROM transactions")
            .fetch_all(pool)
            .await?;
        Ok(Self {
            entries: entries.into_iter().collect(),
            transactions: transactions.into_iter().collect(),
        })
    }
}
