//! The weather that requests go through: rules, counters, hooks, the main switch.

mod log;
mod rule;

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    ops::RangeInclusive,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::Value;
use tokio::{sync::watch, time::timeout};

pub use log::{Moment, Record, Seen, Via};
pub use rule::{Rule, RuleId};

use crate::{chance, lock::lock};
use log::Log;
use rule::Active;

/// Something that can happen to a request.
pub trait Fault: Clone + Send + Sync + 'static {
    /// What it is called in the log and in the counters.
    fn name(&self) -> &'static str;
}

/// What a hook decides.
#[derive(Clone, Debug)]
pub enum Decision<F> {
    /// Things go on as the rules say.
    Pass,
    /// The request meets this fault as well. A fault of the other instant comes too
    /// late, or in its own time: what keeps a request from being forwarded does nothing
    /// to one that was.
    Inject(F),
}

type Hook<F> = Arc<dyn Fn(Seen) -> BoxFuture<'static, Decision<F>> + Send + Sync>;

/// The handle that tests hold. All clones are one and the same; every change counts from
/// the next request on.
pub struct Weather<F> {
    inner: Arc<Inner<F>>,
}

impl<F> Clone for Weather<F> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<F> fmt::Debug for Weather<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Weather").finish_non_exhaustive()
    }
}

struct Inner<F> {
    seed: u64,
    state: Mutex<State<F>>,
    down: watch::Sender<bool>,
    /// Changes whenever a counter does.
    progress: watch::Sender<()>,
}

struct State<F> {
    rules: Vec<Active<F>>,
    last_rule: u64,
    /// What rules that are gone had struck; kept because tests ask in the end.
    past_hits: BTreeMap<RuleId, u64>,
    log: Log,
    hook: Option<Hook<F>>,
    /// Methods of which a request is being held back.
    held: HashSet<Arc<str>>,
    /// For the length of delays.
    rng: StdRng,
}

impl<F: Fault> Weather<F> {
    /// Fair weather. The seed decides what probabilities come to.
    pub fn new(seed: u64) -> Self {
        let state = State {
            rules: Vec::new(),
            last_rule: 0,
            past_hits: BTreeMap::new(),
            log: Log::default(),
            hook: None,
            held: HashSet::new(),
            rng: StdRng::seed_from_u64(seed),
        };
        Self {
            inner: Arc::new(Inner {
                seed,
                state: Mutex::new(state),
                down: watch::Sender::new(false),
                progress: watch::Sender::new(()),
            }),
        }
    }

    /// Puts a rule in force. A request meets the faults of all rules that strike it.
    pub fn add(&self, rule: Rule<F>) -> RuleId {
        let mut state = lock(&self.inner.state);
        state.last_rule += 1;
        let id = RuleId(state.last_rule);
        state.rules.push(Active::new(id, rule, self.inner.seed));
        id
    }

    /// Lifts a rule; false where it was lifted before.
    pub fn remove(&self, id: RuleId) -> bool {
        let mut state = lock(&self.inner.state);
        let Some(index) = state.rules.iter().position(|active| active.id == id) else {
            return false;
        };
        let past = state.rules.remove(index);
        state.past_hits.insert(id, past.hits);
        true
    }

    /// Lifts all rules, and [`set_down`](Self::set_down). The hook stays.
    pub fn clear(&self) {
        let mut state = lock(&self.inner.state);
        let past: Vec<_> = state.rules.drain(..).collect();
        let hits = past.iter().map(|active| (active.id, active.hits));
        state.past_hits.extend(hits);
        drop(state);
        self.set_down(false);
    }

    /// How many requests a rule has struck, whether or not it is still in force.
    pub fn hits(&self, id: RuleId) -> u64 {
        let state = lock(&self.inner.state);
        let active = state.rules.iter().find(|active| active.id == id);
        let past = || state.past_hits.get(&id).copied().unwrap_or(0);
        active.map_or_else(past, |active| active.hits)
    }

    /// While down, whoever connects is disconnected, and open connections end.
    pub fn set_down(&self, down: bool) {
        self.inner.down.send_replace(down);
    }

