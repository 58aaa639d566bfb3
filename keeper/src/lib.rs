//! The operators' daemon: requests randomness, settles draws, pushes prizes and
//! refunds.
//!
//! [`plan::plan`] is a pure function from what the chain looks like to what is
//! due; everything else reads the chain ([`load`], [`mirror`], [`stream`]) or
//! carries plans out ([`actions`], [`execute`], [`run`]). Nothing here is
//! trusted by the program, which refuses whatever is wrong: several keepers at
//! once do no harm.

pub mod actions;
pub mod backoff;
pub mod bisect;
pub mod cli;
pub mod config;
pub mod context;
pub mod database;
mod doctor;
pub mod error;
pub mod execute;
pub mod load;
pub mod mirror;
pub mod oracles;
pub mod pack;
pub mod plan;
pub mod run;
pub mod state;
pub mod stream;
pub mod telemetry;
pub mod text;
pub mod winners;

#[cfg(test)]
mod test_games;
