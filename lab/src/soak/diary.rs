//! What happened when: every change of the weather, every kill, every surprise.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use super::progress::Progress;
use crate::{lock::lock, spread::millis};

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// Since the run began (milliseconds).
    pub at_ms: u64,
    /// Where it happened: a keeper, a proxy, the run.
    pub place: String,
    pub what: String,
    /// How long it was meant to last (milliseconds).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lasts_ms: Option<u64>,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.at_ms as f64 / 1_000.0;
        write!(f, "{seconds:>9.3}  {:<22} {}", self.place, self.what)?;
        match self.lasts_ms {
            Some(lasts) => write!(f, " for {:.1} s", lasts as f64 / 1_000.0),
            None => Ok(()),
        }
    }
}

/// The run's diary and clock. All clones are one and the same.
#[derive(Clone)]
pub struct Diary {
    began: Instant,
    /// The same by the clock on the wall (unix milliseconds).
    began_unix: i64,
    events: Arc<Mutex<Vec<Event>>>,
    progress: Progress,
}

impl Diary {
    /// Begins now.
    pub fn begin(progress: Progress) -> Self {
        Self {
            began: Instant::now(),
            began_unix: unix(),
            events: Arc::default(),
            progress,
        }
    }

    /// Time since the run began.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// A time on the wall (unix milliseconds) as milliseconds since the run began.
    pub fn since_unix(&self, unix: i64) -> i64 {
        unix - self.began_unix
    }

    /// Notes something that happens now.
    pub fn note(&self, place: &str, what: impl Into<String>) {
        self.write(place, what.into(), None);
    }

    /// Notes something that begins now and is to last.
    pub fn note_for(&self, place: &str, what: impl Into<String>, lasts: Duration) {
        self.write(place, what.into(), Some(millis(lasts)));
    }

    fn write(&self, place: &str, what: String, lasts_ms: Option<u64>) {
        let event = Event {
            at_ms: millis(self.now()),
            place: place.to_owned(),
            what,
            lasts_ms,
        };
        self.progress.tell(&event.to_string());
        lock(&self.events).push(event);
    }

    /// All so far.
    pub fn events(&self) -> Vec<Event> {
        lock(&self.events).clone()
    }
}

fn unix() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
