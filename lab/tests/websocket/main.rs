//! The indexer's source over RPC and WebSocket against a node that misbehaves in every way
//! it can: real sockets, a scripted chain.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod faults;
mod flow;
mod progress;
mod snapshots;
#[path = "../source/mod.rs"]
mod source;
mod stage;
mod written;
