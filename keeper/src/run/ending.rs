//! When a keeper is done, and how it ends.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{keeper::Keeper, report::Summary};
use crate::{
    actions::{Action, Key},
    error::Verdict,
    plan::plan,
};

/// Failures in a row after which `once` gives an action up.
const GIVE_UP_AFTER: u32 = 5;

/// The same where the program refused, which waiting hardly changes.
const GIVE_UP_REFUSED_AFTER: u32 = 2;

impl Keeper {
    /// For `once`, when another keeper holds the lease and does not give it up.
    pub(super) fn is_superfluous(&mut self, now: Instant) -> bool {
        if self.events.is_some() {
            return false;
        }
        self.plan_within(Duration::from_millis(100));
        let patience = self.config.database.lease * 3;
        self.was_superfluous = now.duration_since(self.started) > patience;
        self.was_superfluous
    }

    /// For `once`: nothing under way, nothing due that has not been given up,
    /// seen by a scan that began after the last action ended.
    pub(super) fn is_done(&mut self, now: Instant) -> bool {
        let is_busy = !self.running.is_empty() || !self.reading_entries.is_empty();
        if self.events.is_some() || is_busy || self.reading_all {
            return false;
        }
        let is_given_up = |key: &Key| {
            let failure = self.backoff.failure(key);
            failure.is_some_and(|failure| match failure.verdict {
                Verdict::Refused | Verdict::Unprofitable => failure.times >= GIVE_UP_REFUSED_AFTER,
                _ => failure.times >= GIVE_UP_AFTER,
            })
        };
        if !self.keys_due().iter().all(is_given_up) {
            return false;
        }
        if self.is_dirty {
            self.next_scan = now;
        }
        !self.is_dirty
    }

    /// What is due by the mirror, whether or not it failed before.
    fn keys_due(&self) -> Vec<Key> {
        let state = self.mirror.state();
        let plan = plan(state, &self.config.settings);
        let entries = state.games_missing_entries().into_iter().map(Key::Game);
        plan.actions
            .iter()
            .map(Action::main_key)
            .chain(entries)
            .collect()
    }

    /// Lets what is under way end, within the deadline.
    pub(super) async fn drain(mut self) -> Summary {
        self.context.stopping.cancel();
        self.health.draining();
        self.reads.abort_all();
        let deadline = Instant::now() + self.config.drain;
        while let Ok(Some(ended)) = timeout_at(deadline, self.jobs.join_next_with_id()).await {
            self.on_job(ended);
        }
        let abandoned = self.running.len();
        if abandoned > 0 {
            tracing::warn!(abandoned, "stopped without waiting any longer");
        }
        let given_up = self
            .keys_due()
            .iter()
            .filter_map(|key| self.backoff.failure(key))
            .filter(|failure| failure.verdict != Verdict::Stopping)
            .map(|failure| (failure.verdict, failure.error.clone()))
            .collect();
        let summary = Summary {
            counters: self.counters,
            given_up,
            abandoned,
            was_superfluous: self.was_superfluous,
        };
        if let Some(leading) = self.leading {
            let records = self.mirror.state().records.clone();
            leading.save_records(records).await;
            leading.resign().await;
        }
        tracing::info!("stopped: {}", summary.counters);
        summary
    }
}
