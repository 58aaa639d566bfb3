//! The stand-in for Switchboard On-Demand on local clusters.
//!
//! Loaded at Switchboard's own mainnet address, it answers the four randomness
//! instructions with the same names, account lists, arguments and account layouts,
//! so that the lottery program and the keeper are the very ones of mainnet. It is
//! never deployed to a public cluster.
//!
//! What is ours and not Switchboard's:
//! - the message an oracle signs ([`signature::reveal_message`]): Switchboard's is
//!   not public;
//! - `state_init`, `queue_init`, `oracle_init` and `oracle_heartbeat`, which make a
//!   world without attested enclaves;
//! - `randomness_close` returns the rent of the randomness account only; the reward
//!   escrow and the lookup table stay;
//! - rewards are not paid and the oracle's statistics are not kept, and the snapshot
//!   of the oracle's key in the randomness account (bytes 408..480) stays zero.

use anchor_lang::prelude::*;

pub mod addresses;
#[cfg(not(target_os = "solana"))]
pub mod client;
pub mod error;
pub mod instructions;
pub mod layout;
pub mod signature;

pub use error::StandInError;
use instructions::*;

declare_id!("SBondMDrcV3K4kxZR1HNVT7osZxAHVHgYXL5Ze1oMUv");

#[program]
pub mod randomness_stand_in {
    use super::*;

    /// Creates a randomness account, its reward escrow and its lookup table.
    pub fn randomness_init(ctx: &mut Context<RandomnessInit>, recent_slot: u64) -> Result<()> {
        ctx.accounts.handle(recent_slot)
    }

    /// Commits to the value an oracle will make of the newest slot hash. As with
    /// Switchboard, a pending commit is replaced without a word.
    pub fn randomness_commit(ctx: &mut Context<RandomnessCommit>) -> Result<()> {
        ctx.accounts.handle()
    }

    /// Stores the value the committed oracle signed.
    pub fn randomness_reveal(
        ctx: &mut Context<RandomnessReveal>,
        signature: [u8; 64],
        recovery_id: u8,
        value: [u8; 32],
    ) -> Result<()> {
        ctx.accounts.handle(&signature, recovery_id, &value)
    }

    /// Closes a randomness account; its rent goes to its authority.
    pub fn randomness_close(ctx: &mut Context<RandomnessClose>) -> Result<()> {
        ctx.accounts.handle()
    }

    /// Creates the program's global state account. Stand-in only.
    pub fn state_init(ctx: &mut Context<StateInit>) -> Result<()> {
        ctx.accounts.handle()
    }

    /// Makes a queue of a zeroed account the client allocated. Stand-in only.
    pub fn queue_init(ctx: &mut Context<QueueInit>) -> Result<()> {
        ctx.accounts.handle()
    }

    /// Makes an attested oracle of a zeroed account the client allocated, and puts
    /// it on the queue. Stand-in only.
    pub fn oracle_init(
        ctx: &mut Context<OracleInit>,
        secp256k1_key: [u8; 64],
        gateway_uri: [u8; 64],
        valid_until: i64,
    ) -> Result<()> {
        ctx.accounts
            .handle(&secp256k1_key, &gateway_uri, valid_until)
    }

    /// Refreshes an oracle's heartbeat and, where given, when its attestation
    /// expires (Unix seconds). Stand-in only.
    pub fn oracle_heartbeat(
        ctx: &mut Context<OracleHeartbeat>,
        valid_until: Option<i64>,
    ) -> Result<()> {
        ctx.accounts.handle(valid_until)
    }
}
