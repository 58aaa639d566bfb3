//! What requests say about how sure they want to be.

use serde_json::{Value, json};

use super::{
    RpcError,
    chain::{Chain, Level},
};

impl Level {
    /// The commitment that a request names in any of its parameters; nodes take
    /// `finalized` where there is none.
    pub fn of(params: &Value) -> Result<Self, RpcError> {
        match named(params, "commitment").map(Value::as_str) {
            None => Ok(Self::Finalized),
            Some(Some("processed")) => Ok(Self::Processed),
            Some(Some("confirmed")) => Ok(Self::Confirmed),
            Some(Some("finalized")) => Ok(Self::Finalized),
            Some(_) => Err(RpcError::new(-32602, "Invalid params: unknown commitment")),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Processed => "processed",
            Self::Confirmed => "confirmed",
            Self::Finalized => "finalized",
        }
    }
}

/// The first value of this name in the parameters' objects.
pub(super) fn named<'a>(params: &'a Value, name: &str) -> Option<&'a Value> {
    let params = params.as_array()?.iter();
    params
        .filter_map(|param| param.get(name))
        .find(|value| !value.is_null())
}

/// Refuses what asks for a slot that is not there yet.
pub(super) fn check_context(chain: &Chain, level: Level, params: &Value) -> Result<(), RpcError> {
    let slot = chain.slot(level);
    match named(params, "minContextSlot").and_then(Value::as_u64) {
        Some(wanted) if wanted > slot => Err(RpcError {
            data: Some(json!({ "contextSlot": slot })),
            ..RpcError::new(-32016, "Minimum context slot has not been reached")
        }),
        _ => Ok(()),
    }
}

/// A value with the slot that it holds at.
pub(super) fn with_context(slot: u64, value: Value) -> Value {
    json!({"context": {"slot": slot, "apiVersion": "4.2.2"}, "value": value})
}
