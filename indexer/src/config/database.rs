//! How Postgres is reached.

use std::{fmt, str::FromStr};

use lottery_service::config::{OptionsError, Secret, check};
use sqlx::postgres::PgConnectOptions;

/// How to reach a Postgres database. It prints without its password.
#[derive(Clone)]
pub struct Database {
    pub options: PgConnectOptions,
    /// What was set; `None` where the variables of `psql` count.
    pub(super) url: Option<Secret>,
}

impl Database {
    /// From the variables that `psql` reads: PGHOST, PGPORT, PGUSER, PGPASSWORD,
    /// PGDATABASE and so on.
    pub fn from_pg_environment() -> Self {
        Self {
            options: PgConnectOptions::new(),
            url: None,
        }
    }

    /// From the value of a key.
    pub(super) fn at(key: &'static str, url: Secret) -> Result<Self, OptionsError> {
        check::postgres(key, &url)?;
        // sqlx's own error may quote the URL, password included.
        let options = url.expose().parse().map_err(|_| {
            let problem = "must be of the form postgres://user:password@host:5432/database";
            OptionsError::value(key, problem)
        })?;
        Ok(Self {
            options,
            url: Some(url),
        })
    }
}

impl FromStr for Database {
    type Err = OptionsError;

    fn from_str(url: &str) -> Result<Self, OptionsError> {
        Self::at("database_url", url.into())
    }
}

impl PartialEq for Database {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for Database {}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.options;
        let name = options
            .get_database()
            .unwrap_or_else(|| options.get_username());
        write!(f, "{name} at {}:{}", options.get_host(), options.get_port())
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
