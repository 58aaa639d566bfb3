//! Why a stream cannot go on for now.

use std::error::Error;

use tonic::{Code, Status};

use super::GeyserSettingError;
use crate::source::SourceError;

/// Why the Geyser source cannot go on for now.
#[derive(Debug, thiserror::Error)]
pub enum GeyserError {
    #[error(transparent)]
    Setting(#[from] GeyserSettingError),
    #[error("the Geyser server cannot be reached: {0}")]
    Connect(String),
    #[error(
        "nobody known vouches for the Geyser server's certificate: name who does in geyser_ca \
         ({0})"
    )]
    Stranger(String),
    #[error("the Geyser server refuses: {0}")]
    Refused(String),
    #[error("no answer from the Geyser server within {0} s")]
    Timeout(u64),
    #[error(
        "the Geyser server does not accept the token: set the x-token that its operator \
         gave out, or none if it wants none ({0})"
    )]
    Token(String),
    #[error("the Geyser server no longer has slot {from}: {reason}")]
    TooOld { from: i64, reason: String },
    #[error("the Geyser server ended the stream: {0}")]
    Status(String),
    #[error("the Geyser server ended the stream")]
    Ended,
    #[error("the stream told of no slot for {seconds} s while the chain went on to slot {slot}")]
    Silent { seconds: u64, slot: i64 },
    #[error("snapshot: {0}")]
    Snapshot(#[from] SourceError),
    #[error(
        "snapshots would be of slot {slot}, but the stream began at slot {floor}: the RPC \
         node is behind the Geyser server"
    )]
    Behind { slot: i64, floor: i64 },
}

impl GeyserError {
    /// Of a call that failed, or a stream that ended before it sent anything; it was to
    /// begin at `from`.
    pub(super) fn at_start(status: &Status, from: Option<i64>) -> Self {
        match (status.code(), from) {
            (Code::Unauthenticated | Code::PermissionDenied, _) => {
                Self::Token(status.message().to_owned())
            }
            (
                Code::OutOfRange
                | Code::NotFound
                | Code::InvalidArgument
                | Code::FailedPrecondition
                | Code::Unimplemented
                // "failed to get replay response", "from_slot is not supported".
                | Code::Internal,
                Some(from),
            ) => Self::TooOld {
                from,
                reason: status.message().to_owned(),
            },
            _ => Self::Refused(text(status)),
        }
    }

    /// Of a stream that ended.
    pub(super) fn later(status: &Status) -> Self {
        Self::Status(text(status))
    }
}

fn text(status: &Status) -> String {
    format!(
        "{:?}: {}{}",
        status.code(),
        status.message(),
        causes(status)
    )
}

impl From<tonic::transport::Error> for GeyserError {
    fn from(error: tonic::transport::Error) -> Self {
        let text = format!("{error}{}", causes(&error));
        // The way to rustls's own error leads through types that hide it.
        match text.contains("UnknownIssuer") {
            true => Self::Stranger(text),
            false => Self::Connect(text),
        }
    }
}

/// What is behind an error; gRPC's own texts say little.
fn causes(error: &dyn Error) -> String {
    std::iter::successors(error.source(), |error| (*error).source())
        .map(|cause| format!(": {cause}"))
        .collect()
}
