//! The indexer as an operator meets it: the binary, its answers and its doctor, between
//! a scripted node and a real database.

mod daemon;
mod doctor;
mod node;

use crate::common::TestDatabase;
use sqlx::ConnectOptions as _;

/// Where a test's database is, password included.
fn url(database: &TestDatabase) -> String {
    let options = database.pool.connect_options();
    options.to_url_lossy().to_string()
}
