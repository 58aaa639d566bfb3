//! The oracle's gateway: where the signed value of a commitment is asked for.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lottery::switchboard::{parse_oracle, parse_randomness};
use serde::{Deserialize, Serialize};
use solana_pubkey::Pubkey;

use crate::instruction::Revelation;

/// Why an oracle gave no value.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("not a Switchboard oracle account")]
    OracleAccount,
    #[error("not a Switchboard randomness account")]
    RandomnessAccount,
    #[error("the oracle's account names no usable gateway address: {0:?}")]
    Uri(String),
    #[error("the gateway cannot be reached: {0}")]
    Unreachable(#[source] reqwest::Error),
    #[error("the gateway answered {status}: {body}")]
    Refused { status: u16, body: String },
    #[error("the gateway's answer makes no sense: {0}")]
    Malformed(String),
}

/// What is asked of the gateway, as Switchboard's own clients send it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RevealRequest {
    pub slothash: Vec<u8>,
    /// Hexadecimal.
    pub randomness_key: String,
    pub slot: u64,
    /// RPC endpoint that the oracle may check the commitment on.
    pub rpc: String,
}

/// What the gateway answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RevealResponse {
    /// Base64 of 64 bytes.
    pub signature: String,
    pub recovery_id: i32,
    pub value: Vec<u8>,
}

/// Longest answer read (bytes); an honest one has about 300.
const MAX_BODY: usize = 64 * 1024;

/// A client of oracle gateways.
#[derive(Clone, Debug)]
pub struct Gateway {
    http: reqwest::Client,
    rpc: String,
}

impl Gateway {
    /// `rpc` is passed on to the oracle; `timeout` bounds each question.
    pub fn new(rpc: impl Into<String>, timeout: Duration) -> Result<Self, GatewayError> {
        let http = reqwest::Client::builder()
            .timeout(timeout)
            .build()
            .map_err(GatewayError::Unreachable)?;
        Ok(Self {
            http,
            rpc: rpc.into(),
        })
    }

    /// Asks the oracle whose account is given for the value of the commitment
    /// in the randomness account given.
    pub async fn reveal(
        &self,
        oracle_data: &[u8],
        randomness: &Pubkey,
        randomness_data: &[u8],
    ) -> Result<Revelation, GatewayError> {
        let uri = gateway_uri(oracle_data)?;
        let commitment =
            parse_randomness(randomness_data).ok_or(GatewayError::RandomnessAccount)?;
        let request = RevealRequest {
            slothash: commitment.seed_slothash.to_vec(),
            randomness_key: hex::encode(randomness),
            slot: commitment.seed_slot,
            rpc: self.rpc.clone(),
        };
        let url = format!(
            "{}/gateway/api/v1/randomness_reveal",
            uri.trim_end_matches('/')
        );
        let mut response = self
            .http
            .post(url)
            .json(&request)
            .send()
            .await
            .map_err(GatewayError::Unreachable)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(GatewayError::Unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BODY {
                return Err(GatewayError::Malformed("it does not end".into()));
            }
        }
        if !response.status().is_success() {
            let text = String::from_utf8_lossy(&body);
            return Err(GatewayError::Refused {
                status: response.status().as_u16(),
                body: text.chars().take(200).collect(),
            });
        }
        parse_response(&body)
    }
}

/// The gateway address in an oracle's account.
pub fn gateway_uri(oracle_data: &[u8]) -> Result<String, GatewayError> {
    let oracle = parse_oracle(oracle_data).ok_or(GatewayError::OracleAccount)?;
    let end = oracle
        .gateway_uri
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(oracle.gateway_uri.len());
    let uri = String::from_utf8_lossy(&oracle.gateway_uri[..end]).into_owned();
    if uri.starts_with("http://") || uri.starts_with("https://") {
        Ok(uri)
    } else {
        Err(GatewayError::Uri(uri))
    }
}

fn parse_response(body: &[u8]) -> Result<Revelation, GatewayError> {
    let malformed = |what: &str| GatewayError::Malformed(what.into());
    let response: RevealResponse =
        serde_json::from_slice(body).map_err(|error| GatewayError::Malformed(error.to_string()))?;
    let signature = STANDARD
        .decode(&response.signature)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| malformed("its signature is not base64 of 64 bytes"))?;
    let value = response
        .value
        .try_into()
        .map_err(|_| malformed("its value has not 32 bytes"))?;
    let recovery_id = u8::try_from(response.recovery_id)
        .ok()
        .filter(|id| *id < 4)
        .ok_or_else(|| malformed("its recovery id is not 0 to 3"))?;
    Ok(Revelation {
        signature,
        recovery_id,
        value,
    })
}
