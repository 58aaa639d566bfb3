//! Configuration: a TOML file, then LOTTERY_INDEXER_* variables, then flags, the later
//! ones winning. Where none of them names a node or a database, the variables that other
//! tools read do. Unknown keys and variables are refused by name. Secrets are never
//! printed.

mod check;
mod database;
mod general;
mod options;
mod shown;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::ValueEnum;
pub use lottery_service::config::{Endpoint, OptionsError, Secret};
use serde::{Deserialize, Serialize};
use solana_commitment_config::CommitmentConfig;

use crate::source::geyser::{Authorities, GeyserServer, GeyserSettingError};
pub use database::Database;
pub use options::{Options, Start};

/// A node on this machine, as `solana-test-validator` starts one.
const LOCAL_NODE: &str = "http://127.0.0.1:8899";

/// The configuration, complete and checked. It displays as a TOML file without its
/// secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// Where snapshots and the ledger come from.
    pub endpoint: Endpoint,
    /// Where changes come from.
    pub source: SourceKind,
    /// There is one where `source` is [`SourceKind::Geyser`].
    pub geyser: Option<Geyser>,
    /// How sure what is written has to be.
    pub commitment: Commitment,
    /// Between two full snapshots, which find closed accounts and whatever the stream
    /// lost.
    pub snapshot: Duration,
    /// A stream that is silent for this long while the chain goes on is given up.
    pub stream_silence: Duration,
    /// Between two looks for new transactions.
    pub ledger: Duration,
    /// Where everything is written.
    pub database: Database,
    /// Where requests are answered from, if not there.
    pub replica: Option<Database>,
    /// Connections to each of them at most.
    pub connections: u32,
    /// How long events are kept (months); `None` for ever.
    pub events_keep_months: Option<u32>,
    /// How far ahead partitions are made (months).
    pub partitions_ahead_months: u32,
    /// Between two refreshes of the statistics; `None` for never.
    pub statistics: Option<Duration>,
    /// Where the API is served.
    pub listen: SocketAddr,
    /// Where /metrics, /healthz and /readyz are served.
    pub metrics_listen: Option<SocketAddr>,
    /// How long nothing may move on before /healthz says so.
    pub stall: Duration,
    /// How long a stop waits for what is under way.
    pub drain: Duration,
}

/// Where changes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A node's WebSocket.
    Websocket,
    /// Snapshots alone.
    Polling,
    /// A Yellowstone gRPC server.
    Geyser,
}

/// A Yellowstone gRPC server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Geyser {
    /// May hold a key: show it scrubbed.
    pub url: Secret,
    /// Sent as `x-token`.
    pub token: Option<Secret>,
    /// File of certificates of who vouches for it.
    pub authorities: Option<PathBuf>,
}

impl Geyser {
    fn at(
        url: Option<String>,
        token: Option<Secret>,
        authorities: Option<PathBuf>,
    ) -> Result<Option<Self>, OptionsError> {
        let of_it = [
            ("geyser_token", token.is_some()),
            ("geyser_ca", authorities.is_some()),
        ];
        let lost = of_it.into_iter().find(|(_, is_set)| *is_set);
        if let (None, Some((key, _))) = (&url, lost) {
            let problem = "means nothing without geyser_url; give that or remove this";
            return Err(OptionsError::value(key, problem));
        }
        Ok(url.map(|url| Self {
            url: url.as_str().into(),
            token,
            authorities,
        }))
    }

    /// As the client takes them, but for the certificates.
    ///
    /// # Errors
    /// When one of them cannot be one.
    fn parsed(&self) -> Result<GeyserServer, GeyserSettingError> {
        let token = self.token.as_ref().map(|token| token.expose().parse());
        Ok(GeyserServer {
            url: self.url.expose().parse()?,
            token: token.transpose()?,
            authorities: None,
        })
    }

    /// As the client takes them.
    ///
    /// # Errors
    /// When one of them cannot be one, or the file of certificates cannot be read.
    pub fn server(&self) -> Result<GeyserServer, GeyserSettingError> {
        let authorities = self.authorities.as_deref().map(Authorities::read);
        Ok(GeyserServer {
            authorities: authorities.transpose()?,
            ..self.parsed()?
        })
    }
}

/// How sure it is that what is written stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Commitment {
    /// A block was executed; a fork may drop it.
    Processed,
    /// Two thirds of the stake voted for it; none such has ever been undone, and it is
    /// there some ten seconds before it is final.
    Confirmed,
    /// It cannot be undone.
    Finalized,
}

impl From<Commitment> for CommitmentConfig {
    fn from(commitment: Commitment) -> Self {
        match commitment {
            Commitment::Processed => Self::processed(),
            Commitment::Confirmed => Self::confirmed(),
            Commitment::Finalized => Self::finalized(),
        }
    }
}

impl Config {
    /// What flags, variables and file say, completed and checked. `variable` looks up
    /// the variables of other tools.
    pub fn load(
        named: Options,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, OptionsError> {
        Self::complete(general::fill(named, variable))
    }

    /// Fills in what is not set and checks what is.
    pub fn complete(options: Options) -> Result<Self, OptionsError> {
        let seconds =
            |setting: Option<u64>, default| Duration::from_secs(setting.unwrap_or(default));
        let rpc_url = options.rpc_url.unwrap_or_else(|| LOCAL_NODE.to_owned());
        let statistics = options.statistics_seconds.unwrap_or(600);
        let config = Self {
            endpoint: Endpoint::new(rpc_url, options.ws_url)?,
            source: options.source.unwrap_or(SourceKind::Websocket),
            geyser: Geyser::at(options.geyser_url, options.geyser_token, options.geyser_ca)?,
            commitment: options.commitment.unwrap_or(Commitment::Confirmed),
            snapshot: seconds(options.snapshot_seconds, 30),
            stream_silence: seconds(options.stream_silence_seconds, 15),
            ledger: Duration::from_millis(options.ledger_ms.unwrap_or(1_000)),
            database: match options.database_url {
                Some(url) => Database::at("database_url", url)?,
                None => Database::from_pg_environment(),
            },
            replica: options
                .database_read_url
                .map(|url| Database::at("database_read_url", url))
                .transpose()?,
            connections: options.database_connections.unwrap_or(20),
            events_keep_months: options.events_keep_months,
            partitions_ahead_months: options.partitions_ahead_months.unwrap_or(3),
            statistics: (statistics > 0).then_some(Duration::from_secs(statistics)),
            listen: options.listen.unwrap_or_else(options::local_api),
            metrics_listen: options.metrics_listen,
            stall: seconds(options.stall_seconds, 120),
            drain: seconds(options.drain_seconds, 30),
        };
        check::check(&config)?;
        Ok(config)
    }

    /// Where requests are answered from.
    pub fn readable(&self) -> &Database {
        self.replica.as_ref().unwrap_or(&self.database)
    }
}

#[cfg(test)]
mod tests;
