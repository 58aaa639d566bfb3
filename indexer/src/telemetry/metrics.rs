//! Every metric: its name, its unit, what it says, and the labels that it is shown
//! with from the beginning. Names exist here only.

pub use lottery_service::telemetry::{Metric, Sort};
use metrics::{counter, gauge, histogram};

use super::labels::{Connections, Failure, Finality, Letter, Source};
use crate::store;

/// Statements and transactions of the database (seconds).
const QUICK: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// What takes from milliseconds to minutes (seconds).
const SLOW: &[f64] = &[
    0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0,
];
/// Rows of a transaction.
const ROWS: &[f64] = &[
    1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0,
];

lottery_service::metrics! {
    prefix "lottery_indexer_";

    gauge CHAIN_SLOT = "chain_slot", Count, "The chain's slot as last seen";
    gauge APPLIED_SLOT = "applied_slot", Count, "Slot up to which the tables have everything";
    gauge LAG_SLOTS = "lag_slots", Count, "Slots from the chain's newest to the newest in the tables, by how sure the rows are";
    gauge LAG_SECONDS = "lag_seconds", Seconds, "Age of the newest slot in the tables, by how sure the rows are";
    gauge SOURCE_UP = "source_up", Count, "Whether a source delivers: 1, or 0 while it does not or is not used";
    counter RECONNECTS = "reconnects_total", Count, "Times a source had to start over";
    counter GAPS_FOUND = "gaps_found_total", Count, "Stretches of the stream that were found to be missing";
    counter GAPS_REFILLED = "gaps_refilled_total", Count, "Missing stretches that were read anew";
    counter SLOTS_DROPPED = "slots_dropped_total", Count, "Slots in the tables that a fork dropped";
    counter ROWS_REVERTED = "rows_reverted_total", Count, "Rows taken back because a fork dropped their slot, by table";
    counter ROWS_WRITTEN = "rows_written_total", Count, "Rows inserted, changed or deleted, by table";
    ROWS BATCH_ROWS = "batch_rows", Count, "Rows of a transaction of the writers";
    QUICK BATCH_SECONDS = "batch_seconds", Seconds, "How long a transaction of the writers took";
    gauge QUEUE = "queue_events", Count, "Events that wait for the writer";
    counter SNAPSHOTS = "snapshots_total", Count, "Full snapshots that are in the tables";
    gauge SNAPSHOT_ACCOUNTS = "snapshot_accounts", Count, "Accounts of the last snapshot";
    gauge SNAPSHOT_TIMESTAMP = "snapshot_timestamp_seconds", Seconds, "When the last snapshot was in the tables (unix time); 0 before";
    SLOW SNAPSHOT_SECONDS = "snapshot_seconds", Seconds, "How long a snapshot took, from the question to the tables";
    counter LEDGER_TRANSACTIONS = "ledger_transactions_total", Count, "Transactions that the ledger wrote";
    counter DEAD_LETTERS = "dead_letters_total", Count, "What could not be stored where it belongs, by what it is";
    gauge DEAD_LETTERS_WAITING = "dead_letters_waiting", Count, "Dead letters that no replay has understood yet";
    gauge WRITER = "writer", Count, "Whether this process writes the tables: 1, or 0 while it only serves or stands by";
    gauge DATABASE_UP = "database_up", Count, "Whether the database answers: 1, or 0 while it does not";
    gauge CONNECTIONS = "connections", Count, "Connections to the database, by pool, in use or idle";
    gauge CONNECTIONS_MAX = "connections_max", Count, "Connections that a pool may have";
    QUICK ACQUIRE_SECONDS = "acquire_seconds", Seconds, "How long it took to get a connection of a pool";
    counter STATEMENT_FAILURES = "statement_failures_total", Count, "Statements that failed, by why";
    gauge REPLICA_LAG = "replica_lag_seconds", Seconds, "How far the replica that is read from is behind; 0 without one";
    gauge PARTITIONS_END = "partitions_end_timestamp_seconds", Seconds, "Until when partitions are made (unix time); 0 without partitions";
    SLOW STATISTICS_SECONDS = "statistics_seconds", Seconds, "How long refreshing the statistics took";
    counter STATISTICS_REFRESHES = "statistics_refreshes_total", Count, "Refreshes of the statistics, by outcome";
}

/// States of a pool's connections.
pub(super) const CONNECTION_STATES: [&str; 2] = ["in_use", "idle"];

/// Outcomes of what is tried.
pub(super) const OUTCOMES: [&str; 2] = ["ok", "failed"];

/// What /metrics shows before anything has happened.
pub fn shown_at_first() -> String {
    CATALOGUE.shown_at_first(register)
}

/// Shows every metric at zero.
pub(super) fn register() {
    for name in [
        CHAIN_SLOT,
        APPLIED_SLOT,
        QUEUE,
        SNAPSHOT_ACCOUNTS,
        SNAPSHOT_TIMESTAMP,
        DEAD_LETTERS_WAITING,
        WRITER,
        DATABASE_UP,
        REPLICA_LAG,
        PARTITIONS_END,
    ] {
        gauge!(name).set(0.0);
    }
    for name in [
        GAPS_FOUND,
        GAPS_REFILLED,
        SLOTS_DROPPED,
        SNAPSHOTS,
        LEDGER_TRANSACTIONS,
    ] {
        counter!(name).absolute(0);
    }
    for name in [
        BATCH_ROWS,
        BATCH_SECONDS,
        SNAPSHOT_SECONDS,
        STATISTICS_SECONDS,
    ] {
        drop(histogram!(name));
    }
    for level in Finality::ALL {
        gauge!(LAG_SLOTS, "finality" => level.label()).set(0.0);
        gauge!(LAG_SECONDS, "finality" => level.label()).set(0.0);
    }
    for source in Source::ALL {
        gauge!(SOURCE_UP, "source" => source.label()).set(0.0);
        counter!(RECONNECTS, "source" => source.label()).absolute(0);
    }
    for table in store::TABLES {
        counter!(ROWS_WRITTEN, "table" => table).absolute(0);
        counter!(ROWS_REVERTED, "table" => table).absolute(0);
    }
    for letter in Letter::ALL {
        counter!(DEAD_LETTERS, "kind" => letter.label()).absolute(0);
    }
    for failure in Failure::ALL {
        counter!(STATEMENT_FAILURES, "class" => failure.label()).absolute(0);
    }
    for pool in Connections::ALL {
        let pool = pool.label();
        for state in CONNECTION_STATES {
            gauge!(CONNECTIONS, "pool" => pool, "state" => state).set(0.0);
        }
        gauge!(CONNECTIONS_MAX, "pool" => pool).set(0.0);
        drop(histogram!(ACQUIRE_SECONDS, "pool" => pool));
    }
    for outcome in OUTCOMES {
        counter!(STATISTICS_REFRESHES, "outcome" => outcome).absolute(0);
    }
}
