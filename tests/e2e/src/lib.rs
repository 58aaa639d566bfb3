//! What the end-to-end tests stand on, beside the local cluster: a database.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test support"
)]

pub mod postgres;
