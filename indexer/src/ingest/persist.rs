//! Statements that are tried until they work or cannot.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    error::IngestError,
    store::{self, writer::WriterError},
    telemetry,
};

/// One that wrote, and finds that another one does, waits for so long: the other may be its
/// own connection, of which the server does not know yet that it was lost.
const STEP_DOWN: Duration = Duration::from_secs(30);

/// After a stop, a database that does not answer is waited for this long.
const DRAIN: Duration = Duration::from_secs(10);

/// Tries until it works or cannot: nothing delivered is ever dropped, and while this
/// waits, the full channel makes the source wait too. (A function that takes the work as
/// a closure would not do: what borrows from its surroundings is not `Send` for every
/// lifetime of a connection.)
macro_rules! persist {
    ($ingest:ident, $connection:ident => $work:expr) => {{
        let mut attempts = Attempts::new($ingest.has_led);
        loop {
            let error = match $ingest.writer.connection().await {
                Ok($connection) => match $crate::store::within($work).await {
                    Ok(done) => break Ok(done),
                    Err(error) => {
                        // Whether it was the connection's fault is not always told.
                        $ingest.writer.discard();
                        WriterError::Database(error)
                    }
                },
                Err(error) => error,
            };
            if let Err(error) = attempts.again(error, &$ingest.wiring.stop).await {
                break Err(error);
            }
        }
    }};
}
pub(super) use persist;

/// How often something was tried, and until when.
pub(super) struct Attempts {
    has_led: bool,
    /// Since when another one writes.
    taken: Option<Instant>,
    waits: Box<dyn Iterator<Item = Duration> + Send>,
    deadline: Option<Instant>,
}

impl Attempts {
    pub fn new(has_led: bool) -> Self {
        Self {
            has_led,
            taken: None,
            waits: Box::new(pauses()),
            deadline: None,
        }
    }

    /// Waits before the next attempt, if there is to be one.
    pub async fn again(
        &mut self,
        error: WriterError,
        stop: &CancellationToken,
    ) -> Result<(), IngestError> {
        if let WriterError::Database(cause) = &error {
            telemetry::statement_failed(cause);
        }
        match &error {
            WriterError::Taken => {
                tracing::debug!("{error}");
                let since = *self.taken.get_or_insert_with(Instant::now);
                if self.has_led && stop.is_cancelled() {
                    return Err(IngestError::Relieved);
                }
                if self.has_led && since.elapsed() > STEP_DOWN {
                    return Err(IngestError::Superseded);
                }
            }
            WriterError::Database(cause) if store::is_transient(cause) => {
                tracing::warn!(%error, "the database failed; trying again");
            }
            WriterError::Database(_) => return Err(IngestError::Writer(error)),
        }
        if stop.is_cancelled() {
            let now = Instant::now();
            if now >= *self.deadline.get_or_insert(now + DRAIN) {
                return Err(IngestError::Drain(error));
            }
        }
        tokio::time::sleep(self.waits.next().unwrap_or_default()).await;
        Ok(())
    }
}

/// Pauses between attempts.
pub(super) fn pauses() -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(3))
        .with_jitter()
        .without_max_times()
        .build()
}
