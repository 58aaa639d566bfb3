//! The gateway's messages, as Switchboard's client sends and expects them.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use solana_pubkey::Pubkey;

/// What a client asks. It also names an RPC; ours goes by the one it was started with,
/// and the name is not followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealRequest {
    /// `seed_slothash` of the randomness account.
    pub slothash: [u8; 32],
    /// The randomness account: its 32 bytes, in hexadecimal.
    pub randomness_key: String,
    /// `seed_slot` of the randomness account.
    pub slot: u64,
    /// An RPC that shows the account.
    #[serde(default)]
    pub rpc: String,
}

/// What an oracle answers: the arguments of `randomness_reveal`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealResponse {
    /// 64 bytes, r ‖ s, in base64.
    pub signature: String,
    pub recovery_id: i32,
    /// 32 bytes.
    pub value: Vec<u8>,
}

/// A request that was understood.
pub(super) struct Asked {
    pub slothash: [u8; 32],
    pub randomness: Pubkey,
    pub slot: u64,
}

/// Every refusal; the client reads `{"error": ...}`.
#[derive(Debug, thiserror::Error)]
pub(super) enum GatewayError {
    #[error("there is nothing here: POST /ORACLE{}", super::REVEAL_PATH)]
    NoSuchRoute,
    #[error("POST is the only method")]
    NotAPost,
    #[error("there is no oracle '{0}'")]
    NoSuchOracle(String),
    #[error("the oracle does not answer at present")]
    Silent,
    #[error("the body is not a reveal request: {0}")]
    BadBody(serde_json::Error),
    #[error("randomness_key is not 32 bytes in hexadecimal")]
    BadKey,
    #[error("the randomness account {0} does not exist")]
    NoAccount(Pubkey),
    #[error("{0} is not a randomness account")]
    NotRandomness(Pubkey),
    #[error("the account is not committed to this oracle, or is revealed already")]
    NotCommitted,
    #[error("slot and slothash are not the ones committed on chain")]
    NotSeen,
    #[error("the RPC does not answer: {0}")]
    Rpc(String),
    #[error("signing failed")]
    Signing,
}

impl GatewayError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchRoute | Self::NoSuchOracle(_) | Self::NoAccount(_) => StatusCode::NOT_FOUND,
            Self::NotAPost => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadBody(_) | Self::BadKey | Self::NotRandomness(_) => StatusCode::BAD_REQUEST,
            Self::NotCommitted | Self::NotSeen => StatusCode::CONFLICT,
            Self::Silent => StatusCode::SERVICE_UNAVAILABLE,
            Self::Rpc(_) => StatusCode::BAD_GATEWAY,
            Self::Signing => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for GatewayError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": self.to_string() });
        (self.status(), Json(body)).into_response()
    }
}

/// Reads a body, whatever its content type says.
pub(super) fn parse(body: &[u8]) -> Result<Asked, GatewayError> {
    let request: RevealRequest = serde_json::from_slice(body).map_err(GatewayError::BadBody)?;
    let mut key = [0; 32];
    hex::decode_to_slice(&request.randomness_key, &mut key).map_err(|_| GatewayError::BadKey)?;
    Ok(Asked {
        slothash: request.slothash,
        randomness: Pubkey::new_from_array(key),
        slot: request.slot,
    })
}
