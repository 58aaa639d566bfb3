//! A source that runs.

use std::time::Duration;

use lottery_indexer::source::{Event, Source};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

#[track_caller]
pub fn in_time<T>(future: impl Future<Output = T>) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(PATIENCE, future).await {
            Ok(done) => done,
            Err(_) => panic!("it takes too long: {caller}"),
        }
    }
}

pub fn number(slot: u64) -> i64 {
    i64::try_from(slot).unwrap()
}

/// A running source.
pub struct Run {
    pub events: mpsc::Receiver<Event>,
    /// What it has delivered, in order.
    pub seen: Vec<Event>,
    pub stop: CancellationToken,
    pub task: JoinHandle<()>,
}

impl Drop for Run {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Run {
    /// Runs a source; so many events may wait to be taken.
    pub fn of(source: impl Source, capacity: usize) -> Self {
        let (sender, events) = mpsc::channel(capacity);
        let stop = CancellationToken::new();
        Self {
            events,
            seen: Vec::new(),
            task: tokio::spawn(source.run(sender, stop.clone())),
            stop,
        }
    }

    /// Takes what is delivered until something holds.
    pub async fn until(&mut self, holds: impl Fn(&[Event]) -> bool) {
        let waited = tokio::time::timeout(PATIENCE, async {
            while !holds(&self.seen) {
                self.seen.push(self.events.recv().await.unwrap());
            }
        });
        if waited.await.is_err() {
            panic!("it takes too long: {:#?}", self.seen);
        }
    }

    /// Takes what is delivered until an event is.
    pub async fn until_event(&mut self, wanted: impl Fn(&Event) -> bool) {
        let before = self.seen.len();
        self.until(|seen| seen[before..].iter().any(&wanted)).await;
    }

    /// Takes what is delivered until everything up to a slot is said to have been.
    pub async fn until_applied(&mut self, slot: u64) {
        let slot = number(slot);
        self.until(|seen| {
            let applied = |event: &Event| {
                matches!(event, Event::Progress { applied, .. } if *applied >= slot)
            };
            seen.iter().any(applied)
        })
        .await;
    }

    /// What went wrong.
    pub fn troubles(&self) -> Vec<&str> {
        let troubles = self.seen.iter().filter_map(|event| match event {
            Event::Trouble(trouble) => Some(trouble.as_str()),
            _ => None,
        });
        troubles.collect()
    }
}
