//! Every metric: its name, its unit, what it says, and the labels that it is shown
//! with from the beginning. Names exist here only.

pub use lottery_service::telemetry::{Metric, Sort};
use metrics::{counter, gauge, histogram};

use super::labels::{GameEnd, Kind, Method, OracleEnd, Outcome, Stage, Step, TransactionEnd};

/// Answers of nodes and oracles (seconds).
const ANSWERS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// Computing and writing (seconds).
const QUICK: &[f64] = &[
    0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];
/// Confirmations (seconds); the target is 5.
const CONFIRMATIONS: &[f64] = &[
    0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0, 20.0, 40.0, 60.0, 90.0, 180.0,
];
/// From milliseconds to a day (seconds).
const LAGS: &[f64] = &[
    0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0,
    3_600.0, 21_600.0, 86_400.0,
];
const SLOTS: &[f64] = &[
    1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 64.0, 150.0, 300.0, 1_000.0, 10_000.0,
];
/// Up to the most that a transaction may use.
const COMPUTE_UNITS: &[f64] = &[
    5_000.0,
    10_000.0,
    20_000.0,
    40_000.0,
    80_000.0,
    120_000.0,
    160_000.0,
    200_000.0,
    300_000.0,
    400_000.0,
    600_000.0,
    800_000.0,
    1_000_000.0,
    1_400_000.0,
];

lottery_service::metrics! {
    prefix "lottery_keeper_";

    LAGS STEP_LAG_SECONDS = "step_lag_seconds", Seconds,
        "From one step of a game to the next, as seen here: due to requested, requested to revealed, revealed to settled, settled to paid";
    SLOTS STEP_LAG_SLOTS = "step_lag_slots", Count,
        "The same in slots; request and pay count from the slot in which it was first seen here";
    gauge ACTIONS_DUE = "actions_due", Count, "Actions due and not begun";
    gauge JOBS_RUNNING = "jobs_running", Count, "Jobs under way: an action, or a batch of them";
    gauge GAMES_WAITING = "games_waiting", Count, "Live games that nothing is done for, by the reason";
    gauge GAMES = "games", Count, "Games known, by status";
    counter GAMES_ENDED = "games_ended_total", Count, "Games that were settled, cancelled or paid off, by whomever";
    counter DRAWS = "draws_total", Count, "Draws that reached a stage, by whomever";
    counter ACTIONS = "actions_total", Count, "Actions that ended, by outcome";
    counter TRANSACTIONS = "transactions_total", Count, "Transactions sent, by what became of them";
    CONFIRMATIONS CONFIRMATION_SECONDS = "confirmation_seconds", Seconds, "From sending a transaction to its confirmation";
    COMPUTE_UNITS TRANSACTION_COMPUTE_UNITS = "transaction_compute_units", Count, "Compute limits of transactions sent, which is what priority fees are charged for";
    counter FEES = "fees_lamports_total", Count, "Fees of transactions that landed or failed on chain, priority fees among them (lamports)";
    counter PRIORITY_FEES = "priority_fees_lamports_total", Count, "Priority fees of those (lamports)";
    counter BOUNTIES = "bounties_lamports_total", Count, "Bounties earned (lamports)";
    counter RPC_REQUESTS = "rpc_requests_total", Count, "Questions to nodes, by endpoint (its place in rpc_url, from 0), method and outcome";
    ANSWERS RPC_REQUEST_SECONDS = "rpc_request_seconds", Seconds, "How long nodes took to answer";
    gauge ENDPOINT_SLOT = "endpoint_slot", Count, "Newest slot that an endpoint has shown";
    gauge ENDPOINT_HEALTHY = "endpoint_healthy", Count, "Whether an endpoint is used: 1, or 0 while it is left aside";
    gauge BLOCKHASH_TIMESTAMP = "blockhash_timestamp_seconds", Seconds, "When the blockhash in use was fetched (unix time); 0 before";
    gauge SLOT = "slot", Count, "Newest slot that the chain's clock was read at";
    gauge CHAIN_TIME = "chain_time_seconds", Seconds, "The chain's own clock (unix time)";
    gauge STREAM_UP = "stream_up", Count, "Whether changes are followed as they happen: 1, or 0 while only scans tell of them";
    counter SLOTS_TAKEN_BACK = "slots_taken_back_total", Count, "Times a slot that nodes had shown turned out never to have been, and the chain was read anew";
    counter STREAM_BREAKS = "stream_breaks_total", Count, "Times the stream of changes broke";
    counter SCANS = "scans_total", Count, "Full scans, by outcome";
    QUICK PLAN_SECONDS = "plan_seconds", Seconds, "How long planning took";
    counter ORACLE_ANSWERS = "oracle_answers_total", Count, "What oracles did when they were asked";
    ANSWERS ORACLE_ANSWER_SECONDS = "oracle_answer_seconds", Seconds, "How long oracles took to answer";
    gauge ORACLES = "oracles", Count, "Oracles of the houses' queues, by state";
    gauge PAYER_BALANCE = "payer_balance_lamports", Count, "Balance of the fee payer (lamports)";
    gauge PAYER_MIN_BALANCE = "payer_min_balance_lamports", Count, "Balance below which the fee payer has too little (lamports): min_balance";
    gauge LEADER = "leader", Count, "Whether this keeper acts: 1, or 0 while another one holds the lease";
    gauge LEADER_EPOCH = "leader_epoch", Count, "Epoch of the lease, which grows with every takeover; 0 without a database";
    counter TAKEOVERS = "takeovers_total", Count, "Times this keeper took the lease over";
    gauge DATABASE_UP = "database_up", Count, "Whether the database answers: 1, or 0 while it does not or there is none";
    gauge JOURNAL_OPEN = "journal_open_rows", Count, "Transactions in the journal whose end is not known";
    QUICK JOURNAL_WRITE_SECONDS = "journal_write_seconds", Seconds, "How long the journal took to write";
}

