//! A world to test the program in: the real VM (LiteSVM), both programs as they
//! are deployed, a queue, two oracles whose keys we hold, a house.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test support"
)]

pub mod compute;
pub mod oracle;
pub mod play;
pub mod postgres;
pub mod refusal;
pub mod rules;
pub mod world;
