//! The HTTP API: a module a route, one shape of error, amounts as strings.

mod active;
mod error;
mod game;
mod games;
mod jackpots;
mod page;
mod status;
mod summary;

use std::time::Duration;

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use sqlx::PgPool;
use tower_http::{compression::CompressionLayer, trace::TraceLayer};

pub use error::ApiError;

/// Longest an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// All routes.
pub fn router(pool: PgPool) -> Router {
    Router::new()
        .route("/api/games", get(games::list))
        .route("/api/games/active", get(active::list))
        .route("/api/games/{address}", get(game::show))
        .route("/api/jackpots", get(jackpots::list))
        .route("/api/status", get(status::show))
        .fallback(async || ApiError::NotFound("there is no such route"))
        .method_not_allowed_fallback(async || ApiError::Method)
        .layer(middleware::from_fn(in_time))
        .layer(CompressionLayer::new())
        .layer(TraceLayer::new_for_http())
        .with_state(pool)
}

/// Ends a request that takes too long, with an error in the common shape.
async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::Timeout.into_response(),
    }
}
