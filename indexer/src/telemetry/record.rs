//! A function for everything that is told.

use std::time::Duration;

use ::metrics::{counter, gauge, histogram};
use lottery_service::telemetry::{count, flag, number, unix_time};
use sqlx::PgPool;

use super::{
    labels::{Connections, Failure, Finality, Letter, Source},
    metrics as names,
};

/// A slot as metrics hold it.
fn slot_number(slot: i64) -> f64 {
    number(u64::try_from(slot).unwrap_or(0))
}

/// The chain's slot as last seen, and the one up to which the tables have everything.
pub fn slots(chain: i64, applied: i64) {
    gauge!(names::CHAIN_SLOT).set(slot_number(chain));
    gauge!(names::APPLIED_SLOT).set(slot_number(applied));
}

/// The newest rows that are this sure are so many slots behind the chain, and so old, if
/// that is known.
pub fn lag(finality: Finality, slots: i64, age: Option<Duration>) {
    let finality = finality.label();
    gauge!(names::LAG_SLOTS, "finality" => finality).set(slot_number(slots));
    if let Some(age) = age {
        gauge!(names::LAG_SECONDS, "finality" => finality).set(age.as_secs_f64());
    }
}

/// A source delivers, or does no more.
pub fn source(source: Source, is_up: bool) {
    gauge!(names::SOURCE_UP, "source" => source.label()).set(flag(is_up));
}

/// A source has to start over.
pub fn reconnected(source: Source) {
    counter!(names::RECONNECTS, "source" => source.label()).increment(1);
}

/// A stretch of the stream is missing.
pub fn gap_found() {
    counter!(names::GAPS_FOUND).increment(1);
}

/// A missing stretch was read anew.
pub fn gap_refilled() {
    counter!(names::GAPS_REFILLED).increment(1);
}

/// A fork dropped slots that were in the tables.
pub fn slots_dropped(slots: u64) {
    counter!(names::SLOTS_DROPPED).increment(slots);
}

/// Rows of a table were taken back because a fork dropped their slot.
pub fn rows_reverted(table: &'static str, rows: u64) {
    counter!(names::ROWS_REVERTED, "table" => table).increment(rows);
}

/// Rows of a table were inserted, changed or deleted.
pub fn rows_written(table: &'static str, rows: u64) {
    counter!(names::ROWS_WRITTEN, "table" => table).increment(rows);
}

/// A transaction of the writers was committed.
pub fn batch(rows: u64, took: Duration) {
    histogram!(names::BATCH_ROWS).record(number(rows));
    histogram!(names::BATCH_SECONDS).record(took.as_secs_f64());
}

/// So many events wait for the writer.
pub fn queue(events: usize) {
    gauge!(names::QUEUE).set(count(events));
}

/// A full snapshot is in the tables.
pub fn snapshot(accounts: usize, took: Duration) {
    counter!(names::SNAPSHOTS).increment(1);
    gauge!(names::SNAPSHOT_ACCOUNTS).set(count(accounts));
    gauge!(names::SNAPSHOT_TIMESTAMP).set(unix_time());
    histogram!(names::SNAPSHOT_SECONDS).record(took.as_secs_f64());
}

/// The ledger wrote transactions.
pub fn ledger_transactions(transactions: usize) {
    let transactions = u64::try_from(transactions).unwrap_or(u64::MAX);
    counter!(names::LEDGER_TRANSACTIONS).increment(transactions);
}

/// Something could not be stored where it belongs.
pub fn dead_letter(letter: Letter) {
    counter!(names::DEAD_LETTERS, "kind" => letter.label()).increment(1);
}

/// So many dead letters are still to be understood.
pub fn dead_letters_waiting(letters: i64) {
    gauge!(names::DEAD_LETTERS_WAITING).set(slot_number(letters));
}

/// Whether this process writes what it sees of the chain.
pub fn writer(is_writer: bool) {
    gauge!(names::WRITER).set(flag(is_writer));
}

/// Whether the database answers.
pub fn database(is_up: bool) {
    gauge!(names::DATABASE_UP).set(flag(is_up));
}

/// How busy a pool is.
pub fn connections(which: Connections, pool: &PgPool) {
    let (which, idle) = (which.label(), pool.num_idle());
    let all = usize::try_from(pool.size()).unwrap_or(usize::MAX);
    for (state, known) in names::CONNECTION_STATES
        .into_iter()
        .zip([all.saturating_sub(idle), idle])
    {
        gauge!(names::CONNECTIONS, "pool" => which, "state" => state).set(count(known));
    }
    let most = pool.options().get_max_connections();
    gauge!(names::CONNECTIONS_MAX, "pool" => which).set(f64::from(most));
}

/// A connection of a pool was waited for.
pub fn acquired(which: Connections, took: Duration) {
    histogram!(names::ACQUIRE_SECONDS, "pool" => which.label()).record(took.as_secs_f64());
}

/// A statement failed.
pub fn statement_failed(error: &sqlx::Error) {
    counter!(names::STATEMENT_FAILURES, "class" => Failure::of(error).label()).increment(1);
}

/// How far the replica is behind.
pub fn replica_lag(age: Duration) {
    gauge!(names::REPLICA_LAG).set(age.as_secs_f64());
}

/// Until when there are partitions (unix seconds).
pub fn partitions_end(time: f64) {
    gauge!(names::PARTITIONS_END).set(time);
}

/// The statistics were refreshed.
pub fn statistics_refreshed(took: Duration) {
    let [ok, _] = names::OUTCOMES;
    counter!(names::STATISTICS_REFRESHES, "outcome" => ok).increment(1);
    histogram!(names::STATISTICS_SECONDS).record(took.as_secs_f64());
}

/// The statistics could not be refreshed.
pub fn statistics_failed() {
    let [_, failed] = names::OUTCOMES;
    counter!(names::STATISTICS_REFRESHES, "outcome" => failed).increment(1);
}
