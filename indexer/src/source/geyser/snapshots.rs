//! Snapshots that the stream waits for: a Geyser server has none.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, sleep};

use super::GeyserError;
use crate::source::{Event, Pieces, Snapshots, SourceError};

/// Longest wait for the node that snapshots come from to be as far as the stream.
const CATCH_UP: Duration = Duration::from_secs(60);

/// A snapshot of `floor` or later, as soon as there is one; one that is older than what is
/// `known` is refused. Between two looks there is a `pause`.
pub(super) fn take_knowing<S: Snapshots>(
    snapshots: Arc<S>,
    floor: i64,
    known: Option<i64>,
    pause: Duration,
) -> Pieces<GeyserError> {
    let wanted = Wanted {
        snapshots,
        floor,
        known: known.unwrap_or(0),
        pause,
        until: Instant::now() + CATCH_UP,
        taking: None,
    };
    stream::try_unfold(wanted, Wanted::next).boxed()
}

struct Wanted<S> {
    snapshots: Arc<S>,
    floor: i64,
    known: i64,
    pause: Duration,
    until: Instant,
    taking: Option<Pieces>,
}

impl<S: Snapshots> Wanted<S> {
    async fn next(mut self) -> Result<Option<(Event, Self)>, GeyserError> {
        loop {
            let Some(taking) = &mut self.taking else {
                self.begin().await?;
                continue;
            };
            match taking.next().await {
                Some(Ok(piece)) => return Ok(Some((piece, self))),
                // A pool's next node may be behind the one asked before.
                Some(Err(SourceError::Behind { slot, .. })) if slot >= self.known => {
                    self.taking = None;
                    self.wait(slot).await?;
                }
                Some(Err(error)) => return Err(error.into()),
                None => return Ok(None),
            }
        }
    }

    /// Waits until the node is as far.
    async fn begin(&mut self) -> Result<(), GeyserError> {
        let slot = self.snapshots.slot().await?;
        if slot < self.floor {
            return self.wait(slot).await;
        }
        self.taking = Some(self.snapshots.take(self.floor.max(self.known)));
        Ok(())
    }

    async fn wait(&mut self, slot: i64) -> Result<(), GeyserError> {
        if Instant::now() > self.until {
            let floor = self.floor;
            return Err(GeyserError::Behind { slot, floor });
        }
        sleep(self.pause).await;
        Ok(())
    }
}
