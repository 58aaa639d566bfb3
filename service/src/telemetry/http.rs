//! The server of /metrics, /healthz and /readyz.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use metrics::SetRecorderError;
use metrics_exporter_prometheus::{PrometheusHandle, PrometheusRecorder};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{Catalogue, ProcessMetrics, Report, Vitals};

/// Samples of histograms wait in memory until they are sorted into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Prometheus' text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error(
        "{key}: cannot listen on {address}: {source}; choose another port or stop what uses it"
    )]
    Listen {
        key: &'static str,
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("metrics: {0}")]
    Recorder(#[from] SetRecorderError<PrometheusRecorder>),
}

/// What is served, and where.
pub struct Served {
    /// The key of the configuration that names the address.
    pub key: &'static str,
    pub address: SocketAddr,
    pub catalogue: Catalogue,
    pub vitals: Arc<dyn Vitals>,
}

/// What the routes answer from.
#[derive(Clone)]
struct Shared {
    prometheus: PrometheusHandle,
    process: ProcessMetrics,
    vitals: Arc<dyn Vitals>,
}

/// A running server. It ends with the runtime, or when it is stopped.
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
    upkeep: JoinHandle<()>,
    stopping: CancellationToken,
}

impl Server {
    /// Starts recording metrics, which `register` shows at zero, and shows them and how
    /// the daemon is. Once in a process.
    ///
    /// # Errors
    /// When somebody listens there already, or metrics are recorded already.
    pub async fn start(served: Served, register: impl FnOnce()) -> Result<Self, TelemetryError> {
        let Served {
            key,
            address,
            catalogue,
            vitals,
        } = served;
        let bound = TcpListener::bind(address).await;
        let listener = bound.map_err(|source| TelemetryError::Listen {
            key,
            address,
            source,
        })?;
        let address = listener.local_addr().unwrap_or(address);
        let recorder = catalogue.recorder();
        let prometheus = recorder.handle();
        metrics::set_global_recorder(recorder)?;
        catalogue.register(register);
        let shared = Shared {
            prometheus: prometheus.clone(),
            process: catalogue.process,
            vitals,
        };
        let stopping = CancellationToken::new();
        let serving = axum::serve(listener, router(shared))
            .with_graceful_shutdown(stopping.clone().cancelled_owned());
        let task = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "metrics and health are not served any more");
            }
        });
        let upkeep = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(UPKEEP);
            loop {
                ticks.tick().await;
                prometheus.run_upkeep();
            }
        });
        tracing::info!(%address, "serving /metrics, /healthz and /readyz");
        Ok(Self {
            address,
            task,
            upkeep,
            stopping,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it; answers under way have a second.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        self.upkeep.abort();
        let ended = tokio::time::timeout(Duration::from_secs(1), &mut self.task);
        if ended.await.is_err() {
            self.task.abort();
        }
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/metrics", get(show_metrics))
        .route("/healthz", get(show_health))
        .route("/readyz", get(show_readiness))
        .with_state(shared)
}

async fn show_metrics(State(shared): State<Shared>) -> Response {
    let is_healthy = shared.vitals.progress().ok;
    let is_ready = shared.vitals.readiness().ok;
    shared.process.measure(is_healthy, is_ready);
    ([(header::CONTENT_TYPE, TEXT)], shared.prometheus.render()).into_response()
}

async fn show_health(State(shared): State<Shared>) -> Response {
    answer(shared.vitals.progress())
}

async fn show_readiness(State(shared): State<Shared>) -> Response {
    answer(shared.vitals.readiness())
}

fn answer(report: Report) -> Response {
    let status = if report.ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(report)).into_response()
}
