//! The handle on streams.

use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::lock::lock;

/// The handle that tests hold. All clones are one and the same.
#[derive(Clone, Debug)]
pub struct Streams {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    token: Mutex<Option<String>>,
    silent: watch::Sender<bool>,
    lag: watch::Sender<u64>,
    counts: watch::Sender<Counts>,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    open: usize,
    opened: u64,
    subscribed: u64,
    handed: u64,
    pings: u64,
    asked_from: Vec<Option<u64>>,
}

impl Streams {
    pub(super) fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                token: Mutex::default(),
                silent: watch::Sender::new(false),
                lag: watch::Sender::new(0),
                counts: watch::Sender::new(Counts::default()),
            }),
        }
    }

    /// Admits only calls that name this token.
    pub fn require_token(&self, token: &str) {
        *lock(&self.inner.token) = Some(token.to_owned());
    }

    /// While silent, nothing is sent, while connections stay open and calls are
    /// answered; what was held back goes out afterwards.
    pub fn set_silent(&self, silent: bool) {
        self.inner.silent.send_replace(silent);
    }

    /// Sends what happened in a slot only when the chain is so many slots further.
    pub fn set_lag(&self, slots: u64) {
        self.inner.lag.send_replace(slots);
    }

    /// How many streams are open.
    pub fn open(&self) -> usize {
        self.inner.counts.borrow().open
    }

    /// How many streams were opened so far.
    pub fn opened(&self) -> u64 {
        self.inner.counts.borrow().opened
    }

    /// How many times somebody said what to send.
    pub fn subscribed(&self) -> u64 {
        self.inner.counts.borrow().subscribed
    }

    /// The slots from which on somebody wanted to be sent it, in order; `None` for those
    /// who wanted what happens from then on.
    pub fn asked_from(&self) -> Vec<Option<u64>> {
        self.inner.counts.borrow().asked_from.clone()
    }

    /// How many messages HTTP/2 has taken: whatever else there is waits, because clients
    /// do not read.
    pub fn handed(&self) -> u64 {
        self.inner.counts.borrow().handed
    }

    /// How many pings clients sent.
    pub fn pings(&self) -> u64 {
        self.inner.counts.borrow().pings
    }

    /// Waits until something holds that depends on these counts alone.
    pub async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let mut counts = self.inner.counts.subscribe();
        while !holds(self) {
            // The sender is in `self` and cannot be gone.
            let _ = counts.changed().await;
        }
    }

    pub(super) fn admits(&self, token: Option<&str>) -> bool {
        let wanted = lock(&self.inner.token);
        wanted.is_none() || wanted.as_deref() == token
    }

    /// Waits for a silence to end.
    pub(super) async fn speaking(&self) {
        let mut silent = self.inner.silent.subscribe();
        // The sender is in `self` and cannot be gone.
        let _ = silent.wait_for(|silent| !*silent).await;
    }

    pub(super) fn lag(&self) -> watch::Receiver<u64> {
        self.inner.lag.subscribe()
    }

    pub(super) fn note_subscribed(&self, from: Option<u64>) {
        self.inner.counts.send_modify(|counts| {
            counts.subscribed += 1;
            counts.asked_from.push(from);
        });
    }

    pub(super) fn note_handed(&self) {
        self.inner.counts.send_modify(|counts| counts.handed += 1);
    }

    pub(super) fn note_ping(&self) {
        self.inner.counts.send_modify(|counts| counts.pings += 1);
    }

    /// Counts a stream as open until the guard is dropped.
    pub(super) fn count_open(&self) -> OpenGuard {
        self.inner.counts.send_modify(|counts| {
            counts.open += 1;
            counts.opened += 1;
        });
        OpenGuard(self.clone())
    }
}

pub(super) struct OpenGuard(Streams);

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.0.inner.counts.send_modify(|counts| counts.open -= 1);
    }
}
