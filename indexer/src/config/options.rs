//! What can be set: the same keys in the file, as variables and as flags.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use lottery_service::{
    config::{self, OptionsError, Secret, values},
    options,
};

use super::{Commitment, SourceKind};

options! {
    prefix "LOTTERY_INDEXER_", example "deploy/indexer.toml";

    "Chain" {
        /// HTTP address of a node, for snapshots and the ledger [default: RPC_URL, or else
        /// http://127.0.0.1:8899]
        #[serde(serialize_with = "values::scrubbed")]
        rpc_url: String, "URL", "RPC_URL" [hide_env_values = true];
        /// WebSocket address of the node [default: made from rpc-url]
        #[serde(serialize_with = "values::scrubbed")]
        ws_url: String, "URL", "WS_URL" [hide_env_values = true];
        /// Where changes come from: the node's WebSocket, snapshots alone, or a Yellowstone
        /// gRPC server [default: websocket]
        source: SourceKind, "SOURCE", "SOURCE";
        /// Address of the Yellowstone gRPC server
        #[serde(serialize_with = "values::scrubbed")]
        geyser_url: String, "URL", "GEYSER_URL" [hide_env_values = true];
        /// What the gRPC server knows its customer by (x-token) [default: none]
        geyser_token: Secret, "TOKEN", "GEYSER_TOKEN" [hide_env_values = true];
        /// Certificates (PEM) of who vouches for the gRPC server, beside the authorities of
        /// the public web [default: none]
        geyser_ca: PathBuf, "FILE", "GEYSER_CA";
        /// How sure what is written has to be [default: confirmed]
        commitment: Commitment, "LEVEL", "COMMITMENT";
        /// Between two full snapshots, which find closed accounts and whatever the stream
        /// lost (seconds) [default: 30]
        snapshot_seconds: u64, "SECONDS", "SNAPSHOT_SECONDS";
        /// How long the stream may be silent while the chain goes on before it is opened
        /// anew (seconds) [default: 15]
        stream_silence_seconds: u64, "SECONDS", "STREAM_SILENCE_SECONDS";
        /// Between two looks for new transactions (milliseconds) [default: 1000]
        ledger_ms: u64, "MS", "LEDGER_MS";
    }
    "Database" {
        /// Postgres database that everything is written to [default: DATABASE_URL, or else
        /// the PG* variables that psql reads]
        database_url: Secret, "URL", "DATABASE_URL" [hide_env_values = true];
        /// A replica of it that requests are answered from [default: DATABASE_READ_URL, or
        /// else the database itself]
        database_read_url: Secret, "URL", "DATABASE_READ_URL" [hide_env_values = true];
        /// Most connections to it; `run` keeps six of them for writing [default: 20]
        database_connections: u32, "COUNT", "DATABASE_CONNECTIONS";
        /// How long events are kept (months) [default: for ever]
        events_keep_months: u32, "MONTHS", "EVENTS_KEEP_MONTHS";
        /// How far ahead partitions are made (months) [default: 3]
        partitions_ahead_months: u32, "MONTHS", "PARTITIONS_AHEAD_MONTHS";
        /// Between two refreshes of the statistics (seconds); 0 for never [default: 600]
        statistics_seconds: u64, "SECONDS", "STATISTICS_SECONDS";
    }
    "Service" {
        /// Address and port of the API [default: 127.0.0.1:8080]
        listen: SocketAddr, "ADDRESS", "LISTEN";
        /// Address and port of /metrics, /healthz and /readyz [default: none]
        metrics_listen: SocketAddr, "ADDRESS", "METRICS_LISTEN";
        /// How long nothing may move on before /healthz says so (seconds) [default: 120]
        stall_seconds: u64, "SECONDS", "STALL_SECONDS";
        /// How long a stop waits for what is under way (seconds) [default: 30]
        drain_seconds: u64, "SECONDS", "DRAIN_SECONDS";
    }
}

impl Options {
    /// Reads a configuration file.
    pub fn read(path: &Path) -> Result<Self, OptionsError> {
        config::read(path, Self::KEYS)
    }
}

/// Where the API is served unless told otherwise: to this machine.
pub(super) fn local_api() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}
