//! What the keeper tells of itself: metrics, whether it gets on, and the server that
//! shows both.
//!
//! Whoever has something to tell calls one of the functions here, a line each; without
//! a recorder, as in `once`, they do nothing.

mod health;
mod http;
mod labels;
mod lag;
pub mod metrics;
mod progress;
mod record;

use std::time::{SystemTime, UNIX_EPOCH};

pub use health::{Check, Health, Report, Role};
pub use http::{Server, TelemetryError};
pub use labels::{
    GameEnd, Kind, Method, OracleEnd, Outcome, STATUSES, Stage, Step, TransactionEnd,
};
pub use progress::Progress;
pub use record::*;

/// Seconds since 1970.
pub(crate) fn unix_time() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}
