//! What was answered lately, for a node that is behind.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Call, Lag, call::RpcError};
use crate::weather::Seen;

/// How far back answers are kept.
const HORIZON: Duration = Duration::from_secs(300);
/// Most bytes of answers kept: repeated scans of a program's accounts are large.
const BUDGET: usize = 64 * 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct History {
    /// Oldest first.
    entries: VecDeque<Entry>,
    bytes: usize,
    /// The highest slot that any answer told of.
    slot: u64,
}

#[derive(Debug)]
struct Entry {
    request: String,
    at: Instant,
    /// The slot that the answer speaks of; where it names none, the highest known then.
    slot: u64,
    /// The highest slot known when it was given.
    known: u64,
    result: Arc<str>,
}

impl History {
    /// Keeps an answer, if it is one.
    pub fn record(&mut self, call: &Call, answer: &Value, at: Instant) {
        let Some(result) = answer.get("result") else {
            return;
        };
        let own = slot_of(&call.method, result);
        self.slot = self.slot.max(own.unwrap_or(0));
        let entry = Entry {
            request: request(&call.method, &call.params),
            at,
            slot: own.unwrap_or(self.slot),
            known: self.slot,
            result: result.to_string().into(),
        };
        self.bytes += entry.size();
        self.entries.push_back(entry);
        while self.bytes > BUDGET
            || self
                .entries
                .front()
                .is_some_and(|entry| at.saturating_duration_since(entry.at) > HORIZON)
        {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.size();
        }
    }

    /// Makes a fresh answer that of a node which is this far behind.
    pub fn age(&self, seen: &Seen, lag: Lag, answer: &mut Value, now: Instant) {
        let there = match lag {
            Lag::Slots(slots) => self.slot.saturating_sub(slots),
            Lag::Time(time) => self.slot_at(now.checked_sub(time).unwrap_or(now)),
        };
        if let Some(wanted) = min_context_slot(&seen.params)
            && wanted > there
        {
            *answer = refusal(answer, there);
            return;
        }
        let request = request(&seen.method, &seen.params);
        let past = self
            .entries
            .iter()
            .rev()
            .find(|entry| entry.slot <= there && entry.request == request)
            .and_then(|entry| serde_json::from_str(&entry.result).ok());
        let Some(result) = answer.get_mut("result") else {
            return;
        };
        match past {
            Some(past) => *result = past,
            None => make_older(&seen.method, result, there, self.slot),
        }
    }

    /// The highest slot known at an instant; before all memory, the first one known.
    fn slot_at(&self, at: Instant) -> u64 {
        let by_then = self.entries.iter().rev().find(|entry| entry.at <= at);
        by_then
            .or(self.entries.front())
            .map_or(self.slot, |entry| entry.known)
    }
}

impl Entry {
    fn size(&self) -> usize {
        size_of::<Self>() + self.request.len() + self.result.len()
    }
}

fn request(method: &str, params: &Value) -> String {
    format!("{method} {params}")
}

/// The slot that an answer speaks of.
fn slot_of(method: &str, result: &Value) -> Option<u64> {
    match method {
        "getSlot" => result.as_u64(),
        "getEpochInfo" => result.get("absoluteSlot")?.as_u64(),
        _ => result.pointer("/context/slot")?.as_u64(),
    }
}

fn min_context_slot(params: &Value) -> Option<u64> {
    let named = |param: &Value| param.get("minContextSlot")?.as_u64();
    params.as_array()?.iter().find_map(named)
}

fn refusal(answer: &Value, there: u64) -> Value {
    let call = Call {
        id: answer.get("id").cloned().unwrap_or_default(),
        method: String::new(),
        params: Value::Null,
    };
    call.failed(RpcError {
        data: Some(json!({ "contextSlot": there })),
        ..RpcError::new(-32016, "Minimum context slot has not been reached")
    })
}

/// What can be said of an older slot without an answer from then.
fn make_older(method: &str, result: &mut Value, there: u64, newest: u64) {
    match method {
        "getSlot" => *result = there.into(),
        "getBlockHeight" => {
            let behind = newest.saturating_sub(there);
            let height = result.as_u64().unwrap_or(0);
            *result = height.saturating_sub(behind).into();
        }
        "getSignatureStatuses" => {
            let statuses = result.get_mut("value").and_then(Value::as_array_mut);
            for status in statuses.into_iter().flatten() {
                let slot = status.get("slot").and_then(Value::as_u64);
                if slot.is_some_and(|slot| slot > there) {
                    *status = Value::Null;
                }
            }
        }
        _ => {}
    }
    if let Some(slot) = result.pointer_mut("/context/slot")
        && slot.as_u64().is_some_and(|slot| slot > there)
    {
        *slot = there.into();
    }
}
