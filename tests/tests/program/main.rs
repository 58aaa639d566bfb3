//! The program in the real VM: every instruction, every refusal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod aborts;
mod accounts;
mod authority;
mod batch_positions;
mod batch_refusals;
mod batches;
mod bounties;
mod closing;
mod compute;
mod coverage;
mod donations;
mod draw_math;
mod draws;
mod expiry;
mod games;
mod houses;
mod jackpots;
mod joins;
mod lanes;
mod left_out;
mod limits;
mod oracles;
mod overdue;
mod pauses;

mod payouts;
mod placeholders;
mod randomness;
mod redraws;
mod rent;
mod solvency;
mod substitution;
mod told;
mod treasury;
mod unpayable;
mod verification;
