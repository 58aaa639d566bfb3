//! Where the indexer reads, writes and listens. Parsed at the edge: what is here
//! is valid, and nothing secret is printed.

use std::{fmt, str::FromStr};

use sqlx::postgres::PgConnectOptions;

/// Why a setting was refused. Never shows the value of one that may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("not a Postgres URL such as postgres://user@host:5432/database")]
    Database,
    #[error("{0:?} is not an http:// or https:// URL")]
    Rpc(String),
    #[error("{0:?} is not a ws:// or wss:// URL")]
    WebSocket(String),
}

/// How to reach Postgres.
#[derive(Clone)]
pub struct Database(pub PgConnectOptions);

impl Database {
    /// From the variables that `psql` reads: PGHOST, PGPORT, PGUSER, PGPASSWORD,
    /// PGDATABASE and so on.
    pub fn from_pg_environment() -> Self {
        Self(PgConnectOptions::new())
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.get_host(), self.0.get_port())
    }
}

impl FromStr for Database {
    type Err = ConfigError;

    fn from_str(url: &str) -> Result<Self, ConfigError> {
        if !["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            return Err(ConfigError::Database);
        }
        // sqlx's own error may quote the URL, password included.
        url.parse().map(Self).map_err(|_| ConfigError::Database)
    }
}

/// The address of a node's HTTP interface.
#[derive(Clone, PartialEq, Eq)]
pub struct RpcUrl(String);

impl RpcUrl {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The WebSocket of the same node, by Solana's convention: the next port
    /// where one is given, else the same host.
    pub fn websocket(&self) -> WsUrl {
        let (scheme, rest) = match self.0.split_once("://") {
            Some(("https", rest)) => ("wss", rest),
            Some((_, rest)) => ("ws", rest),
            None => ("ws", self.0.as_str()),
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let moved = authority.rsplit_once(':').and_then(|(host, port)| {
            let port: u16 = port.parse().ok()?;
            Some(format!("{host}:{}", port.checked_add(1)?))
        });
        let authority = moved.unwrap_or_else(|| authority.to_owned());
        WsUrl(format!("{scheme}://{authority}{path}"))
    }
}

impl FromStr for RpcUrl {
    type Err = ConfigError;

    fn from_str(url: &str) -> Result<Self, ConfigError> {
        if url.starts_with("http://") || url.starts_with("https://") {
            Ok(Self(url.trim_end_matches('/').to_owned()))
        } else {
            Err(ConfigError::Rpc(crate::error::redact(url)))
        }
    }
}

/// The address of a node's WebSocket.
#[derive(Clone, PartialEq, Eq)]
pub struct WsUrl(String);

impl WsUrl {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WsUrl {
    type Err = ConfigError;

    fn from_str(url: &str) -> Result<Self, ConfigError> {
        if url.starts_with("ws://") || url.starts_with("wss://") {
            Ok(Self(url.to_owned()))
        } else {
            Err(ConfigError::WebSocket(crate::error::redact(url)))
        }
    }
}

impl fmt::Debug for RpcUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::error::redact(&self.0))
    }
}

impl fmt::Debug for WsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::error::redact(&self.0))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn the_websocket_is_found_by_convention() {
        let cases = [
            ("http://127.0.0.1:8899", "ws://127.0.0.1:8900"),
            ("http://127.0.0.1:8899/", "ws://127.0.0.1:8900"),
            ("https://rpc.example/key", "wss://rpc.example/key"),
            ("https://rpc.example:444?k=v", "wss://rpc.example:445?k=v"),
        ];
        for (rpc, ws) in cases {
            let url: RpcUrl = rpc.parse().unwrap();
            assert_eq!(url.websocket().as_str(), ws);
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let database: Database = "postgres://me:hunter2@db:5433/x".parse().unwrap();
        assert_eq!(format!("{database:?}"), "db:5433");
        let refused = Database::from_str("postgre://me:hunter2@db/x").unwrap_err();
        assert!(!refused.to_string().contains("hunter2"));
        let rpc: RpcUrl = "https://rpc.example/hunter2".parse().unwrap();
        assert!(!format!("{rpc:?}").contains("hunter2"));
        let refused = RpcUrl::from_str("ftp://me:hunter2@x/y").unwrap_err();
        assert!(!refused.to_string().contains("hunter2"));
    }
}
