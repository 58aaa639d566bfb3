//! A local Solana cluster with the lottery loaded, the randomness stand-in at
//! Switchboard's address, and oracles that answer over HTTP as Switchboard's do.
//!
//! [`Localnet::start`] picks the cluster: the one `RPC_URL` names, else Agave's
//! `solana-test-validator` where it is on PATH, else `lottery-surfnet`. What it
//! returns is ready: programs callable, airdrops confirmed, WebSocket notifying,
//! oracles attested and their gateway listening. Dropping it, or killing the
//! process that holds it, ends the cluster.

mod cluster;
mod error;
mod gateway;
mod localnet;
mod options;
mod ports;
mod process;
mod transact;
mod world;

pub use cluster::Kind;
pub use error::LocalnetError;
pub use gateway::{REVEAL_PATH, RevealRequest, RevealResponse};
pub use localnet::{Addresses, Localnet};
pub use options::{ClusterChoice, Options};
pub use world::Oracle;

/// A result of this crate.
pub type Result<T, E = LocalnetError> = std::result::Result<T, E>;
