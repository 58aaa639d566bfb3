//! What goes wrong between us and a node, and what follows from it: the one table of
//! retries.

use std::time::Duration;

use serde_json::Value;
use solana_rpc_client_api::{
    client_error::{Error as ClientError, ErrorKind},
    custom_error::*,
    request::{RpcError, RpcResponseErrorData},
};

/// How long an endpoint rests that says it is asked too often, but not for how long.
const REST_IF_RATE_LIMITED: Duration = Duration::from_secs(1);

/// Longest rest that an endpoint may ask for.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// Why an endpoint gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("no connection: {0}")]
    Unreachable(String),
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("HTTP status {status}")]
    Status {
        status: u16,
        /// How long it wants not to be asked.
        retry_after: Option<Duration>,
    },
    #[error("an answer that makes no sense: {0}")]
    Malformed(String),
    #[error("error {code}: {message}")]
    Rpc { code: i64, message: String },
    #[error("an answer as of slot {found}, when others are at {reference}")]
    Stale { found: u64, reference: u64 },
}

/// What follows from a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// The question itself is at fault: no endpoint would answer it.
    GiveUp,
    /// Another endpoint may answer; this one is none the worse for it.
    FailOver,
    /// Another endpoint may answer; this one is trusted less from now on.
    Strike,
    /// Another endpoint may answer; this one is left alone for so long.
    Rest(Duration),
}

/// JSON-RPC's own codes.
const INVALID_REQUEST: i64 = -32600;
const INVALID_PARAMS: i64 = -32602;
const PARSE_ERROR: i64 = -32700;
const METHOD_NOT_FOUND: i64 = -32601;

impl Fault {
    /// The table.
    pub fn reaction(&self) -> Reaction {
        match self {
            Self::Unreachable(_) | Self::Timeout(_) | Self::Malformed(_) => Reaction::Strike,
            Self::Stale { .. } => Reaction::FailOver,
            Self::Status {
                status: 429,
                retry_after,
            } => {
                let rest = retry_after.unwrap_or(REST_IF_RATE_LIMITED);
                Reaction::Rest(rest.min(LONGEST_REST))
            }
            // Too large or malformed, wherever it is sent.
            Self::Status {
                status: 400 | 413, ..
            } => Reaction::GiveUp,
            Self::Status { .. } => Reaction::Strike,
            Self::Rpc { code, .. } => reaction_to_code(*code),
        }
    }

    /// Whether the endpoint has not come to the slot that was asked for.
    pub fn is_behind(&self) -> bool {
        matches!(self, Self::Rpc { code, .. }
            if *code == JSON_RPC_SERVER_ERROR_MIN_CONTEXT_SLOT_NOT_REACHED)
    }

    /// A short name, for metrics.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Timeout(_) => "timeout",
            Self::Status { status: 429, .. } => "rate_limited",
            Self::Status { .. } => "http_status",
            Self::Malformed(_) => "malformed",
            Self::Rpc { .. } => "rpc_error",
            Self::Stale { .. } => "stale",
        }
    }
}

fn reaction_to_code(code: i64) -> Reaction {
    match code {
        INVALID_REQUEST
        | INVALID_PARAMS
        | PARSE_ERROR
        | JSON_RPC_SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE
        | JSON_RPC_SERVER_ERROR_TRANSACTION_SIGNATURE_VERIFICATION_FAILURE
        | JSON_RPC_SERVER_ERROR_TRANSACTION_PRECOMPILE_VERIFICATION_FAILURE
        | JSON_RPC_SERVER_ERROR_TRANSACTION_SIGNATURE_LEN_MISMATCH
        | JSON_RPC_SERVER_ERROR_UNSUPPORTED_TRANSACTION_VERSION => Reaction::GiveUp,
        // What this node does not serve, or does not know yet.
        METHOD_NOT_FOUND
        | JSON_RPC_SERVER_ERROR_MIN_CONTEXT_SLOT_NOT_REACHED
        | JSON_RPC_SERVER_ERROR_KEY_EXCLUDED_FROM_SECONDARY_INDEX
        | JSON_RPC_SERVER_ERROR_TRANSACTION_HISTORY_NOT_AVAILABLE
        | JSON_RPC_SERVER_ERROR_BLOCK_NOT_AVAILABLE
        | JSON_RPC_SERVER_ERROR_BLOCK_STATUS_NOT_AVAILABLE_YET
        | JSON_RPC_SERVER_ERROR_BLOCK_CLEANED_UP
        | JSON_RPC_SERVER_ERROR_SLOT_SKIPPED
        | JSON_RPC_SERVER_ERROR_LONG_TERM_STORAGE_SLOT_SKIPPED
        | JSON_RPC_SERVER_ERROR_LONG_TERM_STORAGE_UNREACHABLE => Reaction::FailOver,
        JSON_RPC_SERVER_ERROR_NODE_UNHEALTHY => Reaction::Rest(Duration::from_secs(2)),
        _ => Reaction::Strike,
    }
}