    /// Calls `hook` at both instants of every request, and waits for it: a test can do
    /// there what must happen exactly then, such as kill a service. Replaces the former
    /// hook. Notifications have the second instant only; answers over a WebSocket cannot be
    /// changed any more.
    pub fn on_request<H, D>(&self, hook: H)
    where
        H: Fn(Seen) -> D + Send + Sync + 'static,
        D: Future<Output = Decision<F>> + Send + 'static,
    {
        lock(&self.inner.state).hook = Some(Arc::new(move |seen| Box::pin(hook(seen))));
    }

    /// Takes the hook away.
    pub fn clear_hook(&self) {
        lock(&self.inner.state).hook = None;
    }

    /// The latest 100,000 requests, oldest first.
    pub fn requests(&self) -> Vec<Record> {
        lock(&self.inner.state).log.records()
    }

    /// How many requests of this method came.
    pub fn count(&self, method: &str) -> u64 {
        lock(&self.inner.state).log.count(method)
    }

    /// How many times requests of this method were forwarded.
    pub fn forwarded(&self, method: &str) -> u64 {
        lock(&self.inner.state).log.count_forwarded(method)
    }

    /// How many requests of each method came.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        lock(&self.inner.state).log.counts()
    }

    /// How many times each fault was met, by name.
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.inner.state).log.faults()
    }

    /// Waits until something holds that depends on requests alone.
    pub async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let mut progress = self.inner.progress.subscribe();
        while !holds(self) {
            // The sender is in `self` and cannot be gone.
            let _ = progress.changed().await;
        }
    }

    pub(crate) fn down(&self) -> watch::Receiver<bool> {
        self.inner.down.subscribe()
    }

    /// Logs a request.
    pub(crate) fn admit(&self, method: &str, params: Value, via: Via) -> Seen {
        let (method, at) = (Arc::from(method), Instant::now());
        let seq = lock(&self.inner.state).log.admit(&method, at, via);
        self.progressed();
        Seen {
            seq,
            method,
            params: Arc::new(params),
            at,
            via,
            moment: Moment::BeforeForward,
            answer: None,
        }
    }

    /// The faults that rules have for a request.
    pub(crate) fn strike(&self, seen: &Seen) -> Vec<F> {
        let mut state = lock(&self.inner.state);
        let State { rules, log, .. } = &mut *state;
        let mut faults = Vec::new();
        for active in rules {
            if active.strikes(seen) {
                log.struck(seen.seq, active.rule.fault.name());
                faults.push(active.rule.fault.clone());
            }
        }
        drop(state);
        if !faults.is_empty() {
            self.progressed();
        }
        faults
    }

    /// Asks the hook.
    pub(crate) async fn decide(&self, seen: &Seen) -> Option<F> {
        let hook = lock(&self.inner.state).hook.clone()?;
        match hook(seen.clone()).await {
            Decision::Pass => None,
            Decision::Inject(fault) => {
                let name = fault.name();
                lock(&self.inner.state).log.struck(seen.seq, name);
                self.progressed();
                Some(fault)
            }
        }
    }

    pub(crate) fn note_forwarded(&self, seen: &Seen) {
        lock(&self.inner.state).log.forwarded(seen);
        self.progressed();
    }

    /// Holds a request back until another of its method was forwarded, `longest` at
    /// most. While one is held, others pass: two that waited for each other would both
    /// wait for ever.
    pub(crate) async fn hold(&self, seen: &Seen, longest: Duration) {
        let before = {
            let mut state = lock(&self.inner.state);
            if !state.held.insert(seen.method.clone()) {
                return;
            }
            state.log.count_forwarded(&seen.method)
        };
        let overtaken = self.until(|weather| weather.forwarded(&seen.method) > before);
        // Nobody overtook: it goes on nevertheless.
        let _ = timeout(longest, overtaken).await;
        lock(&self.inner.state).held.remove(&seen.method);
    }

    /// The length of a delay.
    pub(crate) fn draw(&self, range: &RangeInclusive<Duration>) -> Duration {
        chance::draw(range, &mut lock(&self.inner.state).rng)
    }

    fn progressed(&self) {
        self.inner.progress.send_replace(());
    }
}
