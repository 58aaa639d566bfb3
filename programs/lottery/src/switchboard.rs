//! Switchboard On-Demand: where its accounts keep what we need, and the calls
//! into it. Layouts come from the `switchboard-on-demand` crate; its own reader
//! checks length and discriminator only, so owner, key, authority and queue are
//! checked here or by the instruction.

use anchor_lang::{
    pinocchio::instruction::InstructionAccount, prelude::*, unchecked_invoke_signed_fixed,
    CpiHandle,
};
use switchboard_on_demand::{
    Discriminator as _, OracleAccountData, QueueAccountData, RandomnessAccountData,
};

use crate::error::LotteryError;

/// The program that owns randomness, queues and oracles.
#[cfg(not(feature = "devnet"))]
pub const PROGRAM_ID: Address =
    Address::from_str_const("SBondMDrcV3K4kxZR1HNVT7osZxAHVHgYXL5Ze1oMUv");
#[cfg(feature = "devnet")]
pub const PROGRAM_ID: Address =
    Address::from_str_const("Aio4gaXjXzJNVLtzwtNVmSqGKpANtXhybbkhtAC94ji2");

pub const SLOT_HASHES: Address =
    Address::from_str_const("SysvarS1otHashes111111111111111111111111111");
pub const TOKEN_PROGRAM: Address =
    Address::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
pub const ASSOCIATED_TOKEN_PROGRAM: Address =
    Address::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
pub const WRAPPED_SOL: Address =
    Address::from_str_const("So11111111111111111111111111111111111111112");
pub const LOOKUP_TABLE_PROGRAM: Address =
    Address::from_str_const("AddressLookupTab1e1111111111111111111111111");

/// Seeds of Switchboard's own addresses.
pub const STATE_SEED: &[u8] = b"STATE";
pub const LUT_SIGNER_SEED: &[u8] = b"LutSigner";
pub const ORACLE_STATS_SEED: &[u8] = b"OracleRandomnessStats";

/// Length of a randomness account; the crate's struct covers the first 408 bytes.
pub const RANDOMNESS_LEN: usize = 480;

pub const INIT: [u8; 8] = [9, 9, 204, 33, 50, 116, 113, 15];
pub const COMMIT: [u8; 8] = [52, 170, 152, 201, 179, 133, 242, 141];
pub const REVEAL: [u8; 8] = [197, 181, 187, 10, 30, 58, 20, 73];
pub const CLOSE: [u8; 8] = [146, 101, 14, 74, 225, 246, 0, 156];

/// Status of an oracle whose enclave was attested.
const ATTESTED: u8 = 4;

/// How much longer an oracle's attestation must hold at a request (seconds), so
/// that it does not run out before the reveal.
pub const ATTESTATION_MARGIN: i64 = 600;

/// Whether the oracle was attested and is on its queue's list.
pub fn is_attested(oracle: &OracleAccountData) -> bool {
    oracle.enclave.verification_status == ATTESTED && oracle.is_on_queue != 0
}

/// Whether an attestation until `valid_until` holds long enough at `now` (unix
/// seconds) for a draw.
pub fn holds_long_enough(valid_until: i64, now: i64) -> bool {
    valid_until > now.saturating_add(ATTESTATION_MARGIN)
}

/// The part of a Switchboard account that follows its discriminator.
fn body<T: bytemuck::Pod>(data: &[u8], discriminator: &[u8]) -> Option<T> {
    let rest = data.strip_prefix(discriminator)?;
    let bytes = rest.get(..core::mem::size_of::<T>())?;
    bytemuck::try_pod_read_unaligned(bytes).ok()
}

/// A randomness account, whole; for off-chain readers.
pub fn parse_randomness(data: &[u8]) -> Option<RandomnessAccountData> {
    if data.len() != RANDOMNESS_LEN {
        return None;
    }
    body(data, RandomnessAccountData::DISCRIMINATOR)
}

/// The slot that a randomness account's lookup table is derived from; for off-chain
/// readers.
pub fn lut_slot(randomness: &[u8]) -> Option<u64> {
    const LUT_SLOT: usize = 184;
    parse_randomness(randomness)?;
    let bytes = randomness.get(LUT_SLOT..LUT_SLOT + 8)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

/// An oracle account, whole; for off-chain readers.
pub fn parse_oracle(data: &[u8]) -> Option<OracleAccountData> {
    body(data, OracleAccountData::DISCRIMINATOR)
}

/// Borrows an account's body in place.
fn view_body<'a, T: bytemuck::Pod>(data: &'a [u8], discriminator: &[u8]) -> Option<&'a T> {
    let rest = data.strip_prefix(discriminator)?;
    let bytes = rest.get(..core::mem::size_of::<T>())?;
    bytemuck::try_from_bytes(bytes).ok()
}

fn same(ours: &Address, theirs: impl AsRef<[u8]>) -> bool {
    ours.as_ref() == theirs.as_ref()
}

/// What an instruction expects of the randomness account.
pub struct ExpectedRandomness<'a> {
    pub lane: &'a Address,
    pub queue: &'a Address,
    pub oracle: &'a Address,
    pub seed_slot: u64,
}

