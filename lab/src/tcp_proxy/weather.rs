//! What can happen to connections and to what goes over them.

use std::{
    fmt,
    ops::RangeInclusive,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::BoxFuture;
use hyper::body::Bytes;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use tokio::sync::watch;

use crate::{
    chance::{self, probability_of},
    lock::lock,
};

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    ToServer,
    ToClient,
}

/// Bytes that were read together and have not been forwarded. They need not be a whole
/// message, nor one only.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// 1 for the first connection, and so on.
    pub connection: u64,
    pub direction: Direction,
    /// 1 for the first chunk of the connection in this direction, and so on.
    pub seq: u64,
    pub bytes: Bytes,
}

/// What a hook decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkDecision {
    Forward,
    /// The bytes are lost and the connection is cut.
    Cut,
    /// The bytes arrive and the connection is cut.
    ForwardAndCut,
    /// The bytes are lost; the connection goes on.
    Swallow,
}

type Hook = Arc<dyn Fn(Chunk) -> BoxFuture<'static, ChunkDecision> + Send + Sync>;

/// The handle that tests hold. All clones are one and the same; every change counts at
/// once, for open connections too.
#[derive(Clone)]
pub struct TcpWeather {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    stalled: watch::Sender<bool>,
    cuts: watch::Sender<u64>,
    counts: watch::Sender<Counts>,
}

struct State {
    refuse: bool,
    fail_share: f64,
    delay: Option<RangeInclusive<Duration>>,
    hook: Option<Hook>,
    rng: StdRng,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    open: usize,
    opened: u64,
    refused: u64,
    chunks: u64,
}

impl fmt::Debug for TcpWeather {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TcpWeather").finish_non_exhaustive()
    }
}

impl TcpWeather {
    pub(super) fn new(seed: u64) -> Self {
        let state = State {
            refuse: false,
            fail_share: 0.0,
            delay: None,
            hook: None,
            rng: StdRng::seed_from_u64(seed),
        };
        Self {
            inner: Arc::new(Inner {
                state: Mutex::new(state),
                stalled: watch::Sender::new(false),
                cuts: watch::Sender::new(0),
                counts: watch::Sender::new(Counts::default()),
            }),
        }
    }

    /// Cuts every open connection, with a reset.
    pub fn cut_all(&self) {
        self.inner.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// While refused, new connections are cut at once; open ones stay.
    pub fn refuse(&self, refuse: bool) {
        lock(&self.inner.state).refuse = refuse;
    }

    /// While stalled, connections stay open, new ones are accepted, and nothing is
    /// forwarded either way; what was held back goes on afterwards.
    pub fn set_stalled(&self, stalled: bool) {
        self.inner.stalled.send_replace(stalled);
    }

    /// Forwards each chunk this much later; a range is drawn from evenly.
    pub fn set_delay(&self, delay: Option<RangeInclusive<Duration>>) {
        lock(&self.inner.state).delay = delay;
    }

    /// Share of new connections that are cut at once, from 0 to 1.
    pub fn set_fail_share(&self, share: f64) {
        lock(&self.inner.state).fail_share = probability_of(share);
    }

    /// Fair weather again; the hook stays.
    pub fn clear(&self) {
        let mut state = lock(&self.inner.state);
        state.refuse = false;
        state.fail_share = 0.0;
        state.delay = None;
        drop(state);
        self.set_stalled(false);
    }

    /// Calls `hook` with each chunk before it is forwarded, and waits for it. Replaces
    /// the former hook.
    pub fn on_chunk<H, D>(&self, hook: H)
    where
        H: Fn(Chunk) -> D + Send + Sync + 'static,
        D: Future<Output = ChunkDecision> + Send + 'static,
    {
        lock(&self.inner.state).hook = Some(Arc::new(move |chunk| Box::pin(hook(chunk))));
    }

    /// Takes the hook away.
    pub fn clear_hook(&self) {
        lock(&self.inner.state).hook = None;
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.inner.counts.borrow().open
    }

    /// How many connections were let through so far.
    pub fn opened(&self) -> u64 {
        self.inner.counts.borrow().opened
    }

    /// How many connections were cut at once so far.
    pub fn refused(&self) -> u64 {
        self.inner.counts.borrow().refused
    }

    /// How many chunks were forwarded so far, both ways.
    pub fn chunks(&self) -> u64 {
        self.inner.counts.borrow().chunks
    }

    /// Waits until something holds that depends on these counts alone.
    pub async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let mut counts = self.inner.counts.subscribe();
        while !holds(self) {
            // The sender is in `self` and cannot be gone.
            let _ = counts.changed().await;
        }
    }

    /// The number of a new connection, unless it is refused.
    pub(super) fn admit(&self) -> Option<u64> {
        let mut state = lock(&self.inner.state);
        let share = state.fail_share;
        let admitted = !state.refuse && !state.rng.random_bool(share);
        drop(state);
        let mut number = None;
        self.inner.counts.send_modify(|counts| {
            if admitted {
                counts.opened += 1;
                number = Some(counts.opened);
            } else {
                counts.refused += 1;
            }
        });
        number
    }

    pub(super) fn cuts(&self) -> watch::Receiver<u64> {
        self.inner.cuts.subscribe()
    }

    /// Waits for a stall to end.
    pub(super) async fn flowing(&self) {
        // The sender is in `self` and cannot be gone.
        let _ = self
            .inner
            .stalled
            .subscribe()
            .wait_for(|stalled| !*stalled)
            .await;
    }

    pub(super) fn draw_delay(&self) -> Option<Duration> {
        let mut state = lock(&self.inner.state);
        let State { delay, rng, .. } = &mut *state;
        delay.as_ref().map(|range| chance::draw(range, rng))
    }

    pub(super) async fn decide(&self, chunk: Chunk) -> ChunkDecision {
        let hook = lock(&self.inner.state).hook.clone();
        match hook {
            Some(hook) => hook(chunk).await,
            None => ChunkDecision::Forward,
        }
    }

    pub(super) fn forwarded(&self) {
        self.inner.counts.send_modify(|counts| counts.chunks += 1);
    }

    /// Counts a connection as open until the guard is dropped.
    pub(super) fn count_open(&self) -> OpenGuard {
        self.inner.counts.send_modify(|counts| counts.open += 1);
        OpenGuard(self.clone())
    }
}

pub(super) struct OpenGuard(TcpWeather);

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.0.inner.counts.send_modify(|counts| counts.open -= 1);
    }
}
