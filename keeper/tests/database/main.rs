//! The lease and the journal against a real Postgres: DATABASE_URL's, or the one of
//! the PG* variables. Each test has a database of its own.
//!
//! Nothing here sets clocks apart, because there is nothing to set apart: the times of
//! the tables are all Postgres's, which sees one clock, and a keeper's belief is counted
//! on its own monotonic clock. No time of one machine is ever compared with that of
//! another.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod ability;
mod common;
mod contention;
mod ends;
mod fence;
mod latency;
mod migrations;
mod oracles;
mod outages;
mod records;
mod recovery;
mod takeover;
