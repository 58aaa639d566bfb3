//! Several nodes as one: every question goes to the fittest, and to the next where
//! that one fails; transactions go to all.
//!
//! [`Pool::client`] makes a plain [`RpcClient`] of it, so that whoever asks need not
//! know how many nodes there are.

mod endpoint;
mod fault;
mod inquiry;
mod question;
mod slots;
mod transport;
mod websocket;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, future::join_all, stream::FuturesUnordered};
use serde_json::Value;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::{nonblocking::rpc_client::RpcClient, rpc_client::RpcClientConfig};
use tokio::sync::watch;

pub use endpoint::{Endpoint, EndpointUrl, Health};
pub use fault::{Fault, Reaction};
use question::{Claim, Question};
use slots::Slots;
use transport::Through;

/// Rounds through all endpoints before a question is given up.
const ROUNDS: u32 = 2;

/// Pause between two rounds.
const PAUSE: Duration = Duration::from_millis(150);

/// Latencies that differ by less are the same; then the first named comes first.
const SAME_LATENCY: Duration = Duration::from_millis(25);

/// How a pool behaves.
#[derive(Clone, Copy, Debug)]
pub struct PoolSettings {
    /// Longest wait for an answer to a question that may take a node long: a search.
    pub timeout: Duration,
    /// The same for all others.
    pub quick_timeout: Duration,
    /// Pause between two looks at the slots of the endpoints; one alone is not looked at.
    pub probe: Duration,
    /// Slots behind the best from which an endpoint is left aside.
    pub max_slot_lag: u64,
    /// No cluster makes slots faster: what is ahead of that needs a second endpoint's word.
    pub shortest_slot: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(15),
            quick_timeout: Duration::from_secs(4),
            probe: Duration::from_secs(2),
            max_slot_lag: 20,
            // Clusters make slots of 200 or 400 ms, local ones faster ones.
            shortest_slot: Duration::from_millis(50),
        }
    }
}

/// Who wants to know what is asked, such as metrics.
pub trait Observer: Send + Sync + 'static {
    /// An endpoint, by its position, was asked; `result` is `"ok"` or a fault's class.
    fn asked(&self, endpoint: usize, method: &str, result: &'static str, took: Duration);
}

/// Nodes of one cluster.
pub struct Pool {
    endpoints: Vec<Endpoint>,
    settings: PoolSettings,
    http: reqwest::Client,
    observer: Option<Arc<dyn Observer>>,
    next_id: AtomicU64,
    slots: Mutex<Slots>,
    /// Held while endpoints are asked for proof of a slot.
    inquiry: tokio::sync::Mutex<()>,
    /// How often a slot that had been believed was taken back.
    resets: watch::Sender<u64>,
}

impl Pool {
    /// Of these endpoints, the preferred one first. Must be called within a tokio
    /// runtime, where the endpoints' health is looked after from then on.
    pub fn new(
        endpoints: impl IntoIterator<Item = EndpointUrl>,
        settings: PoolSettings,
        observer: Option<Arc<dyn Observer>>,
    ) -> Arc<Self> {
        let endpoints: Vec<Endpoint> = endpoints.into_iter().map(Endpoint::new).collect();
        let (lag, shortest) = (settings.max_slot_lag, settings.shortest_slot);
        let pool = Arc::new(Self {
            slots: Mutex::new(Slots::new(endpoints.len(), lag, shortest)),
            endpoints,
            settings,
            http: reqwest::Client::builder()
                .pool_idle_timeout(Duration::from_secs(20))
                .tcp_nodelay(true)
                .build()
                .unwrap_or_default(),
            observer,
            next_id: AtomicU64::new(1),
            inquiry: tokio::sync::Mutex::default(),
            resets: watch::Sender::new(0),
        });
        if pool.endpoints.len() > 1 {
            tokio::spawn(inquiry::probe(Arc::downgrade(&pool), settings.probe));
        }
        pool
    }

    /// Of one endpoint.
    pub fn single(http: impl Into<String>, ws: Option<String>) -> Arc<Self> {
        let url = EndpointUrl {
            http: http.into(),
            ws,
        };
        Self::new([url], PoolSettings::default(), None)
    }

    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// A client that asks this pool, by default for what is confirmed.
    pub fn client(self: &Arc<Self>) -> RpcClient {
        RpcClient::new_sender(
            Through(self.clone()),
            RpcClientConfig::with_commitment(CommitmentConfig::confirmed()),
        )
    }

