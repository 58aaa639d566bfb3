//! State behind a handle, whose changes can be waited for.

use std::sync::{Mutex, MutexGuard};

use tokio::sync::watch;

use crate::lock::lock;

pub(crate) struct Watched<T> {
    state: Mutex<T>,
    changed: watch::Sender<()>,
}

impl<T> Watched<T> {
    pub fn new(state: T) -> Self {
        Self {
            state: Mutex::new(state),
            changed: watch::Sender::new(()),
        }
    }

    pub fn read<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.lock())
    }

    pub fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let changed = change(&mut self.lock());
        self.changed.send_replace(());
        changed
    }

    /// Waits until something holds that depends on the state alone.
    pub async fn until(&self, holds: impl Fn() -> bool) {
        let mut changed = self.changed.subscribe();
        while !holds() {
            // The sender is in `self` and cannot be gone.
            let _ = changed.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        lock(&self.state)
    }
}
