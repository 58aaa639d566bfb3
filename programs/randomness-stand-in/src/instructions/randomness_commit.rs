use anchor_lang::prelude::*;

use crate::{
    addresses::SLOT_HASHES,
    layout::{self, OracleAccountData, RandomnessAccountData},
    StandInError,
};

#[derive(Accounts)]
pub struct RandomnessCommit {
    #[account(mut)]
    pub randomness: UncheckedAccount,
    pub queue: UncheckedAccount,
    #[account(mut)]
    pub oracle: UncheckedAccount,
    #[account(address = SLOT_HASHES @ StandInError::SlotHashesSysvar)]
    pub recent_slothashes: UncheckedAccount,
    pub authority: Signer,
}

impl RandomnessCommit {
    #[inline(never)]
    pub fn handle(&mut self) -> Result<()> {
        let queue = self.queue.address();
        let authority = self.authority.address();
        require_oracle(self.oracle.account(), queue)?;

        let slot = super::clock()?.slot;
        let Some(seed_slot) = slot.checked_sub(1) else {
            return Err(StandInError::Overflow.into());
        };
        let mut seed_slothash = [0; 32];
        newest_slot_hash(self.recent_slothashes.account(), &mut seed_slothash)?;

        let oracle = layout::key(self.oracle.address());
        layout::write::<RandomnessAccountData>(self.randomness.account(), |randomness| {
            require_held(randomness, authority, queue)?;
            randomness.seed_slothash = seed_slothash;
            randomness.seed_slot = seed_slot;
            randomness.oracle = oracle;
            randomness.reveal_slot = 0;
            randomness.value = [0; 32];
            Ok(())
        })
    }
}

/// An oracle of this program and of this queue.
#[inline(never)]
pub(crate) fn require_oracle(oracle: &AccountView, queue: &Address) -> Result<()> {
    layout::read::<OracleAccountData>(oracle, |oracle| {
        require!(
            layout::same(&oracle.queue, queue),
            StandInError::ForeignQueue
        );
        Ok(())
    })
}

/// A randomness account of this authority and this queue.
#[inline(always)]
pub(crate) fn require_held(
    randomness: &RandomnessAccountData,
    authority: &Address,
    queue: &Address,
) -> Result<()> {
    require!(
        layout::same(&randomness.authority, authority),
        StandInError::WrongAuthority
    );
    require!(
        layout::same(&randomness.queue, queue),
        StandInError::ForeignQueue
    );
    Ok(())
}

/// The newest entry of the sysvar: a count (u64), then slots (u64) with their hashes,
/// newest first. Where slots were skipped it is older than the slot before this one,
/// and is the hash used all the same.
#[inline(always)]
fn newest_slot_hash(sysvar: &AccountView, out: &mut [u8; 32]) -> Result<()> {
    let data = sysvar.try_borrow()?;
    let count = data.get(..8);
    let hash = data.get(16..48);
    match (count, hash) {
        (Some(count), Some(hash)) if count != [0; 8] => {
            out.copy_from_slice(hash);
            Ok(())
        }
        _ => Err(StandInError::NoSlotHash.into()),
    }
}
