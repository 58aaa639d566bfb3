//! The keeper's plans, carried out on the real program.
//!
//! A story ([`story`]) is a world of several houses, players and oracles in which things
//! happen at random. [`run`] plays it by nothing but what `lottery_keeper::plan` says:
//! it looks at the chain as the keeper does ([`look`]), carries the plan out ([`crank`])
//! and holds every answer of the program, and every lamport, against what the plan made
//! expect.

pub mod batch;
pub mod coverage;
pub mod crank;
pub mod events;
pub mod look;
pub mod run;
pub mod scene;
pub mod story;
