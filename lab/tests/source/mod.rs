//! What the tests of all sources have in common: a source that runs, what a reader makes of
//! it, and the tables that it fills.

#![allow(dead_code, reason = "no source needs everything")]

pub mod mirror;
pub mod run;
pub mod tables;
