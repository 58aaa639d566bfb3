//! The indexer's Geyser source against a server that misbehaves in every way it can:
//! real sockets, a scripted chain.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod flow;
mod forks;
mod garbage;
mod join;
mod order;
mod resume;
#[path = "../source/mod.rs"]
mod source;
mod stage;
mod tables;
