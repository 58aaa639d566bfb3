//! What the daemons share, so that they are configured, watched and asked alike:
//! options from a file, variables and flags ([`config`]); metrics and health over HTTP
//! ([`telemetry`]); what their doctors say ([`doctor`]); the frame of their command
//! lines ([`cli`]).

pub mod cli;
pub mod config;
pub mod doctor;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;
pub mod url;
