//! Configuration: a TOML file, then LOTTERY_KEEPER_* variables, then flags, the
//! later ones winning. Unknown keys and variables are refused by name. Endpoints
//! and keys are never printed.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use clap::{ArgAction, Args};
use serde::{Deserialize, Deserializer, de::Error as _};
use solana_pubkey::Pubkey;

use crate::{
    error::ConfigError,
    pack::Capacity,
    plan::Settings,
    url::{is_url, origin, websocket_url},
};

/// Prefix of the environment variables.
pub const ENV_PREFIX: &str = "LOTTERY_KEEPER_";

/// Everything that can be set; the same keys in file, environment and flags.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// HTTP address of the node
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "LOTTERY_KEEPER_RPC_URL",
        hide_env_values = true
    )]
    pub rpc_url: Option<String>,
    /// WebSocket address of the node [default: made from rpc-url]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "LOTTERY_KEEPER_WS_URL",
        hide_env_values = true
    )]
    pub ws_url: Option<String>,
    /// Node address passed on to oracles [default: scheme, host and port of rpc-url]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "LOTTERY_KEEPER_ORACLE_RPC_URL",
        hide_env_values = true
    )]
    pub oracle_rpc_url: Option<String>,
    /// Keypair that pays fees and rent
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "LOTTERY_KEEPER_KEYPAIR"
    )]
    pub keypair: Option<PathBuf>,
    /// The one house to serve [default: all]
    #[arg(
        long,
        global = true,
        value_name = "ADDRESS",
        env = "LOTTERY_KEEPER_HOUSE"
    )]
    #[serde(deserialize_with = "parse_text")]
    pub house: Option<Pubkey>,
    /// Lanes that each house should have; missing ones are opened [default: 1]
    #[arg(
        long,
        global = true,
        value_name = "COUNT",
        env = "LOTTERY_KEEPER_LANES"
    )]
    pub lanes: Option<u8>,
    /// Pay prizes and jackpots unasked [default: true]
    #[arg(long, global = true, value_name = "BOOL", env = "LOTTERY_KEEPER_PUSH_CLAIMS", action = ArgAction::Set)]
    pub push_claims: Option<bool>,
    /// Return the money of cancelled games unasked [default: true]
    #[arg(long, global = true, value_name = "BOOL", env = "LOTTERY_KEEPER_PUSH_REFUNDS", action = ArgAction::Set)]
    pub push_refunds: Option<bool>,
    /// Create token accounts of players who are paid tokens and have none; the keeper
    /// pays their rent, and the players may keep it [default: true]
    #[arg(long, global = true, value_name = "BOOL", env = "LOTTERY_KEEPER_CREATE_TOKEN_ACCOUNTS", action = ArgAction::Set)]
    pub create_token_accounts: Option<bool>,
    /// Close paid entries and games, so that their rent returns [default: true]
    #[arg(long, global = true, value_name = "BOOL", env = "LOTTERY_KEEPER_CLOSE", action = ArgAction::Set)]
    pub close: Option<bool>,
    /// How long after its end a paid game is closed (seconds) [default: 3600]
    #[arg(
        long,
        global = true,
        value_name = "SECONDS",
        env = "LOTTERY_KEEPER_CLOSE_AFTER_SECONDS"
    )]
    pub close_after_seconds: Option<u64>,
    /// Steps of draws done at the same time [default: 32]
    #[arg(
        long,
        global = true,
        value_name = "COUNT",
        env = "LOTTERY_KEEPER_DRAW_JOBS"
    )]
    pub draw_jobs: Option<usize>,
    /// Transactions of payments under way at the same time [default: 16]
    #[arg(
        long,
        global = true,
        value_name = "COUNT",
        env = "LOTTERY_KEEPER_PUSH_JOBS"
    )]
    pub push_jobs: Option<usize>,
    /// Pause between two looks at the chain's clock (milliseconds) [default: 400]
    #[arg(long, global = true, value_name = "MS", env = "LOTTERY_KEEPER_TICK_MS")]
    pub tick_ms: Option<u64>,
    /// How long changes are collected before planning (milliseconds) [default: 20]
    #[arg(
        long,
        global = true,
        value_name = "MS",
        env = "LOTTERY_KEEPER_DEBOUNCE_MS"
    )]
    pub debounce_ms: Option<u64>,
    /// Pause between two full scans (seconds) [default: 60]
    #[arg(
        long,
        global = true,
        value_name = "SECONDS",
        env = "LOTTERY_KEEPER_SCAN_SECONDS"
    )]
    pub scan_seconds: Option<u64>,
    /// How long a stop waits for what is under way (seconds) [default: 30]
    #[arg(
        long,
        global = true,
        value_name = "SECONDS",
        env = "LOTTERY_KEEPER_DRAIN_SECONDS"
    )]
    pub drain_seconds: Option<u64>,
    /// Longest wait for an answer of the node (milliseconds) [default: 15000]
    #[arg(
        long,
        global = true,
        value_name = "MS",
        env = "LOTTERY_KEEPER_RPC_TIMEOUT_MS"
    )]
    pub rpc_timeout_ms: Option<u64>,
    /// Longest wait for an answer of an oracle (milliseconds) [default: 5000]
    #[arg(
        long,
        global = true,
        value_name = "MS",
        env = "LOTTERY_KEEPER_GATEWAY_TIMEOUT_MS"
    )]
    pub gateway_timeout_ms: Option<u64>,
    /// Balance of the fee payer below which doctor complains (lamports) [default: 100000000]
    #[arg(
        long,
        global = true,
        value_name = "LAMPORTS",
        env = "LOTTERY_KEEPER_MIN_BALANCE"
    )]
    pub min_balance: Option<u64>,
}