/// Reads a randomness account that a lane owns. Owner, discriminator, length,
/// authority and queue are checked; the key is the caller's (it is a PDA).
fn with_randomness(
    account: &AccountView,
    expected: &ExpectedRandomness,
    check: impl FnOnce(&RandomnessAccountData) -> Result<()>,
) -> Result<()> {
    require!(
        account.owned_by(&PROGRAM_ID) && account.data_len() == RANDOMNESS_LEN,
        LotteryError::RandomnessAccount
    );
    let data = account.try_borrow()?;
    let randomness: &RandomnessAccountData = view_body(&data, RandomnessAccountData::DISCRIMINATOR)
        .ok_or(LotteryError::RandomnessAccount)?;
    require!(
        same(expected.lane, randomness.authority),
        LotteryError::RandomnessAccount
    );
    require!(
        same(expected.queue, randomness.queue),
        LotteryError::RandomnessQueue
    );
    check(randomness)
}

/// A randomness account of this lane and queue, just created.
pub fn require_owned(account: &AccountView, lane: &Address, queue: &Address) -> Result<()> {
    let none = Address::default();
    let expected = ExpectedRandomness {
        lane,
        queue,
        oracle: &none,
        seed_slot: 0,
    };
    with_randomness(account, &expected, |_| Ok(()))
}

/// A commitment made in this very slot, not revealed.
pub fn require_committed(account: &AccountView, expected: &ExpectedRandomness) -> Result<()> {
    with_randomness(account, expected, |randomness| {
        require!(
            randomness.seed_slot == expected.seed_slot && randomness.reveal_slot == 0,
            LotteryError::CommitNotFresh
        );
        require!(
            same(expected.oracle, randomness.oracle),
            LotteryError::ForeignOracle
        );
        Ok(())
    })
}

/// A pending commitment of this draw. To be asked before the reveal, which
/// zeroes the oracle.
pub fn require_pending(account: &AccountView, expected: &ExpectedRandomness) -> Result<()> {
    with_randomness(account, expected, |randomness| {
        require!(
            randomness.seed_slot == expected.seed_slot,
            LotteryError::CommitNotFresh
        );
        require!(
            same(expected.oracle, randomness.oracle),
            LotteryError::ForeignOracle
        );
        Ok(())
    })
}

/// The value of this draw, revealed now, in a later slot than the request.
pub fn require_revealed(
    account: &AccountView,
    expected: &ExpectedRandomness,
    value: &[u8; 32],
    slot: u64,
) -> Result<()> {
    with_randomness(account, expected, |randomness| {
        require!(
            randomness.seed_slot == expected.seed_slot
                && randomness.reveal_slot == slot
                // The request was made in the slot after the seed's. A value that
                // came in that same slot could be requested, seen and, in one
                // transaction, thrown away.
                && slot > expected.seed_slot.saturating_add(1),
            LotteryError::RevealNotFresh
        );
        require!(randomness.value == *value, LotteryError::ValueMismatch);
        Ok(())
    })
}

/// An oracle of the queue that is attested and alive.
pub fn require_live_oracle(account: &AccountView, queue: &AccountView, now: i64) -> Result<()> {
    require!(account.owned_by(&PROGRAM_ID), LotteryError::OracleAccount);
    let data = account.try_borrow()?;
    let oracle: &OracleAccountData =
        view_body(&data, OracleAccountData::DISCRIMINATOR).ok_or(LotteryError::OracleAccount)?;
    require!(
        same(queue.address(), oracle.queue),
        LotteryError::OracleAccount
    );
    let timeout = node_timeout(queue)?;
    require!(
        is_attested(oracle)
            && holds_long_enough(oracle.enclave.valid_until, now)
            && is_alive(oracle, timeout, now),
        LotteryError::OracleNotLive
    );
    Ok(())
}

/// Whether the oracle has shown itself within the queue's own limit (seconds); a
/// queue without one counts every oracle as alive.
pub fn is_alive(oracle: &OracleAccountData, node_timeout: i64, now: i64) -> bool {
    node_timeout <= 0 || oracle.last_heartbeat.saturating_add(node_timeout) >= now
}

/// How long the queue lets its oracles be silent (seconds).
fn node_timeout(queue: &AccountView) -> Result<i64> {
    require!(queue.owned_by(&PROGRAM_ID), LotteryError::RandomnessQueue);
    let data = queue.try_borrow()?;
    let queue: &QueueAccountData =
        view_body(&data, QueueAccountData::DISCRIMINATOR).ok_or(LotteryError::RandomnessQueue)?;
    Ok(queue.node_timeout)
}

/// A queue's limit on its oracles' silence (seconds); for off-chain readers.
pub fn parse_node_timeout(queue: &[u8]) -> Option<i64> {
    let timeout = core::mem::offset_of!(QueueAccountData, node_timeout);
    let at = QueueAccountData::DISCRIMINATOR.len().checked_add(timeout)?;
    let bytes = queue
        .strip_prefix(QueueAccountData::DISCRIMINATOR)
        .and_then(|_| queue.get(at..at.checked_add(8)?))?;
    Some(i64::from_le_bytes(bytes.try_into().ok()?))
}

/// Calls Switchboard with metas taken from the handles: `N` accounts, signed by
/// the seeds given. Writability and signatures are the metas', not the handles'.
pub fn invoke<'a, const N: usize>(
    data: &[u8],
    metas: &[InstructionAccount<'a>; N],
    handles: &[CpiHandle<'a>; N],
    signer_seeds: &'a [&'a [&'a [u8]]],
) {
    unchecked_invoke_signed_fixed(&PROGRAM_ID, data, metas, handles, signer_seeds);
}
