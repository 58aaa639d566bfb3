//! Mirrors the lottery's accounts and transactions from the chain into
//! Postgres, computes what follows from them, and serves it over HTTP.
//!
//! `source` → `ingest` → `store` is the way of an account; `ledger` the way of a
//! transaction; `derive` computes beside them; `api` reads; `verify` compares the
//! tables with the chain and recomputes every draw.

pub mod analytics;
pub mod api;
pub mod cli;
pub mod config;
pub mod derive;
pub mod doctor;
pub mod error;
pub mod fate;
pub mod ingest;
pub mod ledger;
pub mod repair;
pub mod run;
pub mod source;
pub mod store;
pub mod survey;
pub mod telemetry;
pub mod upkeep;
pub mod verify;