impl From<Fault> for ClientError {
    fn from(fault: Fault) -> Self {
        let kind = match fault {
            Fault::Rpc { code, message } => ErrorKind::RpcError(RpcError::RpcResponseError {
                code,
                message,
                data: RpcResponseErrorData::Empty,
            }),
            other => ErrorKind::Custom(other.to_string()),
        };
        kind.into()
    }
}

/// The result in the body of an answer.
pub fn parse(body: &[u8]) -> Result<Value, Fault> {
    let malformed = |what: &str| Fault::Malformed(what.to_owned());
    let answer: Value = serde_json::from_slice(body).map_err(|_| malformed("it is no JSON"))?;
    let Value::Object(mut answer) = answer else {
        return Err(malformed("it is no JSON object"));
    };
    match answer.get("error") {
        None | Some(Value::Null) => answer
            .remove("result")
            .ok_or_else(|| malformed("it holds neither result nor error")),
        Some(error) => {
            let code = error.get("code").and_then(Value::as_i64);
            let message = error.get("message").and_then(Value::as_str);
            match (code, message) {
                (Some(code), Some(message)) => Err(Fault::Rpc {
                    code,
                    message: message.to_owned(),
                }),
                _ => Err(malformed("an error without code and message")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rpc(code: i64) -> Fault {
        Fault::Rpc {
            code,
            message: String::new(),
        }
    }

    #[test]
    fn questions_at_fault_are_told_from_endpoints_at_fault() {
        assert_eq!(rpc(INVALID_PARAMS).reaction(), Reaction::GiveUp);
        assert_eq!(rpc(METHOD_NOT_FOUND).reaction(), Reaction::FailOver);
        assert_eq!(rpc(-32603).reaction(), Reaction::Strike);
        assert!(matches!(rpc(-32005).reaction(), Reaction::Rest(_)));
        let limited = |seconds| Fault::Status {
            status: 429,
            retry_after: Some(Duration::from_secs(seconds)),
        };
        assert_eq!(
            limited(3).reaction(),
            Reaction::Rest(Duration::from_secs(3))
        );
        assert_eq!(limited(86_400).reaction(), Reaction::Rest(LONGEST_REST));
        assert_eq!(Fault::Timeout(Duration::ZERO).reaction(), Reaction::Strike);
    }

    #[test]
    fn only_answers_with_a_result_pass() {
        assert_eq!(parse(br#"{"result":7}"#).ok(), Some(Value::from(7)));
        assert_eq!(
            parse(br#"{"result":null,"error":null}"#).ok(),
            Some(Value::Null)
        );
        for garbage in [
            &b"<html>"[..],
            b"[]",
            b"7",
            b"{}",
            br#"{"error":"no"}"#,
            b"",
        ] {
            assert!(
                matches!(parse(garbage), Err(Fault::Malformed(_))),
                "{garbage:?}"
            );
        }
        let error = parse(br#"{"error":{"code":-32005,"message":"behind"}}"#);
        assert!(matches!(error, Err(Fault::Rpc { code: -32005, .. })));
    }
}
