//! What a server says of itself, for those who look whether it can be used.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;
use tonic::{Code, Request};
use yellowstone_grpc_proto::geyser::{
    GetVersionRequest, SubscribeReplayInfoRequest, geyser_client::GeyserClient,
};

use super::{GeyserError, GeyserServer};

/// Longest version that is shown.
const MAX_VERSION: usize = 40;

/// A server's answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    pub version: String,
    /// The oldest slot that it can send again; `None` where it does not tell.
    pub first_slot: Option<u64>,
}

/// Asks a server.
///
/// # Errors
/// When it does not answer within `patience`, or does not accept the token.
pub async fn about(server: &GeyserServer, patience: Duration) -> Result<About, GeyserError> {
    let asked = timeout(patience, ask(server, patience)).await;
    asked.unwrap_or(Err(GeyserError::Timeout(patience.as_secs())))
}

async fn ask(server: &GeyserServer, patience: Duration) -> Result<About, GeyserError> {
    let mut client = GeyserClient::new(server.connect(patience, patience).await?);
    let asked = with(server, GetVersionRequest {});
    let version = match client.get_version(asked).await {
        Ok(answer) => shorten(&answer.into_inner().version),
        Err(status) => return Err(GeyserError::at_start(&status, None)),
    };
    let asked = with(server, SubscribeReplayInfoRequest {});
    let first_slot = match client.subscribe_replay_info(asked).await {
        Ok(answer) => answer.into_inner().first_available,
        // Older servers.
        Err(status) if status.code() == Code::Unimplemented => None,
        Err(status) => return Err(GeyserError::at_start(&status, None)),
    };
    Ok(About {
        version,
        first_slot,
    })
}

fn with<T>(server: &GeyserServer, message: T) -> Request<T> {
    let mut request = Request::new(message);
    server.name_in(&mut request);
    request
}

/// The version alone, of what is JSON with much beside it.
fn shorten(answer: &str) -> String {
    let json: Option<Value> = serde_json::from_str(answer).ok();
    let version = json
        .as_ref()
        .and_then(|json| json.pointer("/version/version")?.as_str());
    let shown = version.unwrap_or(answer).chars().take(MAX_VERSION);
    shown.collect()
}
