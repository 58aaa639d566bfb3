//! Accounts as the loader lays them out, and the checks of them.

use core::{mem::MaybeUninit, num::NonZeroU64};

use anchor_lang::{prelude::*, Discriminator};
use pinocchio::account::{RuntimeAccount, MAX_PERMITTED_DATA_INCREASE};

use crate::LotteryError;

/// Why an instruction failed: the number that the runtime takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Refusal(NonZeroU64);

pub type Outcome<T = ()> = core::result::Result<T, Refusal>;

impl Refusal {
    #[inline(always)]
    pub fn code(self) -> u64 {
        self.0.get()
    }

    /// A token house, where only purchases are written.
    pub const UNWRITTEN: Self = Self(NonZeroU64::MIN);

    /// As a batch reports it: the code, or the number of a runtime's own.
    pub fn reported(self) -> u32 {
        match self.code() as u32 {
            0 => (self.code() >> 32) as u32,
            code => code,
        }
    }
}

impl From<LotteryError> for Refusal {
    #[inline(always)]
    fn from(error: LotteryError) -> Self {
        Self(NonZeroU64::MIN.saturating_add(u64::from(error.code()).wrapping_sub(1)))
    }
}

impl From<ProgramError> for Refusal {
    #[cold]
    #[inline(never)]
    fn from(error: ProgramError) -> Self {
        Self(NonZeroU64::new(error.into()).unwrap_or(NonZeroU64::MIN))
    }
}

impl From<ErrorCode> for Refusal {
    #[cold]
    #[inline(never)]
    fn from(error: ErrorCode) -> Self {
        ProgramError::from(error).into()
    }
}

macro_rules! demand {
    ($condition:expr, $refusal:expr) => {
        if !$condition {
            return Err($refusal.into());
        }
    };
}

/// An instruction: its accounts and what follows its discriminator.
pub struct Input {
    pub accounts: *mut u8,
    pub data: *const u8,
    pub len: usize,
}

impl Input {
    /// The arguments, laid out without gaps.
    #[inline(always)]
    pub unsafe fn arguments<T: Copy>(&self) -> Outcome<T> {
        demand!(
            self.len >= size_of::<T>(),
            ProgramError::InvalidInstructionData
        );
        Ok(unsafe { self.data.cast::<T>().read_unaligned() })
    }
}

const NOT_DUPLICATE: u8 = u8::MAX;
/// Header, room to grow, rent epoch.
const STRIDE: usize = size_of::<RuntimeAccount>() + MAX_PERMITTED_DATA_INCREASE + 8;

/// Walks up to `N` accounts.
pub struct Walk<const N: usize> {
    at: *mut u8,
    given: usize,
    views: [MaybeUninit<AccountView>; N],
    count: usize,
    /// Bit `i` is set if account `i` was given more than once.
    duplicates: u64,
}

impl<const N: usize> Walk<N> {
    /// Of an instruction with at least `declared` accounts, and not more than fit.
    #[inline(always)]
    pub unsafe fn new(input: &Input, declared: usize) -> Outcome<Self> {
        let given = unsafe { input.accounts.cast::<u64>().read() } as usize;
        demand!(given >= declared, ErrorCode::AccountNotEnoughKeys);
        Ok(Self {
            at: unsafe { input.accounts.add(8) },
            given,
            views: [const { MaybeUninit::uninit() }; N],
            count: 0,
            duplicates: 0,
        })
    }

    #[inline(always)]
    pub unsafe fn next(&mut self) -> AccountView {
        let account: *mut RuntimeAccount = self.at.cast();
        let marker = unsafe { (*account).borrow_state };
        let view = if marker == NOT_DUPLICATE {
            let len = unsafe { (*account).data_len } as usize;
            self.at = unsafe { self.at.add(STRIDE.wrapping_add(len.wrapping_add(7) & !7)) };
            unsafe { AccountView::new_unchecked(account) }
        } else {
            self.at = unsafe { self.at.add(8) };
            self.duplicates |= bit(self.count) | bit(usize::from(marker));
            unsafe { self.views.get_unchecked(usize::from(marker)).assume_init() }
        };
        unsafe { self.views.get_unchecked_mut(self.count).write(view) };
        self.count = self.count.wrapping_add(1);
        view
    }

    /// How many were not taken yet.
    #[inline(always)]
    pub fn left(&self) -> usize {
        self.given.wrapping_sub(self.count)
    }

    /// The accounts after those already taken.
    #[inline(always)]
    pub unsafe fn rest(&mut self) -> Outcome<&[AccountView]> {
        demand!(self.given <= N, ProgramError::InvalidArgument);
        let first = self.count;
        while self.count < self.given {
            unsafe { self.next() };
        }
        let rest = unsafe { self.views.get_unchecked(first..self.given) };
        Ok(unsafe { &*(rest as *const [MaybeUninit<AccountView>] as *const [AccountView]) })
    }

    /// None of the accounts in the mask, which are written, was given twice.
    #[inline(always)]
    pub fn exclusive(&self, mask: u64) -> Outcome {
        demand!(
            self.duplicates & mask == 0,
            ErrorCode::ConstraintDuplicateMutableAccount
        );
        Ok(())
    }
}

#[inline(always)]
fn bit(index: usize) -> u64 {
    if index < 64 {
        1u64.wrapping_shl(index as u32)
    } else {
        0
    }
}

/// Takes accounts by name, in order.
macro_rules! accounts {
    ($walk:ident: $($name:ident),+ $(,)?) => {
        $(let $name = unsafe { $walk.next() };)+
    };
}

pub use anchor_lang::address_eq as same;

/// The first eight bytes, as a number.
pub const fn word(bytes: &[u8]) -> u64 {
    let mut word = 0;
    let mut at = 8;
    while at > 0 {
        at -= 1;
        word = word << 8 | bytes[at] as u64;
    }
    word
}

