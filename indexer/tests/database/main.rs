//! The indexer against a real Postgres: what it decodes, stores, computes, repairs and
//! answers. One program, as one link is quicker than fifteen; each test has a database of
//! its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

#[path = "../common/mod.rs"]
mod common;

mod api;
mod blocks;
mod decode;
mod derive;
mod forks;
mod fuzz;
mod history;
mod ledger;
mod order;
mod postgres;
mod repair;
mod service;
mod source;
mod store;
mod survey;
mod unseen;
mod upkeep;
mod verify;
