//! The one shape of every error: `{"error": {"code", "message"}}`.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::store;

/// Why a request was not answered. The messages are for the caller; causes
/// within go to the log alone.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// A parameter that cannot be read: which one, and what it must be.
    #[error("{1}")]
    Bad(&'static str, String),
    #[error("{0}")]
    NotFound(&'static str),
    #[error("this route answers GET and HEAD alone")]
    Method,
    #[error("the answer took too long")]
    Timeout,
    #[error("the database does not answer")]
    Database(#[from] sqlx::Error),
}

#[derive(Serialize)]
struct Body {
    error: Detail,
}

#[derive(Serialize)]
struct Detail {
    code: &'static str,
    message: String,
}

impl ApiError {
    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Bad(code, _) => (StatusCode::BAD_REQUEST, code),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
            Self::Database(error) if store::is_transient(error) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
            Self::Database(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        let message = if code == "internal" {
            tracing::error!(error = ?self, "a request failed");
            "something went wrong here".to_owned()
        } else {
            if status.is_server_error() {
                tracing::warn!(error = ?self, "a request failed");
            }
            self.to_string()
        };
        let body = Body {
            error: Detail { code, message },
        };
        (status, Json(body)).into_response()
    }
}
