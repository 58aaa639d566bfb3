//! What the keeper tells of itself: metrics, whether it gets on, and the server that
//! shows both.
//!
//! Whoever has something to tell calls one of the functions here, a line each; without
//! a recorder, as in `once`, they do nothing.

mod health;
mod labels;
mod lag;
pub mod metrics;
mod progress;
mod record;

use std::{net::SocketAddr, sync::Arc, time::Duration};

pub use health::{Health, Role};
pub use labels::{
    GameEnd, Kind, Method, OracleEnd, Outcome, STATUSES, Stage, Step, TransactionEnd,
};
use lottery_service::telemetry::Served;
pub use lottery_service::telemetry::{Check, Report, Server, TelemetryError};
pub use progress::Progress;
pub use record::*;

/// Starts recording metrics, for as many endpoints as there are, and shows them and how
/// `health` is. Once in a process.
pub async fn serve(
    address: SocketAddr,
    health: Arc<Health>,
    stall: Duration,
    endpoints: usize,
) -> Result<Server, TelemetryError> {
    let served = Served {
        key: "listen",
        address,
        catalogue: metrics::CATALOGUE,
        vitals: Arc::new(health::Patient { health, stall }),
    };
    Server::start(served, || metrics::register(endpoints)).await
}
