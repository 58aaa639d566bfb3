//! What the indexer tells of itself: metrics, whether it gets on, and the server that
//! shows both.
//!
//! Whoever has something to tell calls one of the functions here, a line each; without
//! a recorder, as in `verify`, they do nothing. What the database can be asked for at any
//! time, [`watch`] asks it.

mod health;
mod labels;
pub mod metrics;
mod record;
pub mod watch;

use std::{net::SocketAddr, sync::Arc};

pub use health::{Health, Mark, Role};
pub use labels::{Connections, Failure, Finality, Letter, Source};
use lottery_service::telemetry::Served;
pub use lottery_service::telemetry::{Check, Report, Server, TelemetryError, Vitals};
pub use record::*;

/// Starts recording metrics, and shows them and how `health` is. Once in a process.
///
/// # Errors
/// When somebody listens there already, or metrics are recorded already.
pub async fn serve(address: SocketAddr, health: Arc<Health>) -> Result<Server, TelemetryError> {
    let served = Served {
        key: "metrics_listen",
        address,
        catalogue: metrics::CATALOGUE,
        vitals: health,
    };
    Server::start(served, metrics::register).await
}
