//! The only places where lamports leave an account.

use anchor_lang::{
    pinocchio::cpi::{Seed, Signer as CpiSigner},
    pinocchio::sysvars::Sysvar as _,
    prelude::*,
};
use pinocchio_system::instructions::{Allocate, Assign, CreateAccount, Transfer};

use crate::{error::LotteryError, state::Entry};

const ENTRY_LEN: u64 = 8 + core::mem::size_of::<Entry>() as u64;

/// Creates an entry that holds its rent and the price of its tickets, with one
/// call to the System program where two would do: the caller moves the price on
/// to the game, which a program may do with accounts it owns.
pub fn create_paid_entry(
    player: &AccountView,
    entry: &AccountView,
    price: u64,
    seeds: &[&[u8]; 5],
) -> Result<Account<Entry>> {
    let rent = Rent::get()?.try_minimum_balance(ENTRY_LEN as usize)?;
    let needed = rent.checked_add(price).ok_or(LotteryError::Overflow)?;
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
        // the price is always the player's.
        let missing = rent
            .saturating_sub(entry.lamports())
            .checked_add(price)
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

/// Loads a program account that was not declared in an accounts struct, with
/// the checks of a declared one: writable, owner, discriminator, length. The
/// account must not be loaded already.
#[expect(unsafe_code, reason = "Anchor leaves aliasing to its caller here")]
pub fn load_mut<T>(view: AccountView) -> Result<Account<T>>
where
    Account<T>: AnchorAccount,
    T: bytemuck::Pod + bytemuck::Zeroable + anchor_lang::accounts::SlabSchema,
{
    // A loaded account is marked as borrowed, so a second load of the same one,
    // passed twice, stops here.
    if view.is_borrowed() {
        return Err(ProgramError::AccountBorrowFailed);
    }
    // SAFETY: nothing else holds this account's data, as just checked.
    unsafe { <Account<T> as AnchorAccount>::load_mut(view) }
}

/// Pays a wallet out of an account of this program.
pub fn pay(from: &AccountView, wallet: &AccountView, amount: u64) -> Result<()> {
    if amount == 0 {
        return Ok(());
    }
    require!(!wallet.executable(), LotteryError::PayoutToProgram);
    let after = wallet
        .lamports()
        .checked_add(amount)
        .ok_or(LotteryError::Overflow)?;
    // The runtime would refuse the transaction without saying why.
    require!(
        after >= Rent::get()?.try_minimum_balance(wallet.data_len())?,
        LotteryError::PayoutBelowRentExemption
    );
    transfer(from, wallet, amount)
}

/// Moves lamports between accounts of this program, or out of one.
pub fn transfer(from: &AccountView, to: &AccountView, amount: u64) -> Result<()> {
    let (mut from, mut to) = (*from, *to);
    let left = from
        .lamports()
        .checked_sub(amount)
        .ok_or(LotteryError::Insolvent)?;
    from.set_lamports(left);
    let sum = to
        .lamports()
        .checked_add(amount)
        .ok_or(LotteryError::Overflow)?;
    to.set_lamports(sum);
    Ok(())
}
