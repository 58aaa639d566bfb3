//! Everything that passes between a keeper and the outside is seen here first.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use futures_util::future::BoxFuture;

use super::{
    boundary::{Boundary, Channel},
    sent::Sent,
    sql,
    statement::{Connections, FORWARD},
    transaction,
};
use crate::{Decision, Moment, RpcProxy, Seen, TcpProxy, Via, lock::lock, tcp_proxy::Chunk};

/// What a keeper is about before it has simulated anything.
const START: &str = "start";

/// What belongs to no step: it comes by the clock, or because others play.
const MEANWHILE: &str = "meanwhile";

fn comes_by_itself(channel: Channel, method: &str) -> bool {
    let by_the_clock = match channel {
        Channel::Postgres => &[
            "lease: renew",
            "journal: count",
            "oracles: save",
            "disconnect",
        ][..],
        Channel::Rpc => &["getBalance", "getSlot"],
        Channel::Socket => &[
            "slotNotification",
            "accountNotification",
            "programNotification",
        ],
        Channel::Oracle => &[],
    };
    by_the_clock.iter().any(|known| method.starts_with(known))
}

type Hook = Arc<dyn Fn(Boundary) -> BoxFuture<'static, ()> + Send + Sync>;

/// The handle. All clones are one and the same.
#[derive(Clone, Default)]
pub struct Watch {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    steps: Steps,
    seen: Vec<Boundary>,
    connections: Connections,
    sent: Sent,
    hook: Option<Hook>,
    /// Whether a step is what a transaction began with, as in a service that names none.
    is_plain: bool,
}

/// What a keeper does, one thing after the other, as its transactions tell.
#[derive(Default)]
struct Steps {
    current: Option<String>,
    /// Names of steps by their purposes.
    names: HashMap<Vec<String>, String>,
    /// How many steps there were of each kind.
    counts: HashMap<String, u32>,
}

impl Steps {
    /// What a transaction is a step of. The second draw's request is `request_draw 2`.
    fn name(&mut self, read: &transaction::Read) -> String {
        let name = self.names.entry(read.purposes.clone()).or_insert_with(|| {
            let count = self.counts.entry(read.name.clone()).or_default();
            *count += 1;
            match count {
                1 => read.name.clone(),
                more => format!("{} {more}", read.name),
            }
        });
        name.clone()
    }
}

impl Watch {
    /// Of a service that writes tables: what it says to Postgres is called by what it does
    /// to which table, and its step is what its transaction began with.
    pub fn of_tables() -> Self {
        let state = State {
            connections: Connections::named_by(sql::name),
            is_plain: true,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Calls `hook` at every boundary, and waits for it. Replaces the former one.
    pub fn on_boundary<H, D>(&self, hook: H)
    where
        H: Fn(Boundary) -> D + Send + Sync + 'static,
        D: Future<Output = ()> + Send + 'static,
    {
        lock(&self.state).hook = Some(Arc::new(move |boundary| Box::pin(hook(boundary))));
    }

    /// Every boundary so far, in order.
    pub fn seen(&self) -> Vec<Boundary> {
        lock(&self.state).seen.clone()
    }

    /// Everything that was sent so far.
    pub fn sent(&self) -> Sent {
        lock(&self.state).sent.clone()
    }

    /// Says what the keeper is about from now on, until it simulates something.
    pub fn enter(&self, step: &str) {
        lock(&self.state).steps.current = Some(step.to_owned());
    }

    /// Watches what goes through a proxy.
    pub(super) fn nodes(&self, proxy: &RpcProxy) {
        let watch = self.clone();
        proxy.weather.on_request(move |seen| {
            let watch = watch.clone();
            async move {
                watch.node(&seen).await;
                Decision::Pass
            }
        });
    }

    /// The same of a proxy before Postgres.
    pub(super) fn postgres(&self, proxy: &TcpProxy) {
        let watch = self.clone();
        proxy.weather.on_chunk(move |chunk| {
            let watch = watch.clone();
            async move {
                watch.chunk(&chunk).await;
                FORWARD
            }
        });
    }

    async fn node(&self, seen: &Seen) {
        if let Some(answer) = seen.answer.as_deref()
            && &*seen.method == "getLatestBlockhash"
        {
            lock(&self.state).sent.note_blockhash(answer);
        }
        let channel = match seen.via {
            Via::Http => Channel::Rpc,
            Via::Socket => Channel::Socket,
        };
        let own = self.transaction(seen);
        self.pass(channel, seen.method.to_string(), own, seen.moment)
            .await;
    }

    /// The step that a transaction itself tells; from then on the keeper is about it.
    fn transaction(&self, seen: &Seen) -> Option<String> {
        let is_sent = &*seen.method == "sendTransaction";
        if !is_sent && &*seen.method != "simulateTransaction" {
            return None;
        }
        let read = transaction::of_params(&seen.params)?;
        let mut state = lock(&self.state);
        let step = state.steps.name(&read);
        if seen.moment == Moment::BeforeForward {
            state.steps.current = Some(step.clone());
            if is_sent {
                state.sent.note(read);
            }
        }
        Some(step)
    }

    /// A question to an oracle's gateway.
    pub(super) async fn oracle(&self, seen: &Seen) {
        self.pass(Channel::Oracle, "reveal".to_owned(), None, seen.moment)
            .await;
    }

    async fn chunk(&self, chunk: &Chunk) {
        let moment = match chunk.direction {
            crate::Direction::ToServer => Moment::BeforeForward,
            crate::Direction::ToClient => Moment::BeforeAnswer,
        };
        let (named, is_plain) = {
            let mut state = lock(&self.state);
            (state.connections.name(chunk), state.is_plain)
        };
        let step = is_plain.then_some(named.about);
        self.pass(Channel::Postgres, named.name, step, moment).await;
    }

    /// `own` is the step that it tells itself; else it belongs to what the keeper is about.
    async fn pass(&self, channel: Channel, method: String, own: Option<String>, moment: Moment) {
        let (boundary, hook) = {
            let mut state = lock(&self.state);
            let step = match own {
                Some(own) => own,
                None if comes_by_itself(channel, &method) => MEANWHILE.to_owned(),
                None => state.steps.current.as_deref().unwrap_or(START).to_owned(),
            };
            let boundary = Boundary {
                channel,
                method,
                step,
                moment: moment.into(),
            };
            state.seen.push(boundary.clone());
            (boundary, state.hook.clone())
        };
        if let Some(hook) = hook {
            hook(boundary).await;
        }
    }
}