fn parse_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(D::Error::custom)
}

/// The first of two options that is set, field by field.
macro_rules! first_set {
    ($first:expr, $second:expr; $($field:ident),* $(,)?) => {
        Options { $($field: $first.$field.or($second.$field)),* }
    };
}

impl Options {
    /// These, and `fallback` where they are not set.
    pub fn or(self, fallback: Options) -> Options {
        first_set!(self, fallback;
            rpc_url, ws_url, oracle_rpc_url, keypair, house, lanes, push_claims, push_refunds,
            create_token_accounts, close, close_after_seconds,
            draw_jobs, push_jobs, tick_ms, debounce_ms, scan_seconds, drain_seconds,
            rpc_timeout_ms, gateway_timeout_ms, min_balance)
    }

    /// Reads a configuration file. A relative keypair path counts from there.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let mut options: Self = toml::from_str(&text).map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            // Not the whole error: it quotes the line, which may hold a secret.
            message: error.message().to_owned(),
        })?;
        if let (Some(keypair), Some(folder)) = (&options.keypair, path.parent()) {
            options.keypair = Some(folder.join(keypair));
        }
        Ok(options)
    }
}

/// Refuses LOTTERY_KEEPER_* variables that mean nothing.
pub fn refuse_unknown_variables(
    present: impl IntoIterator<Item = String>,
    known: &[String],
) -> Result<(), ConfigError> {
    let unknown = present
        .into_iter()
        .filter(|name| name.starts_with(ENV_PREFIX) && !known.contains(name))
        .min();
    match unknown {
        Some(name) => Err(ConfigError::UnknownVariable(name)),
        None => Ok(()),
    }
}

/// The configuration, complete. Without `Debug`: endpoints hold API keys.
#[derive(Clone)]
pub struct Config {
    pub rpc_url: String,
    pub ws_url: String,
    /// Passed on to oracles.
    pub oracle_rpc_url: String,
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
    pub rpc_timeout: Duration,
    pub gateway_timeout: Duration,
    /// Lamports.
    pub min_balance: u64,
}

