//! Configuration: a TOML file, then variables, then flags, the later ones winning.
//! Unknown keys and variables are refused by name. Secrets are never printed.
//!
//! A daemon declares its keys once, with [`options!`](crate::options), and makes a
//! checked configuration of what was set.

pub mod check;
mod endpoint;
mod options;
mod secret;
pub mod shown;
pub mod values;

use std::{borrow::Cow, path::PathBuf};

pub use endpoint::Endpoint;
pub use options::{read, refuse_unknown};
pub use secret::Secret;
use tracing_subscriber::filter::ParseError;

/// Why what was set cannot be used. It names the key, and never quotes a value that may
/// be secret.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    #[error("cannot read configuration file {path}: {source}")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("configuration file {path}: {message}")]
    Parse { path: PathBuf, message: String },
    #[error("unknown environment variable {0}; see --help for those that exist")]
    UnknownVariable(String),
    #[error("{key} is not set: give --{flag}, {variable} or the key in the configuration file")]
    Missing {
        key: &'static str,
        flag: String,
        variable: String,
    },
    #[error("--log: {0}")]
    Log(#[from] ParseError),
    #[error("{key}: {problem}")]
    Value {
        key: &'static str,
        problem: Cow<'static, str>,
    },
}

impl OptionsError {
    /// The value of a key cannot be used.
    pub fn value(key: &'static str, problem: impl Into<Cow<'static, str>>) -> Self {
        Self::Value {
            key,
            problem: problem.into(),
        }
    }

    /// A key that is needed was not set; its variable begins with `prefix`.
    pub fn missing(key: &'static str, prefix: &str) -> Self {
        Self::Missing {
            key,
            flag: key.replace('_', "-"),
            variable: format!("{prefix}{}", key.to_uppercase()),
        }
    }
}
