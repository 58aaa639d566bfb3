//! Houses that play for a token: SPL Token and Token-2022, by the same tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

/// Runs tests that take a currency once for each token program.
macro_rules! for_each_token {
    ($($test:ident)*) => {
        mod spl_token {
            $(#[test] fn $test() { super::$test(lottery_tests::tokens::Currency::SplToken) })*
        }
        mod token_2022 {
            $(#[test] fn $test() { super::$test(lottery_tests::tokens::Currency::Token2022) })*
        }
    };
}

mod batches;
mod common;
mod foreign;
mod frozen_vaults;
mod frozen_wallets;
mod guards;
mod life;
mod limits;
mod mints;
mod missing;
mod solvency;
mod vaults;
mod wallets;
mod wrapped_sol;
