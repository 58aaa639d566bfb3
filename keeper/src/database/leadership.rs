//! A task that gets the lease and keeps it, and what it believes meanwhile.
//!
//! A belief is counted on this process's monotonic clock from before the question to
//! Postgres was sent, so it ends before the lease does, whatever clocks say and
//! however long the answer took. A process that was stopped, or whose Postgres hangs,
//! stops believing by itself. Where that is not enough (Postgres's clock is set
//! forward, a machine sleeps and its monotonic clock with it) the journal's fence is.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    Candidate, Database, DatabaseError, Epoch,
    lease::{Attempt, Renewal},
    released,
    session::Session,
};
use crate::{
    config::{self, WithoutDatabase},
    telemetry,
};

/// Pause between two looks of a follower at the lease, give or take a fifth.
pub(super) const POLL: Duration = Duration::from_millis(500);

/// Least pause between two attempts.
const RETRY: Duration = Duration::from_millis(20);

/// Pause before a renewal that failed is tried again.
const RENEWAL_RETRY: Duration = Duration::from_millis(100);

/// Longest wait for tables that are not there yet; if it was too short, it is tried
/// again.
const MIGRATION_LIMIT: Duration = Duration::from_secs(5);

/// What a keeper knows of who leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Another keeper leads, or nobody yet.
    Follower,
    Leader {
        epoch: Epoch,
        /// When this belief ends unless the lease is renewed.
        until: Instant,
    },
    /// Postgres cannot be used for as long as a lease lasts, and ours has run out.
    NoDatabase {
        /// When it was last heard of.
        since: Instant,
    },
}

impl State {
    /// Whether a keeper in this state acts.
    pub fn may_act(self, settings: &config::Database) -> bool {
        match self {
            Self::Leader { .. } => true,
            Self::Follower => false,
            Self::NoDatabase { since } => {
                settings.without == WithoutDatabase::Act && since.elapsed() >= settings.patience
            }
        }
    }

    fn is_turn_from(self, before: Self) -> bool {
        match (before, self) {
            (Self::Leader { epoch: before, .. }, Self::Leader { epoch, .. }) => before != epoch,
            (Self::Follower, Self::Follower) => false,
            (Self::NoDatabase { .. }, Self::NoDatabase { .. }) => false,
            _ => true,
        }
    }
}

/// A hand on the task; clones are hands on the same one. When the last is dropped
/// the task ends, and the lease runs out.
#[derive(Clone)]
pub struct Leadership {
    candidate: Arc<Candidate>,
    states: watch::Receiver<State>,
    /// Whether it may hold the lease.
    able: Arc<watch::Sender<bool>>,
    stop: CancellationToken,
}

impl Leadership {
    /// Tries to lead from now on, as the settings say; once the tables are up to date.
    pub fn start(database: &Database, settings: &config::Database) -> Self {
        let candidate = Arc::new(Candidate::new(&settings.lease_name, settings.lease));
        let (sender, states) = watch::channel(State::Follower);
        let able = Arc::new(watch::Sender::new(true));
        let stop = CancellationToken::new();
        let released = Arc::new(Notify::new());
        let listening = released::listen(
            database.options.clone(),
            candidate.name.clone(),
            released.clone(),
        );
        let task = Task {
            database: database.clone(),
            session: database.session(),
            candidate: candidate.clone(),
            states: sender,
            released,
            able: able.subscribe(),
            stop: stop.clone(),
            heard: Instant::now(),
            failures: 0,
        };
        tokio::spawn(async move {
            tokio::select! {
                () = task.run() => {}
                () = listening => {}
            }
        });
        Self {
            candidate,
            states,
            able,
            stop,
        }
    }

    /// Whether this keeper can do what a leader does; it can at first. One that cannot
    /// gives the lease to whoever can, and does not ask for it until it can again.
    pub fn set_able(&self, able: bool) {
        self.able
            .send_if_modified(|was| std::mem::replace(was, able) != able);
    }

    /// What is known now. Cheap; ask before everything that only a leader may do.
    pub fn current(&self) -> State {
        match *self.states.borrow() {
            State::Leader { until, .. } if Instant::now() >= until => State::Follower,
            state => state,
        }
    }

    /// Waits until a keeper begins or ceases to lead, or loses or regains its database.
    /// Renewals are no change, nor is the end of the patience with a database. Never
    /// again after [`resign`](Self::resign).
    pub async fn changed(&mut self) -> State {
        if self.states.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.current()
    }

    /// Gives the lease back, so that another keeper takes over at once. To be called
    /// when nothing is under way any more; returns when the lease is given back, or
    /// will have run out by itself.
    pub async fn resign(&self) {
        self.stop.cancel();
        let mut states = self.states.clone();
        while states.changed().await.is_ok() {}
    }

    pub(super) fn candidate(&self) -> &Candidate {
        &self.candidate
    }
}

struct Task {
    database: Database,
    session: Session,
    candidate: Arc<Candidate>,
    states: watch::Sender<State>,
    /// Told when somebody released the lease.
    released: Arc<Notify>,
    /// Whether this keeper may lead.
    able: watch::Receiver<bool>,
    stop: CancellationToken,
    /// When Postgres last answered.
    heard: Instant,
    /// How often it did not since.
    failures: u32,
}

impl Task {
    async fn run(mut self) {
        loop {
            let Some((epoch, until)) = self.follow().await else {
                return;
            };
            self.lead(epoch, until).await;
            if self.stop.is_cancelled() {
                return self.release(epoch).await;
            }
            if !self.is_able() {
                tracing::warn!(%epoch, "this keeper cannot act; the lease is for who can");
                self.release(epoch).await;
            }
        }
    }

