//! A function for everything that is told.

use std::time::{Duration, Instant};

use ::metrics::{counter, gauge, histogram};
use lottery_client::{
    rpc::Observer,
    sender::{Landed, Quote, SendError},
};
use lottery_service::telemetry::{count, flag, number, unix_time};

use super::{
    labels::{GameEnd, Kind, Method, OracleEnd, Outcome, STATUSES, Stage, Step, TransactionEnd},
    metrics as names,
};
use crate::{
    load::ChainClock,
    oracles::{OracleResult, OracleSeen},
    state::ChainState,
};

/// A game or draw took a step, this long after the one before.
pub fn lag(step: Step, slots: u64, took: Duration) {
    let step = step.label();
    histogram!(names::STEP_LAG_SLOTS, "step" => step).record(number(slots));
    histogram!(names::STEP_LAG_SECONDS, "step" => step).record(took.as_secs_f64());
}

/// A draw came to a stage.
pub fn draw(stage: Stage) {
    counter!(names::DRAWS, "stage" => stage.label()).increment(1);
}

/// A game came to an end.
pub fn game(end: GameEnd) {
    counter!(names::GAMES_ENDED, "outcome" => end.label()).increment(1);
}

/// How many games there are of each of [`STATUSES`].
pub fn games(counts: [u64; STATUSES.len()]) {
    for (status, known) in STATUSES.into_iter().zip(counts) {
        gauge!(names::GAMES, "status" => status).set(number(known));
    }
}

/// A plan was made, which took so long.
pub fn plan(took: Duration) {
    histogram!(names::PLAN_SECONDS).record(took.as_secs_f64());
}

/// So many games wait for a reason.
pub fn waiting(reason: String, games: usize) {
    gauge!(names::GAMES_WAITING, "reason" => reason).set(count(games));
}

/// Actions due but not begun, and jobs under way, each by what it is for.
pub fn queue(due: impl IntoIterator<Item = Kind>, running: impl IntoIterator<Item = Kind>) {
    set_by_kind(names::ACTIONS_DUE, due);
    set_by_kind(names::JOBS_RUNNING, running);
}

fn set_by_kind(name: &'static str, kinds: impl IntoIterator<Item = Kind>) {
    let mut counts = [0_u64; Kind::ALL.len()];
    for kind in kinds {
        if let Some(of_kind) = counts.get_mut(kind as usize) {
            *of_kind += 1;
        }
    }
    for (kind, of_kind) in Kind::ALL.iter().zip(counts) {
        gauge!(name, "kind" => kind.label()).set(number(of_kind));
    }
}

/// An action ended.
pub fn action(kind: Kind, outcome: impl Into<Outcome>) {
    let outcome = outcome.into().label();
    counter!(names::ACTIONS, "kind" => kind.label(), "outcome" => outcome).increment(1);
}

/// A transaction under way.
#[must_use = "it is told how the transaction ended"]
#[derive(Debug)]
pub struct Watch {
    kind: Kind,
    /// Lamports.
    fee: u64,
    priority_fee: u64,
    begun: Instant,
}

/// A transaction is about to be sent that will ask for and cost this.
pub fn transaction(kind: Kind, quote: &Quote) -> Watch {
    histogram!(names::TRANSACTION_COMPUTE_UNITS, "kind" => kind.label())
        .record(f64::from(quote.limits.compute_units));
    Watch {
        kind,
        fee: quote.fee,
        priority_fee: quote.limits.priority_fee(),
        begun: Instant::now(),
    }
}

impl Watch {
    /// The transaction ended; if it landed, it earned this (lamports).
    pub fn ended(self, result: &Result<Landed, SendError>, income: u64) {
        let end = match result {
            Ok(_) => TransactionEnd::Landed,
            Err(SendError::Failed { .. }) => TransactionEnd::Failed,
            Err(SendError::Dead(_)) => TransactionEnd::Dead,
            Err(SendError::Uncertain(_) | SendError::Closed) => TransactionEnd::Uncertain,
            // Never sent.
            Err(_) => return,
        };
        let kind = self.kind.label();
        counter!(names::TRANSACTIONS, "kind" => kind, "outcome" => end.label()).increment(1);
        if matches!(end, TransactionEnd::Landed | TransactionEnd::Failed) {
            counter!(names::FEES).increment(self.fee);
            counter!(names::PRIORITY_FEES).increment(self.priority_fee);
        }
        if end == TransactionEnd::Landed {
            counter!(names::BOUNTIES).increment(income);
            histogram!(names::CONFIRMATION_SECONDS).record(self.begun.elapsed().as_secs_f64());
        }
    }
}

