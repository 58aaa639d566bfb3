//! A world to test the program in: the real VM (LiteSVM), both programs as they
//! are deployed, a queue, three oracles whose keys we hold, a house.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test support"
)]

pub mod bench;
pub mod events;
pub mod fairness;
pub mod hostile;
pub mod keeper;
pub mod model;
pub mod mutants;
pub mod oracle;
pub mod payouts;
pub mod play;
pub mod refusal;
pub mod rules;
pub mod tokens;
pub mod world;
