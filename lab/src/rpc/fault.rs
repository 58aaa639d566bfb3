//! What can happen to a JSON-RPC request.

use std::{
    collections::VecDeque,
    fmt,
    ops::RangeInclusive,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    lock::lock,
    weather::{Fault, Seen},
};

/// What can happen to a request. The first group keeps it from the node; the second lets
/// it through and does something to the answer. To requests over a WebSocket only
/// [`LoseRequest`](Self::LoseRequest) does anything; notifications are the matter of
/// [`Sockets`](super::Sockets), except that a hook can lose one with
/// [`LoseAnswer`](Self::LoseAnswer).
#[derive(Clone, Debug)]
pub enum RpcFault {
    /// It arrives late, even if its sender has gone meanwhile. A range is drawn from
    /// evenly.
    DelayRequest(RangeInclusive<Duration>),
    /// It never arrives: the connection closes. Its sender cannot tell this from
    /// [`LoseAnswer`](Self::LoseAnswer).
    LoseRequest,
    /// An HTTP status instead of an answer, such as a load balancer's 502.
    HttpStatus {
        status: u16,
        /// `Retry-After`, in whole seconds.
        retry_after: Option<Duration>,
    },
    /// The node's refusal: −32005 for one that is behind, −32016 for one that has not
    /// seen the slot asked for.
    RpcError { code: i64, message: String },
    /// 429 for what exceeds a rate.
    RateLimit(Limiter),
    /// It waits until the next request of its method was forwarded, `longest` at most.
    Reorder { longest: Duration },
    /// It is forwarded twice; the first answer counts.
    Duplicate,

    /// The answer comes late.
    DelayAnswer(RangeInclusive<Duration>),
    /// It arrives, takes effect, and the connection closes.
    LoseAnswer,
    /// The answer of a node that is behind. Served are answers that passed earlier; see
    /// [`Lag`] for what was never asked before.
    Stale(Lag),
    /// The answer is tampered with.
    Lie(Lie),
    /// Half of the answer's body; with `claim_whole` its length is declared as if it were
    /// all of it, and the connection closes.
    Truncate { claim_whole: bool },
    /// An HTML page that says it is JSON.
    Garbage,
}

impl RpcFault {
    /// A delay of exactly this before forwarding.
    pub fn delay_request(delay: Duration) -> Self {
        Self::DelayRequest(delay..=delay)
    }

    /// A delay of exactly this before answering.
    pub fn delay_answer(delay: Duration) -> Self {
        Self::DelayAnswer(delay..=delay)
    }

    /// An HTTP status without `Retry-After`.
    pub fn status(status: u16) -> Self {
        Self::HttpStatus {
            status,
            retry_after: None,
        }
    }

    /// A node that says it is behind.
    pub fn node_is_behind() -> Self {
        Self::RpcError {
            code: -32005,
            message: "Node is behind by 42 slots".into(),
        }
    }

    /// A node that says it has not seen the slot asked for.
    pub fn min_context_slot_not_reached() -> Self {
        Self::RpcError {
            code: -32016,
            message: "Minimum context slot has not been reached".into(),
        }
    }

    /// 429 for what exceeds this many requests in any second.
    pub fn rate_limit(per_second: usize) -> Self {
        Self::RateLimit(Limiter::new(per_second))
    }

    /// Tampers with the whole JSON-RPC answer: `result` or `error` is a member of it.
    pub fn lie(tamper: impl Fn(&Seen, &mut Value) + Send + Sync + 'static) -> Self {
        Self::Lie(Lie(Arc::new(tamper)))
    }
}

impl Fault for RpcFault {
    fn name(&self) -> &'static str {
        match self {
            Self::DelayRequest(_) => "delay request",
            Self::LoseRequest => "lose request",
            Self::HttpStatus { .. } => "http status",
            Self::RpcError { .. } => "rpc error",
            Self::RateLimit(_) => "rate limit",
            Self::Reorder { .. } => "reorder",
            Self::Duplicate => "duplicate",
            Self::DelayAnswer(_) => "delay answer",
            Self::LoseAnswer => "lose answer",
            Self::Stale(_) => "stale",
            Self::Lie(_) => "lie",
            Self::Truncate { .. } => "truncate",
            Self::Garbage => "garbage",
        }
    }
}

/// How far behind a node is.
///
/// It serves the latest answer to the very same request that passed when the chain was
/// there. Where there is none, a slot is the slot it is at, a block height as much lower,
/// and signatures that landed later are unknown; anything else is answered truthfully
/// with an older context slot. Asked for a slot it has not seen, it refuses as a node
/// does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lag {
    Slots(u64),
    /// Where the chain was this long ago, as far as answers told.
    Time(Duration),
}

/// A way to tamper with an answer.
#[derive(Clone)]
pub struct Lie(Arc<Tamper>);

type Tamper = dyn Fn(&Seen, &mut Value) + Send + Sync;

impl Lie {
    pub(super) fn tell(&self, seen: &Seen, answer: &mut Value) {
        (self.0)(seen, answer);
    }
}

impl fmt::Debug for Lie {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Lie")
    }
}

/// Counts what passed during the last second.
#[derive(Clone, Debug)]
pub struct Limiter {
    per_second: usize,
    passed: Arc<Mutex<VecDeque<Instant>>>,
}

impl Limiter {
    fn new(per_second: usize) -> Self {
        Self {
            per_second,
            passed: Arc::default(),
        }
    }

    /// Whether a request may pass at this instant; counts it if so.
    pub(super) fn admits(&self, now: Instant) -> bool {
        let mut passed = lock(&self.passed);
        while passed
            .front()
            .is_some_and(|at| now.saturating_duration_since(*at) >= Duration::from_secs(1))
        {
            passed.pop_front();
        }
        let admits = passed.len() < self.per_second;
        if admits {
            passed.push_back(now);
        }
        admits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limiter_admits_as_many_in_any_second_as_it_says() {
        let limiter = Limiter::new(2);
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        assert!(limiter.admits(at(0)));
        assert!(limiter.admits(at(900)));
        assert!(!limiter.admits(at(999)));
        assert!(limiter.admits(at(1_000)));
        assert!(!limiter.admits(at(1_899)));
        assert!(limiter.admits(at(1_900)));
    }
}
