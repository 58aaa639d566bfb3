//! The journal: what was signed is written before it is sent, and what became of it
//! afterwards. A keeper that takes over begins with what its predecessor left open.

mod ends;
mod records;
mod table;

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use lottery_client::sender::journal::{End, Journal, JournalError, Signed};
use solana_signature::Signature;
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::{Instant, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Database, DatabaseError, Leadership, State, session::Session};
use crate::{config, telemetry};
use ends::Ends;
use records::Request;

/// Records waiting for the one that writes; more make their callers wait.
const QUEUE: usize = 1_024;

/// Longest wait for a statement that nobody's transaction waits for.
const RARE_LIMIT: Duration = Duration::from_secs(10);

/// The journal in Postgres. One task writes the records, whatever has gathered while
/// it wrote the ones before; another the ends.
pub struct PgJournal {
    leadership: Leadership,
    requests: mpsc::Sender<Request>,
    ends: Arc<Ends>,
    rare: Arc<Mutex<Session>>,
    /// Stops the task that writes ends; the other stops when nobody can send requests.
    _stop: DropGuard,
}

impl PgJournal {
    /// Writes as long as `leadership` leads. While a keeper acts without a database,
    /// nothing is recorded and [`signed`](Journal::signed) succeeds.
    pub fn start(database: &Database, leadership: Leadership, settings: &config::Database) -> Self {
        let (requests, receiver) = mpsc::channel(QUEUE);
        let writer = records::Writer::new(database.session(), leadership.clone(), settings.clone());
        tokio::spawn(writer.run(receiver));
        let ends = Arc::new(Ends::default());
        let stop = CancellationToken::new();
        let writing = ends::write(ends.clone(), database.session());
        tokio::spawn(stop.clone().run_until_cancelled_owned(writing));
        Self {
            leadership,
            requests,
            ends,
            rare: database.rare.clone(),
            _stop: stop.drop_guard(),
        }
    }

    /// What earlier epochs signed and nobody knows the end of, oldest first; it is this
    /// epoch's to follow from now on. Asked again, it says what of it is still open: an
    /// answer that got lost loses nothing.
    ///
    /// # Errors
    /// [`DatabaseError::Fenced`] if this keeper does not lead.
    pub async fn open(&self) -> Result<Vec<Signed>, DatabaseError> {
        let State::Leader { epoch, .. } = self.leadership.current() else {
            return Err(DatabaseError::Fenced);
        };
        let input = (self.leadership.candidate(), epoch);
        let mut rare = self.rare.lock().await;
        let rows = rare
            .run(RARE_LIMIT, &input, |connection, (candidate, epoch)| {
                Box::pin(table::adopt(connection, candidate, *epoch))
            })
            .await?
            .ok_or(DatabaseError::Fenced)?;
        rows.into_iter().map(table::Open::into_signed).collect()
    }

    /// How many transactions there are whose end is not written.
    pub async fn open_rows(&self) -> Result<u64, DatabaseError> {
        let lease = &self.leadership.candidate().name;
        let mut rare = self.rare.lock().await;
        let rows = rare
            .run(RARE_LIMIT, lease, |connection, lease| {
                Box::pin(table::count_open(connection, lease))
            })
            .await?;
        Ok(rows.unsigned_abs())
    }

    /// Forgets what ended longer ago than that, some thousand rows at a time; says how
    /// many there were.
    pub async fn forget(&self, older_than: Duration) -> Result<u64, DatabaseError> {
        let input = (&*self.leadership.candidate().name, older_than);
        let mut forgotten = 0;
        loop {
            // Not held from batch to batch: others may have to ask something, too.
            let mut rare = self.rare.lock().await;
            let rows = rare
                .run(RARE_LIMIT, &input, |connection, (lease, older_than)| {
                    Box::pin(table::forget(connection, lease, *older_than))
                })
                .await?;
            forgotten += rows;
            if rows < table::FORGOTTEN_AT_ONCE {
                return Ok(forgotten);
            }
        }
    }

    /// Waits until every end is written, but not longer than that; says how many are
    /// not. For a keeper that stops, before it gives the lease back.
    pub async fn flush(&self, patience: Duration) -> usize {
        // It is the number left that counts, not why the wait ended.
        let _ = timeout(patience, self.ends.all_written()).await;
        self.ends.waiting()
    }
}

impl Journal for PgJournal {
    fn signed<'a>(&'a self, signed: &'a Signed) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let request = Request {
                signed: signed.clone(),
                answer,
            };
            let closed = || JournalError::Unavailable("it is closed".to_owned());
            let begun = Instant::now();
            self.requests.send(request).await.map_err(|_| closed())?;
            answered.await.map_err(|_| closed())??;
            telemetry::journal_write(begun.elapsed());
            Ok(())
        })
    }

    /// Returns at once: what cannot be written now is kept in memory.
    fn ended<'a>(&'a self, signature: &'a Signature, end: &'a End) -> BoxFuture<'a, ()> {
        self.ends.add(*signature, end);
        Box::pin(std::future::ready(()))
    }
}
