use anchor_lang::{
    pinocchio::cpi::{Seed, Signer as CpiSigner},
    prelude::*,
};
use pinocchio_system::instructions::{Allocate, Assign, CreateAccount, Transfer};

use super::{add, load_mut};
use crate::{error::LotteryError, state::Entry};

const ENTRY_LEN: u64 = 8 + core::mem::size_of::<Entry>() as u64;

/// Lamports that keep an entry alive.
pub fn entry_rent(rent: &Rent) -> Result<u64> {
    rent.try_minimum_balance(ENTRY_LEN as usize)
}

/// Creates an entry that holds its rent and what it is to carry, the price of its
/// tickets and its bounties, with one call to the System program where two would do: the caller moves the price
/// on to the game, which a program may do with accounts it owns.
#[inline(always)]
pub fn create_paid_entry(
    player: &AccountView,
    entry: &AccountView,
    (rent, carried): &(u64, u64),
    seeds: &[&[u8]; 5],
) -> Result<Account<Entry>> {
    let (rent, carried) = (*rent, *carried);
    let needed = add(rent, carried)?;
    let signer_seeds: [Seed; 5] = [
        Seed::from(seeds[0]),
        Seed::from(seeds[1]),
        Seed::from(seeds[2]),
        Seed::from(seeds[3]),
        Seed::from(seeds[4]),
    ];
    let signer = CpiSigner::from(&signer_seeds);
    if entry.lamports() == 0 {
        CreateAccount {
            from: player,
            to: entry,
            lamports: needed,
            space: ENTRY_LEN,
            owner: &crate::ID,
        }
        .invoke_signed(&[signer])?;
    } else {
        // Somebody sent lamports here before. They count for the rent at most:
        // the rest is always the player's.
        let missing = rent
            .saturating_sub(entry.lamports())
            .checked_add(carried)
            .ok_or(LotteryError::Overflow)?;
        Transfer {
            from: player,
            to: entry,
            lamports: missing,
        }
        .invoke()?;
        Allocate {
            account: entry,
            space: ENTRY_LEN,
        }
        .invoke_signed(core::slice::from_ref(&signer))?;
        Assign {
            account: entry,
            owner: &crate::ID,
        }
        .invoke_signed(&[signer])?;
    }
    let mut view = *entry;
    view.try_borrow_mut()?
        .get_mut(..8)
        .ok_or(ProgramError::AccountDataTooSmall)?
        .copy_from_slice(Entry::DISCRIMINATOR);
    load_mut::<Entry>(view)
}
