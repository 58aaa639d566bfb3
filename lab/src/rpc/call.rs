//! Requests as JSON-RPC has them.

use serde_json::{Value, json};

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub id: Value,
    pub method: String,
    pub params: Value,
}

/// What a body holds.
#[derive(Clone, Debug)]
pub(crate) enum Calls {
    One(Call),
    Batch(Vec<Call>),
}

impl Calls {
    /// `None` for what is no JSON-RPC.
    pub fn parse(body: &[u8]) -> Option<Self> {
        match serde_json::from_slice(body).ok()? {
            Value::Array(calls) => {
                let calls: Option<Vec<Call>> = calls.into_iter().map(Call::parse).collect();
                calls.filter(|calls| !calls.is_empty()).map(Self::Batch)
            }
            call => Call::parse(call).map(Self::One),
        }
    }
}

impl Call {
    pub fn parse(mut call: Value) -> Option<Self> {
        let method = call.get("method")?.as_str()?.to_owned();
        let mut take = |key| call.get_mut(key).map(Value::take).unwrap_or_default();
        Some(Self {
            id: take("id"),
            params: take("params"),
            method,
        })
    }

    /// The request as it goes to a node.
    pub fn body(&self) -> Value {
        json!({"jsonrpc": "2.0", "id": self.id, "method": self.method, "params": self.params})
    }

    pub fn succeeded(&self, result: Value) -> Value {
        json!({"jsonrpc": "2.0", "id": self.id, "result": result})
    }

    pub fn failed(&self, error: RpcError) -> Value {
        failure(&self.id, error)
    }
}

/// An error as JSON-RPC has it.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    pub code: i64,
    pub message: String,
    pub data: Option<Value>,
}

impl RpcError {
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }
}

/// What a node answers to what is no JSON-RPC.
pub(crate) fn parse_error() -> Value {
    failure(&Value::Null, RpcError::new(-32700, "Parse error"))
}

fn failure(id: &Value, error: RpcError) -> Value {
    let mut body = json!({"code": error.code, "message": error.message});
    if let (Some(data), Some(body)) = (error.data, body.as_object_mut()) {
        body.insert("data".into(), data);
    }
    json!({"jsonrpc": "2.0", "id": id, "error": body})
}
