//! Keepers and indexers on trial: real processes that play a house's games on a real
//! cluster, or follow it into tables, with a proxy before everything outside; and an account
//! of what they did there.
//!
//! | part | what |
//! |---|---|
//! | [`World`] | a cluster, its oracles, a Postgres server: shared by many trials |
//! | [`Scene`] | a house of its own and two games: one is cancelled, one is played |
//! | [`Keeper`] | a process that is started, killed, frozen; all it says passes a [`Watch`] |
//! | [`Boundary`] | an instant at which something passes between a keeper and the outside |
//! | [`Database`] | an empty database, and what a keeper's tables say |
//! | [`faults`] | what is wrong with how it ended |
//! | [`Games`] | houses that play on and on, for indexers to watch |
//! | [`Indexer`] | a process that follows the chain into a [`Database`] |
//! | [`Relay`] | a Yellowstone server that tells of a cluster |
//! | [`Server`] | a Postgres server of a trial's own, to be killed and suspended |
//! | [`faults_of_tables`] | where tables differ from the chain |

mod boundary;
mod chain;
mod database;
mod games;
mod history;
mod indexer;
mod keeper;
mod life;
mod process;
mod relay;
mod scene;
mod sent;
mod server;
mod sql;
mod statement;
mod tables;
pub mod transaction;
mod verdict;
mod watch;
mod world;

pub use boundary::{Boundary, Channel, Instant};
pub use chain::Chain;
pub use database::{Database, Lease, Written};
pub use games::Games;
pub use history::{Told, Transactions};
pub use indexer::Indexer;
pub use keeper::{Keeper, Launch};
pub use life::Life;
pub use relay::Relay;
pub use scene::{Scene, Terms};
pub use sent::{Sent, Trip};
pub use server::{Server, Shutdown};
pub(crate) use statement::PREPARE;
pub use tables::{Level, faults_of_tables, until_level};
pub use verdict::{Case, faults};
pub use watch::Watch;
pub use world::{World, asker, validator_is_there};
