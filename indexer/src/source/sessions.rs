//! What the sessions of all sources have in common: one follows another, with pauses
//! between those that fail.

use std::{pin::Pin, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::Event;
use crate::{error::redact, telemetry};

/// A session that lived this long was healthy: the next failure starts a new series of
/// pauses.
const HEALTHY: Duration = Duration::from_secs(60);

/// Nobody listens any more.
pub(super) struct Deaf;

/// Why a session is over.
pub(super) enum End<E> {
    Deaf,
    Failed(E),
}

impl<E> From<E> for End<E> {
    fn from(error: E) -> Self {
        Self::Failed(error)
    }
}

/// A question under way.
pub(super) type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A source that delivers in sessions.
pub(super) trait Sessions: Send {
    type Error: std::error::Error + Send;

    fn kind(&self) -> telemetry::Source;

    /// Delivers until something fails or nobody listens.
    fn session(
        &mut self,
        events: &mpsc::Sender<Event>,
    ) -> impl Future<Output = Result<Deaf, Self::Error>> + Send;

    /// Takes note of a failure. `true` if the next session may work at once.
    fn is_mended(&mut self, _error: &Self::Error) -> bool {
        false
    }
}

/// Runs sessions until `stop`, or until nobody listens.
pub(super) async fn run(
    mut source: impl Sessions,
    events: mpsc::Sender<Event>,
    stop: CancellationToken,
) {
    let mut waits = pauses();
    let kind = source.kind();
    loop {
        telemetry::source(kind, true);
        let started = Instant::now();
        let ended = tokio::select! {
            () = stop.cancelled() => return,
            ended = source.session(&events) => ended,
        };
        let Err(error) = ended else { return };
        if started.elapsed() > HEALTHY {
            waits = pauses();
        }
        let pause = if source.is_mended(&error) {
            Duration::ZERO
        } else {
            waits.next().unwrap_or_default()
        };
        let error = redact(&error.to_string());
        tracing::warn!(%error, ?pause, "the source failed; starting over");
        telemetry::reconnected(kind);
        telemetry::source(kind, false);
        tokio::select! {
            () = stop.cancelled() => return,
            told = events.send(Event::Trouble(error)) => if told.is_err() { return },
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
    }
}

/// Pauses between sessions.
fn pauses() -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(10))
        .with_jitter()
        .without_max_times()
        .build()
}

/// Delivers an event as soon as there is room. A part of a snapshot is large, so it takes
/// all the room there is: never do two of them wait.
pub(super) async fn send(events: &mpsc::Sender<Event>, event: Event) -> Result<(), Deaf> {
    let room = match event {
        Event::Part(_) => events.max_capacity(),
        _ => 1,
    };
    let mut room = events.reserve_many(room).await.map_err(|_| Deaf)?;
    if let Some(place) = room.next() {
        place.send(event);
    }
    Ok(())
}

/// What a question under way comes to.
pub(super) async fn pending<T>(work: &mut Option<Pending<T>>) -> T {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// Waits until a snapshot is due, or wanted.
pub(super) async fn due(again: &Notify, next: Instant) {
    tokio::select! {
        () = again.notified() => {}
        () = sleep_until(next) => {}
    }
}
