//! What failed and when to try it again: exponentially later, so that a wallet
//! that cannot be paid or an oracle that is down is not hammered.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use tokio::time::Instant;

use crate::{actions::Key, error::Verdict};

/// How long a failure is remembered after its pause, so that the next one of
/// the same thing waits longer.
const MEMORY: Duration = Duration::from_secs(900);

/// A thing that failed, perhaps repeatedly.
#[derive(Clone, Debug)]
pub struct Failure {
    /// In a row.
    pub times: u32,
    /// How many of them were transactions that expired without effect.
    pub deaths: u32,
    pub verdict: Verdict,
    /// Of the last time.
    pub error: String,
    retry_at: Instant,
}

/// Failures by the key of what failed.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: HashMap<Key, Failure>,
}

/// First and longest pause.
fn pauses(verdict: Verdict) -> (Duration, Duration) {
    match verdict {
        // The next look at the chain explains it, but it may come late.
        Verdict::LostRace | Verdict::Stopping => {
            (Duration::from_millis(200), Duration::from_secs(5))
        }
        Verdict::Transient => (Duration::from_millis(500), Duration::from_secs(30)),
        Verdict::Unprofitable => (Duration::from_secs(5), Duration::from_secs(300)),
        // Somebody has to do something first, such as fund a wallet.
        Verdict::Refused => (Duration::from_secs(2), Duration::from_secs(600)),
    }
}

impl Backoff {
    /// Notes a failure; returns how long it will be left alone.
    pub fn failed(&mut self, key: Key, verdict: Verdict, error: String, now: Instant) -> Duration {
        let before = self.failures.get(&key);
        let times = before.map_or(1, |failure| failure.times.saturating_add(1));
        let deaths = before.map_or(0, |failure| failure.deaths);
        let (first, longest) = pauses(verdict);
        let doublings = times.saturating_sub(1).min(16);
        let pause = first.saturating_mul(1 << doublings).min(longest);
        let failure = Failure {
            times,
            deaths,
            verdict,
            error,
            retry_at: now + pause,
        };
        self.failures.insert(key, failure);
        pause
    }

    /// Notes that the failure just noted was of a transaction that expired.
    pub fn died(&mut self, key: &Key) {
        if let Some(failure) = self.failures.get_mut(key) {
            failure.deaths = failure.deaths.saturating_add(1);
        }
    }

    pub fn succeeded(&mut self, key: &Key) {
        self.failures.remove(key);
    }

    /// Adds the keys to be left alone for now. Forgets what was last tried long
    /// ago: it is due no more.
    pub fn defer(&mut self, now: Instant, keys: &mut BTreeSet<Key>) {
        self.failures
            .retain(|_, failure| now < failure.retry_at + MEMORY);
        let waiting = self
            .failures
            .iter()
            .filter(|(_, failure)| now < failure.retry_at);
        keys.extend(waiting.map(|(key, _)| *key));
    }

    /// When the next thing may be tried again.
    pub fn next_retry(&self, now: Instant) -> Option<Instant> {
        self.failures
            .values()
            .map(|failure| failure.retry_at)
            .filter(|at| *at > now)
            .min()
    }

    /// The last failure of a thing that has not succeeded since.
    pub fn failure(&self, key: &Key) -> Option<&Failure> {
        self.failures.get(key)
    }
}

#[cfg(test)]
mod tests {
    use solana_pubkey::Pubkey;

    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_end_with_a_success() {
        let mut backoff = Backoff::default();
        let key = Key::Entry(Pubkey::new_unique());
        let now = Instant::now();
        let mut fail = || backoff.failed(key, Verdict::Refused, "poor".into(), now);
        assert_eq!(fail(), Duration::from_secs(2));
        assert_eq!(fail(), Duration::from_secs(4));
        for _ in 0..40 {
            fail();
        }
        assert_eq!(fail(), Duration::from_secs(600));
        let mut deferred = BTreeSet::new();
        backoff.defer(now, &mut deferred);
        assert!(deferred.contains(&key));
        deferred.clear();
        backoff.defer(now + Duration::from_secs(600), &mut deferred);
        assert!(deferred.is_empty());
        backoff.succeeded(&key);
        assert_eq!(
            backoff.failed(key, Verdict::Refused, "poor".into(), now),
            Duration::from_secs(2)
        );
    }

    #[test]
    fn old_failures_are_forgotten() {
        let mut backoff = Backoff::default();
        let now = Instant::now();
        backoff.failed(
            Key::Lane(Pubkey::new_unique()),
            Verdict::LostRace,
            "late".into(),
            now,
        );
        backoff.defer(now + MEMORY * 2, &mut BTreeSet::new());
        assert!(backoff.failures.is_empty());
    }
}
