//! Whatever the chain looks like, a plan holds nothing that the program would
//! refuse, explains every game, and repeated leaves nothing undone.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "tests"
)]

mod anything;
mod cases;
mod model;
mod oracles;
mod properties;
mod world;
