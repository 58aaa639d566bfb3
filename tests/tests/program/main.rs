//! The program in the real VM: every instruction, every refusal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod compute;
mod coverage;
mod draw_math;
mod draws;
mod games;
mod houses;
mod jackpots;
mod joins;
mod payouts;
mod randomness;
mod verification;
