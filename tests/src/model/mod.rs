//! Model-based tests of solvency and liveness.
//!
//! [`state`] and [`apply`] keep the protocol's books a second time, in plain numbers
//! and with none of the program's own methods. Random stories ([`op`]) run against the
//! real program and against the model; after every step each refusal, each balance and
//! each account must be the model's ([`compare`]), and what must always hold is read
//! from the chain ([`invariants`]). However a story leaves the world, an anonymous
//! keeper ([`plan`]) then brings every game to its end ([`run`]).

pub mod action;
pub mod apply;
pub mod build;
pub mod cast;
pub mod compare;
pub mod coverage;
pub mod invariants;
pub mod ledger;
pub mod op;
pub mod plan;
pub mod resolve;
pub mod rules;
pub mod run;
pub mod search;
pub mod signature;
pub mod stage;
pub mod state;
pub mod tokens;
pub mod why;
