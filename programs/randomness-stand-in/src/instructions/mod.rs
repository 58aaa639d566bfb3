//! An instruction per file: its accounts, then what it does.

mod oracle_heartbeat;
mod oracle_init;
mod queue_init;
mod randomness_close;
mod randomness_commit;
mod randomness_init;
mod randomness_reveal;
mod state_init;

pub use oracle_heartbeat::*;
pub use oracle_init::*;
pub use queue_init::*;
pub use randomness_close::*;
pub use randomness_commit::*;
pub use randomness_init::*;
pub use randomness_reveal::*;
pub use state_init::*;

/// The clock, by system call.
#[inline(always)]
pub(crate) fn clock() -> anchor_lang::Result<anchor_lang::prelude::Clock> {
    use anchor_lang::solana_program::sysvar::Sysvar as _;
    anchor_lang::prelude::Clock::get()
}
