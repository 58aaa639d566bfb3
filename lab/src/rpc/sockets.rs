//! The handle on WebSockets.

use std::{
    ops::RangeInclusive,
    sync::{Arc, Mutex},
    time::Duration,
};

use rand::{SeedableRng as _, rngs::StdRng};
use tokio::sync::{broadcast, watch};

use crate::lock::lock;

/// Intrusions that wait for a connection.
const INTRUSIONS: usize = 16;

/// What happens to notifications; answers to subscriptions are never touched, and order
/// is kept except where `swap` says otherwise. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notifications {
    /// None is delivered, while the connection stays open and answers pings.
    pub silent: bool,
    /// Each comes this much later; a range is drawn from evenly.
    pub delay: Option<RangeInclusive<Duration>>,
    /// Share that is lost, from 0 to 1.
    pub lose: f64,
    /// Share that comes twice, from 0 to 1.
    pub duplicate: f64,
    /// Share that comes after the one that follows it, from 0 to 1.
    pub swap: f64,
    /// How much too low the slots that notifications name are.
    pub stale_slots: u64,
    /// How much too high they are.
    pub ahead_slots: u64,
}

/// What no node sends.
#[derive(Clone, Debug)]
pub enum Intrusion {
    /// A message, whatever it says.
    Text(String),
    Binary(Vec<u8>),
    /// The beginning of a message, and then nothing more: the connection is cut.
    Half(String),
    /// An end in order, as of a node that has enough of a client.
    Close {
        code: u16,
        reason: String,
    },
}

/// The handle that tests hold. All clones are one and the same.
#[derive(Clone, Debug)]
pub struct Sockets {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    notifications: Mutex<Notifications>,
    pub rng: Mutex<StdRng>,
    refuse: watch::Sender<bool>,
    /// Raised to end all connections.
    generation: watch::Sender<u64>,
    intrusions: broadcast::Sender<Intrusion>,
    counts: watch::Sender<Counts>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    open: usize,
    opened: u64,
    notified: u64,
}

impl Sockets {
    /// The seed decides what shares come to.
    pub fn new(seed: u64) -> Self {
        Self {
            inner: Arc::new(Inner {
                notifications: Mutex::default(),
                rng: Mutex::new(StdRng::seed_from_u64(seed)),
                refuse: watch::Sender::new(false),
                generation: watch::Sender::new(0),
                intrusions: broadcast::Sender::new(INTRUSIONS),
                counts: watch::Sender::new(Counts::default()),
            }),
        }
    }

    /// Cuts every open connection, without a closing frame.
    pub fn disconnect_all(&self) {
        self.inner
            .generation
            .send_modify(|generation| *generation += 1);
    }

    /// While refused, new connections are closed at once; open ones stay.
    pub fn refuse(&self, refuse: bool) {
        self.inner.refuse.send_replace(refuse);
    }

    /// Sends every open connection what no node sends.
    pub fn intrude(&self, intrusion: Intrusion) {
        // Where none is open, none is sent anything.
        let _ = self.inner.intrusions.send(intrusion);
    }

    /// Decides what happens to notifications that come from now on.
    pub fn set_notifications(&self, notifications: Notifications) {
        *lock(&self.inner.notifications) = notifications;
    }

    /// What happens to notifications.
    pub fn notifications(&self) -> Notifications {
        lock(&self.inner.notifications).clone()
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.inner.counts.borrow().open
    }

    /// How many connections were opened so far.
    pub fn opened(&self) -> u64 {
        self.inner.counts.borrow().opened
    }

    /// How many notifications were delivered so far.
    pub fn notified(&self) -> u64 {
        self.inner.counts.borrow().notified
    }

    /// Waits until something holds that depends on these counts alone.
    pub async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let mut counts = self.inner.counts.subscribe();
        while !holds(self) {
            // The sender is in `self` and cannot be gone.
            let _ = counts.changed().await;
        }
    }

    pub(super) fn refusing(&self) -> bool {
        *self.inner.refuse.borrow()
    }

    pub(super) fn intrusions(&self) -> broadcast::Receiver<Intrusion> {
        self.inner.intrusions.subscribe()
    }

    pub(super) fn generation(&self) -> watch::Receiver<u64> {
        self.inner.generation.subscribe()
    }

    pub(super) fn with_rng<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut lock(&self.inner.rng))
    }

    pub(super) fn delivered(&self) {
        self.inner.counts.send_modify(|counts| counts.notified += 1);
    }

    /// Counts a connection as open until the guard is dropped.
    pub(super) fn count_open(&self) -> OpenGuard {
        self.inner.counts.send_modify(|counts| {
            counts.open += 1;
            counts.opened += 1;
        });
        OpenGuard(self.clone())
    }
}

pub(super) struct OpenGuard(Sockets);

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.0.inner.counts.send_modify(|counts| counts.open -= 1);
    }
}
