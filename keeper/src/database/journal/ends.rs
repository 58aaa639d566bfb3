//! What became of transactions, kept in memory until it is written: nobody waits for
//! it, and a database that is away for a while misses nothing.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use lottery_client::sender::journal::End;
use solana_signature::Signature;
use tokio::{sync::watch, time::sleep};

use super::table::{self, EndRow};
use crate::database::session::Session;

/// Most ends in memory, some hundred bytes each: minutes of a keeper at its busiest.
/// More push the oldest out, which then look open: the next epoch finds out again.
const MEMORY: usize = 20_000;

/// Most ends of a statement.
const BATCH: usize = 256;

/// Longest wait for a statement, connecting included.
const LIMIT: Duration = Duration::from_secs(5);

/// Pause after a failure, doubled from the one to the other.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Ends that are not yet written, numbered in the order they came.
#[derive(Default)]
pub(super) struct Ends {
    memory: Mutex<Memory>,
    waiting: watch::Sender<usize>,
}

#[derive(Default)]
struct Memory {
    queue: VecDeque<(u64, EndRow)>,
    next: u64,
}

impl Ends {
    pub(super) fn add(&self, signature: Signature, end: &End) {
        let row = EndRow::new(signature.as_ref(), end);
        let mut memory = self.memory();
        if memory.queue.len() >= MEMORY {
            memory.queue.pop_front();
            tracing::warn!(
                MEMORY,
                "too many ends wait for the journal: the oldest is dropped"
            );
        }
        let number = memory.next;
        memory.next += 1;
        memory.queue.push_back((number, row));
        self.waiting.send_replace(memory.queue.len());
    }

    pub(super) fn waiting(&self) -> usize {
        self.memory().queue.len()
    }

    /// Waits until none is waiting.
    pub(super) async fn all_written(&self) {
        self.wait_until(|waiting| waiting == 0).await;
    }

    async fn wait_until(&self, condition: impl Fn(usize) -> bool) {
        let mut waiting = self.waiting.subscribe();
        // Does not fail: the sender is this value's.
        let _ = waiting.wait_for(|waiting| condition(*waiting)).await;
    }

    /// The oldest, and the number of the last of them.
    fn oldest(&self) -> (Vec<EndRow>, Option<u64>) {
        let memory = self.memory();
        let oldest = memory.queue.iter().take(BATCH);
        let last = oldest.clone().next_back().map(|(number, _)| *number);
        (oldest.map(|(_, row)| row.clone()).collect(), last)
    }

    /// Forgets those up to that number.
    fn written(&self, last: u64) {
        let mut memory = self.memory();
        while memory
            .queue
            .pop_front_if(|(number, _)| *number <= last)
            .is_some()
        {}
        self.waiting.send_replace(memory.queue.len());
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes ends as they come, for ever.
pub(super) async fn write(ends: Arc<Ends>, mut session: Session) {
    let mut pause = PAUSES.0;
    loop {
        ends.wait_until(|waiting| waiting > 0).await;
        let (rows, last) = ends.oldest();
        let Some(last) = last else { continue };
        match write_batch(&mut session, rows).await {
            Ok(()) => {
                ends.written(last);
                pause = PAUSES.0;
            }
            Err(error) => {
                tracing::warn!(%error, waiting = ends.waiting(), "ends are not written yet");
                sleep(pause.mul_f64(rand::random_range(0.8..1.2))).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }
}

/// Writes all that can be; an error means that none of the rest was.
async fn write_batch(
    session: &mut Session,
    rows: Vec<EndRow>,
) -> Result<(), crate::database::DatabaseError> {
    let mut parts = vec![last_words(rows)];
    while let Some(mut part) = parts.pop() {
        let written = session
            .run(LIMIT, &part, |connection, rows| {
                Box::pin(table::end(connection, rows))
            })
            .await;
        match written {
            Ok(()) => {}
            Err(error) if error.blames_a_row() && part.len() > 1 => {
                let rest = part.split_off(part.len() / 2);
                parts.extend([rest, part]);
            }
            Err(error) if error.blames_a_row() => {
                tracing::error!(%error, "an end cannot be written");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// One end of each transaction, in the order of the signatures: the last that was seen
/// on chain, else the last.
fn last_words(rows: Vec<EndRow>) -> Vec<EndRow> {
    let mut last: BTreeMap<Vec<u8>, EndRow> = BTreeMap::new();
    for row in rows {
        let known = last.get(&row.signature);
        if row.is_seen() || !known.is_some_and(EndRow::is_seen) {
            last.insert(row.signature.clone(), row);
        }
    }
    last.into_values().collect()
}
