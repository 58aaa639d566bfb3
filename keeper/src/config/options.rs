//! What can be set: the same keys in the file, as variables and as flags.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use lottery_service::{
    config::{self, OptionsError, Secret, values},
    options,
};
use solana_pubkey::Pubkey;

use super::{TransactionVersion, WithoutDatabase};

options! {
    prefix "LOTTERY_KEEPER_", example "keeper.example.toml";

    "Nodes" {
        /// HTTP addresses of the nodes, separated by commas; the first is preferred
        #[serde(with = "values::urls")]
        rpc_url: Vec<String>, "URL", "RPC_URL" [value_delimiter = ',', hide_env_values = true];
        /// WebSocket addresses of the nodes, one for each rpc-url [default: made from rpc-url]
        #[serde(with = "values::urls")]
        ws_url: Vec<String>, "URL", "WS_URL" [value_delimiter = ',', hide_env_values = true];
        /// Node address passed on to oracles [default: scheme, host and port of the first rpc-url]
        #[serde(serialize_with = "values::scrubbed")]
        oracle_rpc_url: String, "URL", "ORACLE_RPC_URL" [hide_env_values = true];
        /// Longest wait for an answer of a node (milliseconds) [default: 15000]
        rpc_timeout_ms: u64, "MS", "RPC_TIMEOUT_MS";
        /// Pause between two looks at how several nodes are (milliseconds) [default: 2000]
        probe_ms: u64, "MS", "PROBE_MS";
        /// Slots behind the best node from which one is left aside [default: 20]
        max_slot_lag: u64, "SLOTS", "MAX_SLOT_LAG";
        /// Longest wait for an answer of an oracle (milliseconds) [default: 5000]
        gateway_timeout_ms: u64, "MS", "GATEWAY_TIMEOUT_MS";
    }
    "Work" {
        /// Keypair that pays fees and rent
        keypair: PathBuf, "FILE", "KEYPAIR";
        /// The one house to serve [default: all]
        #[serde(with = "values::text")]
        house: Pubkey, "ADDRESS", "HOUSE";
        /// Lanes that each house should have; missing ones are opened [default: 1]
        lanes: u8, "COUNT", "LANES";
        /// Pay prizes and jackpots unasked [default: true]
        push_claims: bool, "BOOL", "PUSH_CLAIMS";
        /// Return the money of cancelled games unasked [default: true]
        push_refunds: bool, "BOOL", "PUSH_REFUNDS";
        /// Create token accounts of players who are paid tokens and have none; the keeper
        /// pays their rent, and the players may keep it [default: true]
        create_token_accounts: bool, "BOOL", "CREATE_TOKEN_ACCOUNTS";
        /// Close paid entries and games, so that their rent returns [default: true]
        close: bool, "BOOL", "CLOSE";
        /// How long after its end a paid game is closed (seconds) [default: 3600]
        close_after_seconds: u64, "SECONDS", "CLOSE_AFTER_SECONDS";
        /// Steps of draws done at the same time [default: 32]
        draw_jobs: usize, "COUNT", "DRAW_JOBS";
        /// Transactions of payments under way at the same time [default: 16]
        push_jobs: usize, "COUNT", "PUSH_JOBS";
        /// Pause between two looks at the chain's clock (milliseconds) [default: 400]
        tick_ms: u64, "MS", "TICK_MS";
        /// How long changes are collected before planning (milliseconds) [default: 20]
        debounce_ms: u64, "MS", "DEBOUNCE_MS";
        /// Pause between two full scans (seconds) [default: 60]
        scan_seconds: u64, "SECONDS", "SCAN_SECONDS";
        /// How long a stop waits for what is under way (seconds) [default: 30]
        drain_seconds: u64, "SECONDS", "DRAIN_SECONDS";
        /// Balance of the fee payer below which doctor and alerts complain (lamports)
        /// [default: 100000000]
        min_balance: u64, "LAMPORTS", "MIN_BALANCE";
    }
    "Fees" {
        /// Share of recent priority fees on the same accounts that is not above what is
        /// offered (percent) [default: 50]
        fee_percentile: u8, "PERCENT", "FEE_PERCENTILE";
        /// The same for what is urgent (percent) [default: 95]
        fee_urgent_percentile: u8, "PERCENT", "FEE_URGENT_PERCENTILE";
        /// Least priority fee offered (millionths of a lamport per compute unit) [default: 0]
        fee_min_micro_lamports: u64, "MICROLAMPORTS", "FEE_MIN_MICRO_LAMPORTS";
        /// Most priority fee that a transaction may cost (lamports); 0 pays none and does
        /// not ask what others pay [default: 100000]
        fee_cap_lamports: u64, "LAMPORTS", "FEE_CAP_LAMPORTS";
        /// Leave undone what costs more than it earns [default: true]
        profit_guard: bool, "BOOL", "PROFIT_GUARD";
        /// What a transaction may lose before it is left undone (lamports) [default: 0]
        max_loss_lamports: u64, "LAMPORTS", "MAX_LOSS_LAMPORTS";
        /// Format of transactions; v1 needs a cluster that has it [default: legacy]
        transaction_version: TransactionVersion, "VERSION", "TRANSACTION_VERSION";
        /// Address lookup tables that transactions may use, separated by commas; with v0 only
        #[serde(with = "values::texts")]
        lookup_tables: Vec<Pubkey>, "ADDRESS", "LOOKUP_TABLES" [value_delimiter = ','];
    }
    "Database" {
        /// Postgres database of the lease and the journal [default: none]
        database_url: Secret, "URL", "DATABASE_URL" [hide_env_values = true];
        /// Name of the lease; keepers with the same one take turns [default: keeper]
        lease_name: String, "NAME", "LEASE_NAME";
        /// How long a lease lasts that its holder does not renew (seconds) [default: 3]
        lease_seconds: u64, "SECONDS", "LEASE_SECONDS";
        /// What to do while the database does not answer [default: act]
        without_database: WithoutDatabase, "WHAT", "WITHOUT_DATABASE";
        /// How long the database may be silent before that is done (seconds) [default: 10]
        database_patience_seconds: u64, "SECONDS", "DATABASE_PATIENCE_SECONDS";
        /// How long the journal keeps what is done (days) [default: 30]
        journal_keep_days: u64, "DAYS", "JOURNAL_KEEP_DAYS";
    }
    "Monitoring" {
        /// Address and port of /metrics, /healthz and /readyz [default: none]
        listen: SocketAddr, "ADDRESS", "LISTEN";
        /// How long nothing may move on before /healthz says so (seconds) [default: 120]
        stall_seconds: u64, "SECONDS", "STALL_SECONDS";
    }
}

impl Options {
    /// Reads a configuration file. A relative keypair path counts from there.
    pub fn read(path: &Path) -> Result<Self, OptionsError> {
        let mut options: Self = config::read(path, Self::KEYS)?;
        if let (Some(keypair), Some(folder)) = (&options.keypair, path.parent()) {
            options.keypair = Some(folder.join(keypair));
        }
        Ok(options)
    }
}
