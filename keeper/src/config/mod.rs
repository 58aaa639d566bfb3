//! Configuration: a TOML file, then LOTTERY_KEEPER_* variables, then flags, the
//! later ones winning. Unknown keys and variables are refused by name. Secrets are
//! never printed.

mod check;
mod endpoint;
mod options;
mod shown;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::ValueEnum;
use lottery_client::sender::fees::FeeSettings;
use serde::{Deserialize, Serialize};
use solana_pubkey::Pubkey;

pub use lottery_service::config::{Endpoint, OptionsError, Secret};
use lottery_service::url::origin;
pub use options::{Options, Start};

use crate::plan::Settings;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// The configuration, complete and checked. It displays as a TOML file without its
/// secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// Where the chain is read and written; one at least, none twice.
    pub endpoints: Vec<Endpoint>,
    /// Passed on to oracles.
    pub oracle_rpc_url: String,
    /// Longest wait for an answer of a node.
    pub rpc_timeout: Duration,
    /// Pause between two health probes, where there are several endpoints.
    pub probe: Duration,
    /// Slots behind the best endpoint from which one is left aside.
    pub max_slot_lag: u64,
    /// Longest wait for an answer of an oracle.
    pub gateway_timeout: Duration,
    pub keypair: Option<PathBuf>,
    pub settings: Settings,
    /// Create token accounts of players who are paid and have none.
    pub create_token_accounts: bool,
    /// Steps of draws at the same time.
    pub draw_jobs: usize,
    /// Transactions of payments at the same time.
    pub push_jobs: usize,
    /// Pause between two looks at the chain's clock.
    pub tick: Duration,
    /// How long changes are collected before planning.
    pub debounce: Duration,
    /// Pause between two full scans.
    pub scan: Duration,
    /// How long a stop waits for what is under way.
    pub drain: Duration,
    /// Balance of the fee payer that is too little (lamports).
    pub min_balance: u64,
    pub fees: Fees,
    /// Leave undone what costs more than it earns …
    pub profit_guard: bool,
    /// … by more than this (lamports a transaction); 0 without the guard.
    pub max_loss_lamports: u64,
    pub transaction_version: TransactionVersion,
    /// Address lookup tables; none unless the version is v0.
    pub lookup_tables: Vec<Pubkey>,
    pub database: Database,
    /// Where /metrics, /healthz and /readyz are served.
    pub listen: Option<SocketAddr>,
    /// How long nothing may move on before /healthz says so.
    pub stall: Duration,
}

/// Priority fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Percentile of recent fees on the same accounts that is offered (1 to 100) …
    pub percentile: u8,
    /// … and for what is urgent; not below the other.
    pub urgent_percentile: u8,
    /// Least offer (millionths of a lamport per compute unit).
    pub min_micro_lamports: u64,
    /// Most that a transaction may cost beside its base fee (lamports); with 0
    /// nothing is offered, and nobody asked what others pay.
    pub cap_lamports: u64,
}

impl Fees {
    /// As senders take them.
    pub fn settings(&self) -> FeeSettings {
        FeeSettings {
            percentile: self.percentile,
            urgent_percentile: self.urgent_percentile,
            min_micro_lamports: self.min_micro_lamports,
            cap_lamports: self.cap_lamports,
        }
    }
}

/// The database of the lease and the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Without one there is neither lease nor journal.
    pub url: Option<Secret>,
    /// Keepers with the same name take turns.
    pub lease_name: String,
    /// How long a lease lasts that its holder does not renew.
    pub lease: Duration,
    pub without: WithoutDatabase,
    /// How long the database may be silent before `without` is done.
    pub patience: Duration,
    /// How long the journal keeps what is done.
    pub journal_keep: Duration,
}

/// The format of transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum TransactionVersion {
    Legacy,
    /// With address lookup tables.
    V0,
    /// Larger ones, on clusters that have them.
    V1,
}

/// What to do while the database does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum WithoutDatabase {
    /// Go on without lease and journal: losers of a race are refused by the program.
    Act,
    /// Begin nothing until it is back.
    Wait,
}

impl Config {
    /// Fills in what is not set and checks what is.
    pub fn complete(options: Options) -> Result<Self, OptionsError> {
        let endpoints = endpoint::all(options.rpc_url, options.ws_url)?;
        let first = endpoints.first().map(|endpoint| origin(&endpoint.rpc_url));
        let oracle_rpc_url = options
            .oracle_rpc_url
            .unwrap_or_else(|| first.unwrap_or_default().to_owned());
        let seconds =
            |setting: Option<u64>, default| Duration::from_secs(setting.unwrap_or(default));
        let millis =
            |setting: Option<u64>, default| Duration::from_millis(setting.unwrap_or(default));
        let days = options.journal_keep_days.unwrap_or(30);
        let config = Self {
            endpoints,
            oracle_rpc_url,
            rpc_timeout: millis(options.rpc_timeout_ms, 15_000),
            probe: millis(options.probe_ms, 2_000),
            max_slot_lag: options.max_slot_lag.unwrap_or(20),
            gateway_timeout: millis(options.gateway_timeout_ms, 5_000),
            keypair: options.keypair,
            settings: Settings {
                house: options.house,
                lanes: options.lanes.unwrap_or(1),
                push_claims: options.push_claims.unwrap_or(true),
                push_refunds: options.push_refunds.unwrap_or(true),
                close: options.close.unwrap_or(true),
                close_after: seconds(options.close_after_seconds, 3_600),
                ..Settings::default()
            },
            create_token_accounts: options.create_token_accounts.unwrap_or(true),
            draw_jobs: options.draw_jobs.unwrap_or(32),
            push_jobs: options.push_jobs.unwrap_or(16),
            tick: millis(options.tick_ms, 400),
            debounce: millis(options.debounce_ms, 20),
            scan: seconds(options.scan_seconds, 60),
            drain: seconds(options.drain_seconds, 30),
            min_balance: options.min_balance.unwrap_or(100_000_000),
            fees: Fees {
                percentile: options.fee_percentile.unwrap_or(50),
                urgent_percentile: options.fee_urgent_percentile.unwrap_or(95),
                min_micro_lamports: options.fee_min_micro_lamports.unwrap_or(0),
                cap_lamports: options.fee_cap_lamports.unwrap_or(100_000),
            },
            profit_guard: options.profit_guard.unwrap_or(true),
            max_loss_lamports: options.max_loss_lamports.unwrap_or(0),
            transaction_version: options
                .transaction_version
                .unwrap_or(TransactionVersion::Legacy),
            lookup_tables: options.lookup_tables.unwrap_or_default(),
            database: Database {
                url: options.database_url,
                lease_name: options.lease_name.unwrap_or_else(|| "keeper".to_owned()),
                lease: seconds(options.lease_seconds, 3),
                without: options.without_database.unwrap_or(WithoutDatabase::Act),
                patience: seconds(options.database_patience_seconds, 10),
                journal_keep: Duration::from_secs(days.saturating_mul(DAY)),
            },
            listen: options.listen,
            stall: seconds(options.stall_seconds, 120),
        };
        check::check(&config)?;
        Ok(config)
    }
}

fn value(key: &'static str, problem: &'static str) -> OptionsError {
    OptionsError::value(key, problem)
}

#[cfg(test)]
mod tests;