    /// The latest confirmed slot that is known of the cluster; 0 before one is.
    pub fn slot(&self) -> u64 {
        self.slots().reference()
    }

    /// The latest confirmed slot that an endpoint has shown; 0 before it did.
    pub fn slot_of(&self, index: usize) -> u64 {
        self.slots().of(index)
    }

    /// Whether the cluster can be at this slot, by what is known now.
    pub fn can_be_at(&self, slot: u64) -> bool {
        self.slots().can_be(slot, Instant::now())
    }

    /// Takes note of a confirmed slot that an endpoint named elsewhere, as in a
    /// notification. One that cannot be is an error, and the endpoint is left alone.
    pub async fn heard(&self, index: usize, slot: u64) -> Result<(), Fault> {
        self.hear(index, slot, Claim::Past).await
    }

    /// Counts how often a slot that had been believed was taken back: what was read as of
    /// such a slot is not to be compared with what is read now.
    pub fn resets(&self) -> watch::Receiver<u64> {
        self.resets.subscribe()
    }

    // Nobody panics while holding it.
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether some endpoint answers and keeps up.
    pub fn is_fit(&self) -> bool {
        let now = Instant::now();
        (0..self.endpoints.len()).any(|index| self.unfitness(index, now) == 0)
    }

    /// Positions of the endpoints, the fittest first.
    pub fn ranked(&self) -> Vec<usize> {
        let now = Instant::now();
        let mut ranked: Vec<_> = (0..self.endpoints.len())
            .filter_map(|index| {
                let latency = self.endpoints.get(index)?.health().latency;
                let class = latency.as_millis() / SAME_LATENCY.as_millis();
                Some((self.unfitness(index, now), class, index))
            })
            .collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(_, _, index)| index).collect()
    }

    /// 0 for one that answers and keeps up, 1 for one behind, 2 for one that rests.
    fn unfitness(&self, index: usize, now: Instant) -> u8 {
        let Some(health) = self.endpoints.get(index).map(Endpoint::health) else {
            return 2;
        };
        let lags = self.lags(self.slot_of(index));
        if health.is_resting(now) {
            2
        } else {
            u8::from(lags)
        }
    }

    fn lags(&self, slot: u64) -> bool {
        slot.saturating_add(self.settings.max_slot_lag) < self.slot()
    }

    /// Asks the endpoints, the fittest first, until one answers. Returns which, too. What is
    /// out of date is better than nothing: which slot is the present one is a judgement, and
    /// a wrong one must not keep anybody from all answers.
    pub async fn request(&self, method: &str, params: Value) -> Result<(usize, Value), Fault> {
        let question = self.question(method, &params);
        let mut last = Fault::Unreachable("no endpoint is configured".into());
        let mut stale: Option<(u64, usize, Value)> = None;
        for round in 0..ROUNDS {
            if round > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            for index in self.ranked() {
                match self.try_put(index, &question).await {
                    Ok(Answer::Current(answer)) => return Ok((index, answer)),
                    Ok(Answer::Stale(found, answer)) => {
                        if stale.as_ref().is_none_or(|(latest, ..)| found > *latest) {
                            stale = Some((found, index, answer));
                        }
                    }
                    Err(fault) if fault.reaction() == Reaction::GiveUp => return Err(fault),
                    Err(fault) => last = fault,
                }
            }
        }
        stale.map_or(Err(last), |(_, index, answer)| Ok((index, answer)))
    }

    /// Asks one endpoint, once.
    pub async fn ask(&self, index: usize, method: &str, params: Value) -> Result<Value, Fault> {
        self.put(index, &self.question(method, &params)).await
    }

    /// Asks all endpoints at the same time; the answers in their order.
    pub async fn ask_all(&self, method: &str, params: &Value) -> Vec<Result<Value, Fault>> {
        let question = self.question(method, params);
        let asked = (0..self.endpoints.len()).map(|index| self.put(index, &question));
        join_all(asked).await
    }

    /// Tells all endpoints; the first answer. The others are told in the background.
    pub async fn tell_all(
        self: &Arc<Self>,
        method: &'static str,
        params: Value,
    ) -> Result<Value, Fault> {
        let question = Arc::new(self.question(method, &params));
        let mut told: FuturesUnordered<_> = (0..self.endpoints.len())
            .map(|index| {
                let (pool, question) = (self.clone(), question.clone());
                tokio::spawn(async move { pool.put(index, &question).await })
            })
            .collect();
        let mut last = Fault::Unreachable("no endpoint is configured".into());
        while let Some(answer) = told.next().await {
            match answer {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(fault)) => last = fault,
                Err(error) => last = Fault::Unreachable(error.to_string()),
            }
        }
        Err(last)
    }

    /// Notes that an endpoint has misled us.
    pub fn blame(&self, index: usize) {
        if let Some(endpoint) = self.endpoints.get(index) {
            endpoint.lied();
        }
    }

    fn question<'a>(&self, method: &'a str, params: &Value) -> Question<'a> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        Question::new(id, method, params)
    }

    /// Asks one endpoint; what is out of date is an error.
    async fn put(&self, index: usize, question: &Question<'_>) -> Result<Value, Fault> {
        match self.try_put(index, question).await? {
            Answer::Current(answer) => Ok(answer),
            Answer::Stale(found, _) => Err(Fault::Stale {
                found,
                reference: self.slot(),
            }),
        }
    }

    async fn try_put(&self, index: usize, question: &Question<'_>) -> Result<Answer, Fault> {
        let (started, reference) = (Instant::now(), self.slot());
        let mut answer = self.post(index, question).await;
        let took = started.elapsed();
        if let Ok(found) = &answer
            && let Err(fault) = self.check_slot(index, question, found).await
        {
            if let Some(endpoint) = self.endpoints.get(index) {
                endpoint.failed(fault.reaction());
            }
            answer = Err(fault);
        }
        let answer = answer.map(|answer| self.judge(question, reference, answer));
        if let Some(observer) = &self.observer {
            let result = match &answer {
                Ok(Answer::Current(_)) => "ok",
                Ok(Answer::Stale(..)) => "stale",
                Err(fault) => fault.class(),
            };
            observer.asked(index, question.method, result, took);
        }
        if let Err(fault) = &answer {
            tracing::debug!(endpoint = index, method = question.method, %fault, "asked in vain");
        }
        answer
    }

    /// Whether an answer was out of date when it was asked for: a search takes its time.
    fn judge(&self, question: &Question<'_>, reference: u64, answer: Value) -> Answer {
        let reference = reference.min(self.slot());
        match slot_of(&answer) {
            // One alone has nobody to be compared with but itself.
            Some(found)
                if question.is_current
                    && self.endpoints.len() > 1
                    && found.saturating_add(self.settings.max_slot_lag) < reference =>
            {
                Answer::Stale(found, answer)
            }
            _ => Answer::Current(answer),
        }
    }

    /// Asks without a look at the slot of the answer.
    async fn post(&self, index: usize, question: &Question<'_>) -> Result<Value, Fault> {
        let Some(endpoint) = self.endpoints.get(index) else {
            return Err(Fault::Unreachable(format!("there is no endpoint {index}")));
        };
        let is_search = question.is_search();
        let timeout = if is_search {
            self.settings.timeout
        } else {
            self.settings.quick_timeout.min(self.settings.timeout)
        };
        let started = Instant::now();
        let body = question.body.clone();
        let answer = endpoint.post(&self.http, body, timeout).await;
        match &answer {
            Ok(_) => endpoint.answered((!is_search).then(|| started.elapsed())),
            Err(fault) => endpoint.failed(fault.reaction()),
        }
        answer
    }

    /// Notes the slot that an answer is of, and refuses what cannot be.
    async fn check_slot(
        &self,
        index: usize,
        question: &Question<'_>,
        answer: &Value,
    ) -> Result<(), Fault> {
        match slot_of(answer) {
            Some(found) => self.hear(index, found, question.claim).await,
            None => Ok(()),
        }
    }
}

/// An answer whose slot can be.
enum Answer {
    Current(Value),
    /// As of this slot, which the cluster had left behind when it was asked for.
    Stale(u64, Value),
}

fn slot_of(answer: &Value) -> Option<u64> {
    answer.pointer("/context/slot")?.as_u64()
}