/// What /metrics shows before anything has happened.
pub fn shown_at_first(endpoints: usize) -> String {
    CATALOGUE.shown_at_first(|| register(endpoints))
}

/// Shows every metric at zero.
pub(super) fn register(endpoints: usize) {
    register_work();
    register_nodes(endpoints);
    for name in [
        BLOCKHASH_TIMESTAMP,
        SLOT,
        CHAIN_TIME,
        STREAM_UP,
        PAYER_BALANCE,
        PAYER_MIN_BALANCE,
        LEADER,
        LEADER_EPOCH,
        DATABASE_UP,
        JOURNAL_OPEN,
    ] {
        gauge!(name).set(0.0);
    }
    for name in [
        STREAM_BREAKS,
        SLOTS_TAKEN_BACK,
        TAKEOVERS,
        FEES,
        PRIORITY_FEES,
        BOUNTIES,
    ] {
        counter!(name).absolute(0);
    }
    for name in [CONFIRMATION_SECONDS, PLAN_SECONDS, JOURNAL_WRITE_SECONDS] {
        drop(histogram!(name));
    }
    for outcome in ["ok", "failed"] {
        counter!(SCANS, "outcome" => outcome).absolute(0);
    }
    // An empty label is none: which oracles there are is not known yet.
    for end in OracleEnd::ALL {
        counter!(ORACLE_ANSWERS, "oracle" => "", "outcome" => end.label()).absolute(0);
    }
    drop(histogram!(ORACLE_ANSWER_SECONDS, "oracle" => ""));
    for state in ["live", "silent"] {
        gauge!(ORACLES, "state" => state).set(0.0);
    }
}

fn register_work() {
    for kind in Kind::ALL {
        let kind = kind.label();
        gauge!(ACTIONS_DUE, "kind" => kind).set(0.0);
        gauge!(JOBS_RUNNING, "kind" => kind).set(0.0);
        drop(histogram!(TRANSACTION_COMPUTE_UNITS, "kind" => kind));
        for outcome in Outcome::ALL {
            counter!(ACTIONS, "kind" => kind, "outcome" => outcome.label()).absolute(0);
        }
        for end in TransactionEnd::ALL {
            counter!(TRANSACTIONS, "kind" => kind, "outcome" => end.label()).absolute(0);
        }
    }
    for step in Step::ALL {
        drop(histogram!(STEP_LAG_SECONDS, "step" => step.label()));
        drop(histogram!(STEP_LAG_SLOTS, "step" => step.label()));
    }
    for stage in Stage::ALL {
        counter!(DRAWS, "stage" => stage.label()).absolute(0);
    }
    for end in GameEnd::ALL {
        counter!(GAMES_ENDED, "outcome" => end.label()).absolute(0);
    }
    for status in super::labels::STATUSES {
        gauge!(GAMES, "status" => status).set(0.0);
    }
    gauge!(GAMES_WAITING, "reason" => "in_hand").set(0.0);
}

fn register_nodes(endpoints: usize) {
    for endpoint in 0..endpoints {
        let endpoint = endpoint.to_string();
        gauge!(ENDPOINT_SLOT, "endpoint" => endpoint.clone()).set(0.0);
        gauge!(ENDPOINT_HEALTHY, "endpoint" => endpoint.clone()).set(0.0);
        for method in Method::ALL {
            let (endpoint, method) = (endpoint.clone(), method.label());
            counter!(RPC_REQUESTS, "endpoint" => endpoint.clone(), "method" => method, "outcome" => "ok")
                .absolute(0);
            drop(histogram!(RPC_REQUEST_SECONDS, "endpoint" => endpoint, "method" => method));
        }
    }
}
