//! Calls of other programs.

use core::mem::MaybeUninit;

use anchor_lang::prelude::*;
use pinocchio::{
    cpi::{invoke_signed_unchecked, CpiAccount, Seed, Signer},
    instruction::{InstructionAccount, InstructionView},
};
use pinocchio_system::instructions::{Allocate, Assign, CreateAccount, Transfer};

use crate::view::{fresh, same, word, Outcome, Rent};

/// A call signed with the seeds given, if any. The views are those of the metas.
#[inline(always)]
pub fn invoke<const N: usize>(
    program: &Address,
    data: &[u8],
    metas: &[InstructionAccount; N],
    views: [&AccountView; N],
    signers: &[Signer],
) {
    let mut accounts = [const { MaybeUninit::<CpiAccount>::uninit() }; N];
    for (view, account) in views.iter().zip(&mut accounts) {
        CpiAccount::init_from_account_view(view, account);
    }
    let instruction = InstructionView {
        program_id: program,
        data,
        accounts: metas,
    };
    unsafe {
        let accounts = core::slice::from_raw_parts(accounts.as_ptr().cast(), N);
        invoke_signed_unchecked(&instruction, accounts, signers);
    }
}

/// Lamports from a signing wallet.
#[inline(always)]
pub fn transfer(from: &AccountView, to: &AccountView, lamports: u64) -> Outcome {
    Ok(Transfer { from, to, lamports }.invoke()?)
}

/// Creates an account of this program that holds its rent and `carried` on top.
#[inline(always)]
pub fn create<'a, T: Discriminator>(
    payer: AccountView,
    account: AccountView,
    rent: Rent,
    carried: u64,
    seeds: &[Seed],
) -> Outcome<&'a mut T> {
    let space = size_of::<T>().wrapping_add(8);
    create_owned(payer, account, (rent, space, carried), &crate::ID, seeds)?;
    Ok(unsafe { fresh(account) })
}

/// The same for any owner.
#[inline(always)]
pub fn create_owned(
    payer: AccountView,
    account: AccountView,
    (rent, space, carried): (Rent, usize, u64),
    owner: &Address,
    seeds: &[Seed],
) -> Outcome {
    let minimum = rent.minimum(space);
    let signer = Signer::from(seeds);
    if account.lamports() == 0 {
        CreateAccount {
            from: &payer,
            to: &account,
            lamports: crate::view::add(minimum, carried)?,
            space: space as u64,
            owner,
        }
        .invoke_signed(&[signer])?;
        return Ok(());
    }
    let missing = minimum.saturating_sub(account.lamports());
    let missing = crate::view::add(missing, carried)?;
    if missing > 0 {
        transfer(&payer, &account, missing)?;
    }
    Allocate {
        account: &account,
        space: space as u64,
    }
    .invoke_signed(core::slice::from_ref(&signer))?;
    Assign {
        account: &account,
        owner,
    }
    .invoke_signed(core::slice::from_ref(&signer))?;
    Ok(())
}

/// Seeds, and room for what derives an address from them: bump, program, marker.
pub struct Preimage {
    bytes: [u8; 128],
    len: usize,
}

const MARKER: &[u8; 21] = b"ProgramDerivedAddress";

impl Preimage {
    #[inline(always)]
    pub fn new(tag: &[u8], key: &Address, suffix: &[u8]) -> Self {
        let mut bytes = [0; 128];
        let (head, rest) = bytes.split_at_mut(tag.len());
        head.copy_from_slice(tag);
        rest[..32].copy_from_slice(key.as_ref());
        rest[32..32 + suffix.len()].copy_from_slice(suffix);
        rest[33 + suffix.len()..65 + suffix.len()].copy_from_slice(crate::ID.as_ref());
        rest[65 + suffix.len()..86 + suffix.len()].copy_from_slice(MARKER);
        Self {
            bytes,
            len: tag.len() + 32 + suffix.len(),
        }
    }

    /// The canonical bump of the address expected. Equal hashes need no look at the
    /// curve: whoever uses the bump signs with it, and the runtime signs for no point on
    /// the curve. Bumps left out on the way do.
    #[inline(always)]
    pub fn bump(&mut self, expected: &Address) -> Outcome<u8> {
        let mut bump = u8::MAX;
        loop {
            self.bytes[self.len] = bump;
            let hash = anchor_lang::sha256(&self.bytes[..self.len + 54]);
            let address = Address::new_from_array(hash);
            if same(&address, expected) {
                return Ok(bump);
            }
            demand!(
                is_on_curve(&address) && bump > 0,
                ProgramError::InvalidSeeds
            );
            bump = bump.wrapping_sub(1);
        }
    }
}

#[cfg(target_os = "solana")]
#[inline(always)]
fn is_on_curve(address: &Address) -> bool {
    const EDWARDS: u64 = 0;
    let point: *const Address = address;
    // Zero says that it is a point of the curve.
    unsafe {
        pinocchio::syscalls::sol_curve_validate_point(EDWARDS, point.cast(), core::ptr::null_mut())
            == 0
    }
}

#[cfg(not(target_os = "solana"))]
fn is_on_curve(_: &Address) -> bool {
    false
}

const _: () = assert!(word(&[1, 0, 0, 0, 0, 0, 0, 0]) == 1);
