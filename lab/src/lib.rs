//! Failure weather: what tests and soak programs put between our services and the
//! world, so that the world fails on command.
//!
//! Everything here speaks through real sockets, so the services under test run as they
//! do in production and know of nothing. It is test machinery: no production binary
//! links it.
//!
//! | part | stands before or in place of |
//! |---|---|
//! | [`RpcProxy`] | a Solana node: JSON-RPC over HTTP, notifications over a WebSocket |
//! | [`ScriptedRpc`] | a Solana node that is not there: a small ledger under the test's control |
//! | [`ScriptedGeyser`] | the gRPC interface of a node that is not there: a chain written slot by slot |
//! | [`HttpProxy`] | an oracle's gateway |
//! | [`TcpProxy`] | Postgres, or anything else that listens on a port |
//!
//! All but the last take their faults from a [`Weather`]: rules that say which request
//! meets which fault, changed at any moment while services run. Chance is seeded: the
//! n-th request that a rule matches meets the same fate in every run.

mod budget;
mod chance;
mod database;
mod error;
mod http;
mod listen;
mod lock;
mod signatures;
mod spread;
mod usage;
mod watched;

pub mod command;
pub mod draw_rate;
pub mod http_proxy;
pub mod index_rate;
pub mod join_rate;
pub mod kill_everywhere;
pub mod rpc;
pub mod rpc_proxy;
pub mod scripted_geyser;
pub mod scripted_rpc;
pub mod soak;
pub mod tcp_proxy;
pub mod trial;
pub mod weather;

pub use error::LabError;
pub use http_proxy::{GatewayFault, GatewayWeather, HttpProxy};
pub use rpc::{Intrusion, Notifications, RpcFault, RpcWeather, Sockets, lies};
pub use rpc_proxy::RpcProxy;
pub use scripted_geyser::{GeyserChain, GeyserFault, GeyserWeather, ScriptedGeyser};
pub use scripted_rpc::{Fate, Ledger, ScriptedRpc, Simulation};
pub use spread::Spread;
pub use tcp_proxy::{ChunkDecision, Direction, TcpProxy, TcpWeather};
pub use weather::{Decision, Fault, Moment, Rule, RuleId, Seen, Via, Weather};

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]
mod tests;
