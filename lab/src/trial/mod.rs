//! Keepers on trial: real processes that play a house's games on a real cluster, with a
//! proxy before everything outside; and an account of what they did there.
//!
//! | part | what |
//! |---|---|
//! | [`World`] | a cluster, its oracles, a Postgres server: shared by many trials |
//! | [`Scene`] | a house of its own and two games: one is cancelled, one is played |
//! | [`Keeper`] | a process that is started, killed, frozen; all it says passes a [`Watch`] |
//! | [`Boundary`] | an instant at which something passes between a keeper and the outside |
//! | [`Database`] | an empty database, and what a keeper's tables say |
//! | [`faults`] | what is wrong with how it ended |

mod boundary;
mod chain;
mod database;
mod keeper;
mod process;
mod scene;
mod sent;
mod statement;
pub mod transaction;
mod verdict;
mod watch;
mod world;

pub use boundary::{Boundary, Channel, Instant};
pub use chain::Chain;
pub use database::{Database, Lease, Written};
pub use keeper::{Keeper, Launch};
pub use scene::{Scene, Terms};
pub use sent::{Sent, Trip};
pub use verdict::{Case, faults};
pub use watch::Watch;
pub use world::{World, asker, validator_is_there};