impl Config {
    /// Fills in what is not set and checks what is.
    pub fn complete(options: Options) -> Result<Self, ConfigError> {
        let rpc_url = options
            .rpc_url
            .ok_or(ConfigError::Missing("rpc_url", "rpc-url", "RPC_URL"))?;
        if !is_url(&rpc_url, &["http://", "https://"]) {
            return Err(value("rpc_url", "must begin with http:// or https://"));
        }
        let ws_url = match options.ws_url {
            Some(url) => url,
            None => websocket_url(&rpc_url)
                .ok_or_else(|| value("rpc_url", "its port leaves none for the WebSocket"))?,
        };
        if !is_url(&ws_url, &["ws://", "wss://"]) {
            return Err(value("ws_url", "must begin with ws:// or wss://"));
        }
        let oracle_rpc_url = options
            .oracle_rpc_url
            .unwrap_or_else(|| origin(&rpc_url).to_owned());
        let millis =
            |setting: Option<u64>, default| Duration::from_millis(setting.unwrap_or(default));
        let config = Self {
            rpc_url,
            ws_url,
            oracle_rpc_url,
            keypair: options.keypair,
            settings: Settings {
                house: options.house,
                lanes: options.lanes.unwrap_or(1),
                capacity: Capacity::of_transactions(),
                push_claims: options.push_claims.unwrap_or(true),
                push_refunds: options.push_refunds.unwrap_or(true),
                close: options.close.unwrap_or(true),
                close_after: Duration::from_secs(options.close_after_seconds.unwrap_or(3_600)),
            },
            create_token_accounts: options.create_token_accounts.unwrap_or(true),
            draw_jobs: options.draw_jobs.unwrap_or(32),
            push_jobs: options.push_jobs.unwrap_or(16),
            tick: millis(options.tick_ms, 400),
            debounce: millis(options.debounce_ms, 20),
            scan: Duration::from_secs(options.scan_seconds.unwrap_or(60)),
            drain: Duration::from_secs(options.drain_seconds.unwrap_or(30)),
            rpc_timeout: millis(options.rpc_timeout_ms, 15_000),
            gateway_timeout: millis(options.gateway_timeout_ms, 5_000),
            min_balance: options.min_balance.unwrap_or(100_000_000),
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let positive = [
            ("draw_jobs", self.draw_jobs > 0),
            ("push_jobs", self.push_jobs > 0),
            ("tick_ms", !self.tick.is_zero()),
            ("scan_seconds", !self.scan.is_zero()),
            ("rpc_timeout_ms", !self.rpc_timeout.is_zero()),
            ("gateway_timeout_ms", !self.gateway_timeout.is_zero()),
        ];
        match positive.into_iter().find(|(_, valid)| !valid) {
            Some((key, _)) => Err(value(key, "must be at least 1")),
            None => Ok(()),
        }
    }
}

fn value(key: &'static str, problem: &'static str) -> ConfigError {
    ConfigError::Value { key, problem }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_valid_and_shows_the_defaults() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("keeper.example.toml");
        let shown = Config::complete(Options::read(&path).unwrap()).unwrap();
        let bare = Config::complete(Options {
            rpc_url: Some(shown.rpc_url.clone()),
            ..Options::default()
        })
        .unwrap();
        assert_eq!(shown.settings, bare.settings);
        assert_eq!(shown.create_token_accounts, bare.create_token_accounts);
        assert_eq!(shown.tick, bare.tick);
        assert_eq!(shown.debounce, bare.debounce);
        assert_eq!(shown.scan, bare.scan);
        assert_eq!(shown.drain, bare.drain);
        assert_eq!(shown.rpc_timeout, bare.rpc_timeout);
        assert_eq!(shown.gateway_timeout, bare.gateway_timeout);
        assert_eq!(shown.draw_jobs, bare.draw_jobs);
        assert_eq!(shown.push_jobs, bare.push_jobs);
        assert_eq!(shown.min_balance, bare.min_balance);
        assert_eq!(shown.keypair, Some(path.with_file_name("keeper.json")));
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keeper.toml");
        std::fs::write(&path, "rpc_url = \"http://h/?key=SECRET\"\nlane = 3\n").unwrap();
        let error = Options::read(&path).err().unwrap().to_string();
        assert!(error.contains("`lane`"), "{error}");
        assert!(!error.contains("SECRET"), "{error}");
    }

    #[test]
    fn unknown_variables_are_refused_by_name() {
        let known = ["LOTTERY_KEEPER_LANES".to_owned()];
        let present = ["PATH", "LOTTERY_KEEPER_LANES", "LOTTERY_KEEPER_LANE"];
        let error = refuse_unknown_variables(present.map(String::from), &known);
        assert!(
            matches!(error, Err(ConfigError::UnknownVariable(name)) if name == "LOTTERY_KEEPER_LANE")
        );
        assert!(refuse_unknown_variables(["PATH".to_owned()], &known).is_ok());
    }

    #[test]
    fn flags_win_over_the_file() {
        let flags = Options {
            lanes: Some(4),
            ..Options::default()
        };
        let file = Options {
            lanes: Some(2),
            tick_ms: Some(10),
            ..Options::default()
        };
        let both = flags.or(file);
        assert_eq!((both.lanes, both.tick_ms), (Some(4), Some(10)));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let missing = Config::complete(Options::default()).err().unwrap();
        assert!(missing.to_string().contains("LOTTERY_KEEPER_RPC_URL"));
        let zero = Config::complete(Options {
            rpc_url: Some("http://h".into()),
            tick_ms: Some(0),
            ..Options::default()
        });
        assert!(zero.err().unwrap().to_string().contains("tick_ms"));
    }
}