    /// Asks for the lease until it is granted; `None` when stopped.
    async fn follow(&mut self) -> Option<(Epoch, Instant)> {
        let mut leader = String::new();
        loop {
            if !self.is_able() {
                self.until_able().await;
            }
            if self.stopped() {
                return None;
            }
            let asked = Instant::now();
            let attempt = self.try_acquire().await;
            let poll = POLL.mul_f64(rand::random_range(0.8..1.2));
            let pause = match self.note(attempt) {
                Some(Attempt::Acquired(epoch)) => return Some((epoch, asked + self.candidate.ttl)),
                Some(Attempt::Taken { by, remaining }) => {
                    self.publish(State::Follower);
                    if leader != by {
                        tracing::info!(leader = by, "another keeper leads");
                        leader = by;
                    }
                    poll.min(remaining + RETRY)
                }
                None => {
                    if self.is_database_gone() {
                        self.publish(State::NoDatabase { since: self.heard });
                    }
                    poll
                }
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = self.released.notified() => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Waits until this keeper may lead, or is stopped.
    async fn until_able(&mut self) {
        self.publish(State::Follower);
        tokio::select! {
            // Nobody is left who could say so: then it ends, too.
            _ = self.able.wait_for(|able| *able) => {}
            () = self.stop.cancelled() => {}
        }
        // It was not asked meanwhile.
        self.heard = Instant::now();
        self.failures = 0;
    }

    async fn try_acquire(&mut self) -> Result<Attempt, DatabaseError> {
        // Nothing to be done unless Postgres was away when this keeper started.
        timeout(MIGRATION_LIMIT, self.database.migrate())
            .await
            .unwrap_or(Err(DatabaseError::Hung(MIGRATION_LIMIT)))?;
        // Connecting may take long; what is left of the lease has to do for a renewal.
        let limit = self.query_limit() * 2;
        self.session
            .run(limit, &*self.candidate, |connection, candidate| {
                Box::pin(candidate.try_acquire(connection))
            })
            .await
    }

    /// Renews the lease until it is lost or the task is stopped.
    async fn lead(&mut self, epoch: Epoch, mut until: Instant) {
        let interval = self.query_limit();
        // Counted from when it was asked for.
        let mut next = until - self.candidate.ttl + interval;
        if !self.stopped() {
            tracing::info!(%epoch, lease = self.candidate.name, "this keeper leads");
            self.publish(State::Leader { epoch, until });
        }
        loop {
            tokio::select! {
                () = sleep_until(next.min(until)) => {}
                _ = self.able.wait_for(|able| !able) => {}
                () = self.stop.cancelled() => {}
            }
            if self.stopped() || !self.is_able() {
                return;
            }
            let asked = Instant::now();
            if asked >= until {
                tracing::warn!(%epoch, "the lease ran out");
                // Not without a database yet: perhaps it was this process that was stopped.
                self.publish(State::Follower);
                return;
            }
            let limit = interval.min(until - asked);
            let input = (&*self.candidate, epoch);
            let renewal = self
                .session
                .run(limit, &input, |connection, (candidate, epoch)| {
                    Box::pin(candidate.renew(connection, *epoch))
                })
                .await;
            next = match self.note(renewal) {
                Some(Renewal::Renewed) => {
                    until = asked + self.candidate.ttl;
                    self.publish(State::Leader { epoch, until });
                    asked + interval
                }
                Some(Renewal::Lost) => {
                    tracing::warn!(%epoch, "the lease was lost");
                    self.publish(State::Follower);
                    return;
                }
                None => Instant::now() + RENEWAL_RETRY,
            };
        }
    }

    async fn release(&mut self, epoch: Epoch) {
        // First, so that nobody believes what is no longer so.
        self.publish(State::Follower);
        let limit = self.query_limit();
        let input = (&*self.candidate, epoch);
        let released = self
            .session
            .run(limit, &input, |connection, (candidate, epoch)| {
                Box::pin(candidate.release(connection, *epoch))
            })
            .await;
        match released {
            Ok(()) => tracing::info!(%epoch, "the lease was released"),
            Err(error) => tracing::warn!(%epoch, %error, "the lease could not be released"),
        }
    }

    /// Pause between two renewals and longest wait for one: if one fails, there is time
    /// for another.
    fn query_limit(&self) -> Duration {
        self.candidate.ttl / 3
    }

    /// Not before any lease has run out; and a single failure may be that of a process
    /// that was stopped in the middle of its question.
    fn is_database_gone(&self) -> bool {
        self.failures >= 2 && self.heard.elapsed() >= self.candidate.ttl
    }

    fn is_able(&self) -> bool {
        *self.able.borrow()
    }

    /// Whether somebody wants the task to end, or nobody wants it any more.
    fn stopped(&self) -> bool {
        self.stop.is_cancelled() || self.states.is_closed()
    }

    fn note<T>(&mut self, answer: Result<T, DatabaseError>) -> Option<T> {
        telemetry::database(answer.is_ok());
        match answer {
            Ok(answer) => {
                self.heard = Instant::now();
                self.failures = 0;
                Some(answer)
            }
            Err(error) => {
                if self.failures == 0 {
                    tracing::warn!(%error, "the lease could not be asked for");
                }
                self.failures = self.failures.saturating_add(1);
                None
            }
        }
    }

    fn publish(&self, new: State) {
        self.states.send_if_modified(|state| {
            let turn = new.is_turn_from(*state);
            *state = new;
            turn
        });
    }
}
