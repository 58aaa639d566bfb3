//! The time on chain.

use anchor_lang::prelude::*;

/// The clock.
pub fn clock() -> Result<Clock> {
    Clock::get()
}
