//! Which request meets which fault.

use std::{fmt, sync::Arc};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::{Fault, Seen};
use crate::chance::probability_of;

/// Names a rule that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub(super) u64);

type Predicate = Arc<dyn Fn(&Seen) -> bool + Send + Sync>;

/// A fault and the requests that meet it: without further conditions every one of its
/// method, until the rule is removed.
#[derive(Clone)]
pub struct Rule<F> {
    method: Option<String>,
    only_if: Option<Predicate>,
    skip: u64,
    next: Option<u64>,
    probability: Option<f64>,
    pub(super) fault: F,
}

impl<F: Fault> Rule<F> {
    /// For requests of a method (`getSlot`); of a gateway, of a path (`/0/gateway/…`).
    pub fn on(method: impl Into<String>, fault: F) -> Self {
        Self {
            method: Some(method.into()),
            ..Self::any(fault)
        }
    }

    /// For every request.
    pub fn any(fault: F) -> Self {
        Self {
            method: None,
            only_if: None,
            skip: 0,
            next: None,
            probability: None,
            fault,
        }
    }

    /// Only for requests of which this holds.
    #[must_use]
    pub fn only_if(mut self, holds: impl Fn(&Seen) -> bool + Send + Sync + 'static) -> Self {
        self.only_if = Some(Arc::new(holds));
        self
    }

    /// Lets the first `count` matching requests pass.
    #[must_use]
    pub fn after(mut self, count: u64) -> Self {
        self.skip = count;
        self
    }

    /// Strikes `count` times and never again.
    #[must_use]
    pub fn next(mut self, count: u64) -> Self {
        self.next = Some(count);
        self
    }

    /// Strikes a matching request with this probability, from 0 to 1; what lies outside
    /// counts as the nearer end. Chance comes from the weather's seed.
    #[must_use]
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability_of(probability));
        self
    }

    fn matches(&self, seen: &Seen) -> bool {
        self.method
            .as_ref()
            .is_none_or(|method| **method == *seen.method)
            && self.only_if.as_ref().is_none_or(|holds| holds(seen))
    }
}

impl<F: Fault> fmt::Debug for Rule<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Rule")
            .field("method", &self.method)
            .field("fault", &self.fault.name())
            .field("after", &self.skip)
            .field("next", &self.next)
            .field("probability", &self.probability)
            .finish_non_exhaustive()
    }
}

/// A rule in force. It has a chance of its own, so that what else is asked at the same
/// time does not change whom it strikes.
pub(super) struct Active<F> {
    pub id: RuleId,
    pub rule: Rule<F>,
    /// How often it has struck.
    pub hits: u64,
    rng: StdRng,
}

impl<F: Fault> Active<F> {
    pub fn new(id: RuleId, rule: Rule<F>, seed: u64) -> Self {
        // Distinct for every pair of seed and rule, as far as tests have that many.
        let seed = seed ^ id.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            id,
            rule,
            hits: 0,
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// Whether this request is struck; counts it if so.
    pub fn strikes(&mut self, seen: &Seen) -> bool {
        if !self.rule.matches(seen) {
            return false;
        }
        if self.rule.skip > 0 {
            self.rule.skip -= 1;
            return false;
        }
        if self.rule.next == Some(0) {
            return false;
        }
        if let Some(probability) = self.rule.probability
            && !self.rng.random_bool(probability)
        {
            return false;
        }
        self.rule.next = self.rule.next.map(|left| left - 1);
        self.hits += 1;
        true
    }
}