/// A node was asked; `outcome` is `"ok"` or a class of faults.
pub fn asked(endpoint: usize, method: &str, outcome: &'static str, took: Duration) {
    let (endpoint, method) = (endpoint.to_string(), Method::of(method).label());
    histogram!(names::RPC_REQUEST_SECONDS, "endpoint" => endpoint.clone(), "method" => method)
        .record(took.as_secs_f64());
    counter!(names::RPC_REQUESTS, "endpoint" => endpoint, "method" => method, "outcome" => outcome)
        .increment(1);
}

/// Tells what a pool of nodes is asked.
#[derive(Clone, Copy, Debug)]
pub struct Observed;

impl Observer for Observed {
    fn asked(&self, endpoint: usize, method: &str, result: &'static str, took: Duration) {
        asked(endpoint, method, result, took);
        if result == "ok" && Method::of(method) == Method::Blockhash {
            gauge!(names::BLOCKHASH_TIMESTAMP).set(unix_time());
        }
    }
}

/// How an endpoint is.
pub fn endpoint(index: usize, slot: u64, is_healthy: bool) {
    let index = index.to_string();
    gauge!(names::ENDPOINT_SLOT, "endpoint" => index.clone()).set(number(slot));
    gauge!(names::ENDPOINT_HEALTHY, "endpoint" => index).set(flag(is_healthy));
}

/// The chain's clock was read.
#[expect(clippy::cast_precision_loss, reason = "unix seconds are exact")]
pub fn clock(clock: ChainClock) {
    gauge!(names::SLOT).set(number(clock.slot));
    gauge!(names::CHAIN_TIME).set(clock.now as f64);
}

/// Slots were shown that never were.
pub fn slots_taken_back() {
    counter!(names::SLOTS_TAKEN_BACK).increment(1);
}

/// The stream of changes is there.
pub fn stream_up() {
    gauge!(names::STREAM_UP).set(1.0);
}

/// The stream of changes is gone; `broke` if it was there.
pub fn stream_down(broke: bool) {
    gauge!(names::STREAM_UP).set(0.0);
    counter!(names::STREAM_BREAKS).increment(u64::from(broke));
}

/// A full scan ended.
pub fn scan(is_good: bool) {
    let outcome = if is_good { "ok" } else { "failed" };
    counter!(names::SCANS, "outcome" => outcome).increment(1);
}

/// The oracles of the houses' queues were read.
pub fn oracles_of(state: &ChainState) {
    let (mut live, mut silent) = (0, 0);
    for queue in state.queues() {
        for oracle in state.oracles.get(&queue).into_iter().flatten() {
            if oracle.is_live(state.now) {
                live += 1;
            } else {
                silent += 1;
            }
        }
    }
    gauge!(names::ORACLES, "state" => "live").set(count(live));
    gauge!(names::ORACLES, "state" => "silent").set(count(silent));
}

/// An oracle was asked for a value, or its draw was given up.
pub fn oracle(seen: &OracleSeen) {
    let oracle = seen.oracle.to_string();
    let end = match seen.result {
        OracleResult::Answered(took) => {
            histogram!(names::ORACLE_ANSWER_SECONDS, "oracle" => oracle.clone())
                .record(took.as_secs_f64());
            OracleEnd::Answered
        }
        OracleResult::Failed => OracleEnd::Failed,
        OracleResult::Aborted => OracleEnd::Aborted,
    };
    counter!(names::ORACLE_ANSWERS, "oracle" => oracle, "outcome" => end.label()).increment(1);
}

/// Balance of the fee payer, and the least that it should have (lamports).
pub fn balance(lamports: u64, least: u64) {
    gauge!(names::PAYER_BALANCE).set(number(lamports));
    gauge!(names::PAYER_MIN_BALANCE).set(number(least));
}

/// Whether this keeper acts, and the epoch of the lease (0 without a database).
pub fn leadership(is_leader: bool, epoch: u64) {
    gauge!(names::LEADER).set(flag(is_leader));
    gauge!(names::LEADER_EPOCH).set(number(epoch));
}

/// This keeper took the lease over.
pub fn takeover() {
    counter!(names::TAKEOVERS).increment(1);
}

/// Whether the database answers.
pub fn database(is_up: bool) {
    gauge!(names::DATABASE_UP).set(flag(is_up));
}

/// The journal was written, which took so long.
pub fn journal_write(took: Duration) {
    histogram!(names::JOURNAL_WRITE_SECONDS).record(took.as_secs_f64());
}

/// Transactions in the journal whose end is not known.
pub fn journal_open(rows: u64) {
    gauge!(names::JOURNAL_OPEN).set(number(rows));
}
