//! What was asked, and what was done to it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use serde_json::Value;

/// Most requests remembered one by one; counters go on.
const REMEMBERED: usize = 100_000;

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    Http,
    /// For a notification: the WebSocket or the stream that it leaves by.
    Socket,
}

/// The two instants at which a hook is told of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The last one before it is forwarded.
    BeforeForward,
    /// It was answered, and the answer has not been given back.
    BeforeAnswer,
}

/// A request at one of its instants.
#[derive(Clone, Debug)]
pub struct Seen {
    /// 1 for the first request that the weather saw, and so on.
    pub seq: u64,
    /// The method (`getSlot`, `programNotification`); a gateway's path.
    pub method: Arc<str>,
    /// The parameters; a gateway's body, or null if it is not JSON.
    pub params: Arc<Value>,
    pub at: Instant,
    pub via: Via,
    pub moment: Moment,
    /// What was answered: the whole JSON-RPC answer, the gateway's body, or the
    /// notification. Before forwarding there is none.
    pub answer: Option<Arc<Value>>,
}

/// A request in the log.
#[derive(Clone, Debug)]
pub struct Record {
    pub seq: u64,
    pub method: Arc<str>,
    pub at: Instant,
    pub via: Via,
    /// Names of the faults that it met, in order.
    pub faults: Vec<&'static str>,
    /// How often it was forwarded.
    pub forwarded: u32,
}

#[derive(Default)]
pub(super) struct Log {
    last_seq: u64,
    records: VecDeque<Record>,
    seen: BTreeMap<Arc<str>, u64>,
    forwarded: BTreeMap<Arc<str>, u64>,
    faults: BTreeMap<&'static str, u64>,
}

impl Log {
    pub fn admit(&mut self, method: &Arc<str>, at: Instant, via: Via) -> u64 {
        self.last_seq += 1;
        *self.seen.entry(method.clone()).or_default() += 1;
        if self.records.len() == REMEMBERED {
            self.records.pop_front();
        }
        self.records.push_back(Record {
            seq: self.last_seq,
            method: method.clone(),
            at,
            via,
            faults: Vec::new(),
            forwarded: 0,
        });
        self.last_seq
    }

    pub fn struck(&mut self, seq: u64, fault: &'static str) {
        *self.faults.entry(fault).or_default() += 1;
        if let Some(record) = self.record(seq) {
            record.faults.push(fault);
        }
    }

    pub fn forwarded(&mut self, seen: &Seen) {
        *self.forwarded.entry(seen.method.clone()).or_default() += 1;
        if let Some(record) = self.record(seen.seq) {
            record.forwarded += 1;
        }
    }

    fn record(&mut self, seq: u64) -> Option<&mut Record> {
        let first = self.records.front()?.seq;
        let index = usize::try_from(seq.checked_sub(first)?).ok()?;
        self.records.get_mut(index)
    }

    pub fn records(&self) -> Vec<Record> {
        self.records.iter().cloned().collect()
    }

    pub fn count(&self, method: &str) -> u64 {
        self.seen.get(method).copied().unwrap_or(0)
    }

    pub fn count_forwarded(&self, method: &str) -> u64 {
        self.forwarded.get(method).copied().unwrap_or(0)
    }

    pub fn counts(&self) -> BTreeMap<String, u64> {
        let named = |(method, count): (&Arc<str>, &u64)| (method.to_string(), *count);
        self.seen.iter().map(named).collect()
    }

    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.faults.clone()
    }
}
