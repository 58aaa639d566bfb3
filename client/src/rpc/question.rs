//! A question, and what the slot of its answer says.

use serde_json::{Value, json};
use solana_commitment_config::CommitmentLevel;

/// A question as it is put to endpoints.
pub struct Question<'a> {
    pub method: &'a str,
    pub body: String,
    /// What its answer's slot says.
    pub claim: Claim,
    /// Whether it asks for what is new; what is finalized is a while behind.
    pub is_current: bool,
}

impl<'a> Question<'a> {
    pub fn new(id: u64, method: &'a str, params: &Value) -> Self {
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let named = commitment(params);
        Self {
            method,
            body: body.to_string(),
            claim: match named {
                Some(CommitmentLevel::Processed) => Claim::Processed,
                // Nodes answer for what is finalized where none is named; but of
                // signatures, as of what is processed.
                None if method == "getSignatureStatuses" => Claim::Processed,
                Some(CommitmentLevel::Confirmed) if !is_search(method) => Claim::Now,
                _ => Claim::Past,
            },
            is_current: named.is_some_and(|named| named != CommitmentLevel::Finalized),
        }
    }

    /// Whether its answer may take a node long.
    pub fn is_search(&self) -> bool {
        is_search(self.method)
    }
}

/// What the slot of an answer or a notification says of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// That it is at this confirmed slot.
    Now,
    /// That it was there: this is finalized, took long to find, or is of a node (surfpool) that
    /// puts the slot of the subscription on every notification.
    Past,
    /// That it is there, which may be ahead of all that is confirmed for long.
    Processed,
}

fn is_search(method: &str) -> bool {
    matches!(
        method,
        "getProgramAccounts" | "getSignaturesForAddress" | "getTransaction" | "getBlock"
    )
}

fn commitment(params: &Value) -> Option<CommitmentLevel> {
    let params = params.as_array().into_iter().flatten();
    let mut named = params.filter_map(|param| param.get("commitment")?.as_str());
    named.next()?.parse().ok()
}
