//! Fixed addresses and the seeds of derived ones.

use anchor_lang::prelude::*;

use crate::StandInError;

/// The newest slot hashes, written by the runtime.
pub const SLOT_HASHES: Address =
    Address::from_str_const("SysvarS1otHashes111111111111111111111111111");
/// The mint of wrapped SOL.
pub const WRAPPED_SOL: Address =
    Address::from_str_const("So11111111111111111111111111111111111111112");
pub const TOKEN_PROGRAM: Address =
    Address::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
pub const ASSOCIATED_TOKEN_PROGRAM: Address =
    Address::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
pub const LOOKUP_TABLE_PROGRAM: Address =
    Address::from_str_const("AddressLookupTab1e1111111111111111111111111");

/// Seed of the program's one state account.
pub const STATE_SEED: &[u8] = b"STATE";
/// Seed, before the randomness account's key, of its lookup table's authority.
pub const LUT_SIGNER_SEED: &[u8] = b"LutSigner";
/// Seed, before the oracle's key, of the oracle's statistics.
pub const ORACLE_STATS_SEED: &[u8] = b"OracleRandomnessStats";

/// Refuses an address other than the canonical one of the seeds; gives the bump.
/// Inlined wherever it is used: a result this wide does not fit one register.
#[inline(always)]
pub(crate) fn require_derived(
    seeds: &[&[u8]],
    program: &Address,
    given: &Address,
    refusal: StandInError,
) -> Result<u8> {
    match anchor_lang::find_and_verify_program_address(seeds, program, given) {
        Ok(bump) => Ok(bump),
        Err(_) => Err(refusal.into()),
    }
}

/// Refuses anything but the randomness account's wrapped SOL account.
#[inline(never)]
pub(crate) fn require_reward_escrow(randomness: &Address, escrow: &Address) -> Result<()> {
    let seeds = [
        randomness.as_ref(),
        TOKEN_PROGRAM.as_ref(),
        WRAPPED_SOL.as_ref(),
    ];
    require_derived(
        &seeds,
        &ASSOCIATED_TOKEN_PROGRAM,
        escrow,
        StandInError::RewardEscrow,
    )?;
    Ok(())
}

/// Refuses anything but the oracle's statistics address. The account itself may
/// not exist: the real program creates it at the first reveal.
#[inline(never)]
pub(crate) fn require_oracle_stats(oracle: &Address, stats: &Address) -> Result<()> {
    let seeds = [ORACLE_STATS_SEED, oracle.as_ref()];
    require_derived(&seeds, &crate::ID, stats, StandInError::OracleStats)?;
    Ok(())
}
