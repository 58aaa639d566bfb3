//! The client crate's sender against nodes that fail in every way they can: real
//! sockets, a scripted ledger.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calm;
mod herald;
mod journal;
mod lies;
mod losses;
mod pool;
mod stage;
