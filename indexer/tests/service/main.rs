//! The indexer as an operator meets it: the binary, its answers and its doctor, between
//! a scripted node and a real database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

#[path = "../common/mod.rs"]
mod common;

mod daemon;
mod doctor;
mod node;

use common::TestDatabase;
use sqlx::ConnectOptions as _;

/// Where a test's database is, password included.
fn url(database: &TestDatabase) -> String {
    let options = database.pool.connect_options();
    options.to_url_lossy().to_string()
}