#[inline(always)]
pub fn writable(view: AccountView) -> Outcome {
    demand!(view.is_writable(), ErrorCode::ConstraintMut);
    Ok(())
}

#[inline(always)]
pub fn signer(view: AccountView) -> Outcome {
    demand!(view.is_signer(), ProgramError::MissingRequiredSignature);
    Ok(())
}

/// Signs and is writable: both flags at once.
#[inline(always)]
pub fn payer(view: AccountView) -> Outcome {
    let flags = unsafe {
        view.account_ptr()
            .cast::<u8>()
            .add(1)
            .cast::<u16>()
            .read_unaligned()
    };
    demand!(flags == 0x0101, ErrorCode::ConstraintSigner);
    Ok(())
}

#[inline(always)]
pub fn at(view: AccountView, address: &Address) -> Outcome {
    demand!(same(view.address(), address), ErrorCode::ConstraintAddress);
    Ok(())
}

#[inline(always)]
pub fn system_program(view: AccountView) -> Outcome {
    demand!(view.executable(), ErrorCode::ConstraintExecutable);
    demand!(
        same(view.address(), &pinocchio_system::ID),
        ProgramError::IncorrectProgramId
    );
    Ok(())
}

/// The two accounts of an instruction that tells of what it did.
#[inline(always)]
pub fn event_accounts(authority: AccountView, program: AccountView) -> Outcome {
    at(authority, &crate::events::AUTHORITY)?;
    at(program, &crate::ID)
}

/// An account of this program, of this kind. Nothing else may hold it mutably, which
/// `Walk::exclusive` makes sure of.
#[inline(always)]
pub fn load<'a, T: Discriminator>(view: AccountView) -> Outcome<&'a mut T> {
    demand!(view.owned_by(&crate::ID), ProgramError::IllegalOwner);
    demand!(
        view.data_len() >= size_of::<T>().wrapping_add(8),
        ProgramError::AccountDataTooSmall
    );
    let data = view.data_ptr().cast_mut();
    demand!(
        unsafe { data.cast::<u64>().read() } == const { word(T::DISCRIMINATOR) },
        ProgramError::InvalidAccountData
    );
    Ok(unsafe { &mut *data.add(8).cast::<T>() })
}

#[inline(always)]
pub fn load_mut<'a, T: Discriminator>(view: AccountView) -> Outcome<&'a mut T> {
    writable(view)?;
    load(view)
}

/// A new account of this kind, just created by the System program.
#[inline(always)]
pub unsafe fn fresh<'a, T: Discriminator>(view: AccountView) -> &'a mut T {
    let data = view.data_ptr().cast_mut();
    unsafe {
        data.cast::<u64>().write(const { word(T::DISCRIMINATOR) });
        &mut *data.add(8).cast::<T>()
    }
}

/// Returns an account's lamports and gives the account up.
#[inline(always)]
pub fn close(view: AccountView, to: AccountView) -> Outcome {
    let mut to = to;
    let sum = to.lamports().checked_add(view.lamports());
    to.set_lamports(sum.ok_or(ProgramError::ArithmeticOverflow)?);
    let mut view = view;
    unsafe {
        view.data_mut_ptr().cast::<u64>().write(u64::MAX);
        view.close_unchecked();
    }
    Ok(())
}

#[inline(always)]
pub fn move_lamports(from: AccountView, to: AccountView, amount: u64) -> Outcome {
    let (mut from, mut to) = (from, to);
    let left = from.lamports().checked_sub(amount);
    from.set_lamports(left.ok_or(LotteryError::Insolvent)?);
    let sum = to.lamports().checked_add(amount);
    to.set_lamports(sum.ok_or(LotteryError::Overflow)?);
    Ok(())
}

#[inline(always)]
pub fn add(a: u64, b: u64) -> Outcome<u64> {
    a.checked_add(b).ok_or(LotteryError::Overflow.into())
}

/// What a byte costs now (lamports); read once an instruction.
#[derive(Clone, Copy)]
pub struct Rent(u64);

impl Rent {
    #[inline(always)]
    pub fn get() -> Outcome<Self> {
        let mut rate = [0; 8];
        pinocchio::sysvars::get_sysvar(&mut rate, &pinocchio::sysvars::rent::RENT_ID, 0)?;
        Ok(Self(u64::from_le_bytes(rate)))
    }

    /// Accounts have at most 10 MiB, and no rate comes near what that would overflow.
    #[inline(always)]
    pub fn minimum(self, len: usize) -> u64 {
        const OVERHEAD: u64 = 128;
        OVERHEAD.wrapping_add(len as u64).wrapping_mul(self.0)
    }

    /// A wallet that may be paid this much.
    #[inline(always)]
    pub fn payable(self, wallet: AccountView, amount: u64) -> Outcome {
        demand!(!wallet.executable(), LotteryError::PayoutToProgram);
        let after = add(wallet.lamports(), amount)?;
        demand!(
            after >= self.minimum(wallet.data_len()),
            LotteryError::PayoutBelowRentExemption
        );
        Ok(())
    }
}

/// An address of zeros says: native SOL, nobody, no draw.
#[inline(always)]
pub fn is_zero(address: &Address) -> bool {
    let words = address.as_ref().as_ptr().cast::<u64>();
    let word = |at| unsafe { words.add(at).read_unaligned() };
    word(0) | word(1) | word(2) | word(3) == 0
}

/// Bytes of a structure without gaps.
#[inline(always)]
pub fn bytes_of<T>(value: &T) -> &[u8] {
    unsafe { core::slice::from_raw_parts((value as *const T).cast(), size_of::<T>()) }
}
