//! Switchboard's accounts, read in place.

use anchor_lang::prelude::*;
use switchboard_on_demand::{
    Discriminator as _, OracleAccountData, QueueAccountData, RandomnessAccountData,
};

use crate::{
    switchboard::{holds_long_enough, is_alive, is_attested, PROGRAM_ID, RANDOMNESS_LEN},
    view::{word, Outcome},
    LotteryError,
};

/// An account of Switchboard's, if it is of this kind.
#[inline(always)]
fn view<'a, T>(view: AccountView, discriminator: u64) -> Option<&'a T> {
    if !view.owned_by(&PROGRAM_ID) || view.data_len() < size_of::<T>().wrapping_add(8) {
        return None;
    }
    let data = view.data_ptr();
    if unsafe { data.cast::<u64>().read() } != discriminator {
        return None;
    }
    Some(unsafe { &*data.add(8).cast::<T>() })
}

/// `theirs` is an address of another version's type.
#[inline(always)]
fn same(ours: &Address, theirs: &impl AsRef<[u8]>) -> bool {
    let theirs: &Address = unsafe { &*theirs.as_ref().as_ptr().cast() };
    crate::view::same(ours, theirs)
}

/// The lane's randomness account.
#[inline(always)]
pub fn of_lane<'a>(
    account: AccountView,
    lane: &Address,
    queue: &Address,
) -> Outcome<&'a RandomnessAccountData> {
    demand!(
        account.data_len() == RANDOMNESS_LEN,
        LotteryError::RandomnessAccount
    );
    let randomness: &RandomnessAccountData = view(
        account,
        const { word(RandomnessAccountData::DISCRIMINATOR) },
    )
    .ok_or(LotteryError::RandomnessAccount)?;
    demand!(
        same(lane, &randomness.authority),
        LotteryError::RandomnessAccount
    );
    demand!(
        same(queue, &randomness.queue),
        LotteryError::RandomnessQueue
    );
    Ok(randomness)
}

#[inline(always)]
pub fn is_asked(randomness: &RandomnessAccountData, oracle: &Address) -> bool {
    same(oracle, &randomness.oracle)
}

#[inline(always)]
pub fn live_oracle(account: AccountView, queue: AccountView, now: i64) -> Outcome {
    let oracle: &OracleAccountData =
        view(account, const { word(OracleAccountData::DISCRIMINATOR) })
            .ok_or(LotteryError::OracleAccount)?;
    demand!(
        same(queue.address(), &oracle.queue),
        LotteryError::OracleAccount
    );
    let queue: &QueueAccountData = view(queue, const { word(QueueAccountData::DISCRIMINATOR) })
        .ok_or(LotteryError::RandomnessQueue)?;
    demand!(
        is_attested(oracle)
            && holds_long_enough(oracle.enclave.valid_until, now)
            && is_alive(oracle, queue.node_timeout, now),
        LotteryError::OracleNotLive
    );
    Ok(())
}
