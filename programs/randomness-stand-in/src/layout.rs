//! Switchboard's account layouts, read and written in place. A queue is over 6 KB
//! and an oracle nearly 5 KB, so neither may ever be a value on the 4 KB stack.

use anchor_lang::{bytemuck, prelude::*};
use switchboard_on_demand::Discriminator as Discriminated;
pub use switchboard_on_demand::{
    OracleAccountData, Pubkey, QueueAccountData, RandomnessAccountData, State,
};

use crate::StandInError;

/// Bytes of every account's discriminator.
pub const DISCRIMINATOR_LEN: usize = 8;
/// Bytes of a randomness account; the crate's struct covers the first 408.
pub const RANDOMNESS_LEN: usize = 480;
/// Bytes of a queue account.
pub const QUEUE_LEN: usize = DISCRIMINATOR_LEN + core::mem::size_of::<QueueAccountData>();
/// Bytes of an oracle account.
pub const ORACLE_LEN: usize = DISCRIMINATOR_LEN + core::mem::size_of::<OracleAccountData>();
/// Bytes of the state account.
pub const STATE_LEN: usize = DISCRIMINATOR_LEN + core::mem::size_of::<State>();
/// Where a randomness account keeps the slot its lookup table is derived from.
pub const LUT_SLOT_OFFSET: usize = 184;
/// Status of an oracle whose enclave was attested.
pub const ATTESTED: u8 = 4;

/// A kind of account: its layout, its length and the refusal that names it.
pub trait Layout: bytemuck::Pod + Discriminated {
    /// Bytes of the whole account.
    const LEN: usize;
    /// What an account that is not of this kind is refused with.
    const REFUSAL: StandInError;
}

macro_rules! layout {
    ($body:ty, $len:expr, $refusal:ident) => {
        impl Layout for $body {
            const LEN: usize = $len;
            const REFUSAL: StandInError = StandInError::$refusal;
        }
    };
}

layout!(RandomnessAccountData, RANDOMNESS_LEN, RandomnessAccount);
layout!(QueueAccountData, QUEUE_LEN, QueueAccount);
layout!(OracleAccountData, ORACLE_LEN, OracleAccount);
layout!(State, STATE_LEN, StateAccount);

/// An account's body by value, for readers off chain; none where length or
/// discriminator are another kind's.
#[cfg(not(target_os = "solana"))]
pub fn parse<T: Layout>(data: &[u8]) -> Option<T> {
    if data.len() != T::LEN {
        return None;
    }
    let bytes = data
        .strip_prefix(T::DISCRIMINATOR)?
        .get(..core::mem::size_of::<T>())?;
    bytemuck::try_pod_read_unaligned(bytes).ok()
}

/// Both key types are the same 32 bytes.
pub(crate) fn same(theirs: &Pubkey, ours: &Address) -> bool {
    theirs.as_ref() == ours.as_ref()
}

/// Switchboard's key type of ours.
pub(crate) fn key(ours: &Address) -> Pubkey {
    Pubkey::new_from_array(ours.to_bytes())
}

/// The discriminator, and the body after it, of data of the layout's length.
#[inline(always)]
fn split<T: Layout>(data: &mut [u8]) -> Result<(&mut [u8], &mut T)> {
    let bytes = core::mem::size_of::<T>();
    if data.len() != T::LEN || data.len() < DISCRIMINATOR_LEN {
        return Err(T::REFUSAL.into());
    }
    let (discriminator, rest) = data.split_at_mut(DISCRIMINATOR_LEN);
    match rest.get_mut(..bytes).map(bytemuck::try_from_bytes_mut::<T>) {
        Some(Ok(body)) => Ok((discriminator, body)),
        _ => Err(T::REFUSAL.into()),
    }
}

/// Lends an account's body for reading. Owner, length and discriminator are checked.
#[inline(always)]
pub(crate) fn read<T: Layout>(
    account: &AccountView,
    look: impl FnOnce(&T) -> Result<()>,
) -> Result<()> {
    require!(
        account.owned_by(&crate::ID) && account.data_len() == T::LEN,
        T::REFUSAL
    );
    let data = account.try_borrow()?;
    let bytes = core::mem::size_of::<T>();
    let body = data
        .strip_prefix(T::DISCRIMINATOR)
        .and_then(|rest| rest.get(..bytes))
        .map(bytemuck::try_from_bytes::<T>);
    match body {
        Some(Ok(body)) => look(body),
        _ => Err(T::REFUSAL.into()),
    }
}

/// Lends an account's body for writing. Owner, length and discriminator are checked;
/// that it is writable is the accounts struct's to require.
#[inline(always)]
pub(crate) fn write<T: Layout>(
    account: &AccountView,
    change: impl FnOnce(&mut T) -> Result<()>,
) -> Result<()> {
    require!(account.owned_by(&crate::ID), T::REFUSAL);
    let mut view = *account;
    let mut data = view.try_borrow_mut()?;
    let (discriminator, body) = split::<T>(&mut data)?;
    require!(*discriminator == *T::DISCRIMINATOR, T::REFUSAL);
    change(body)
}

/// Makes an account of this kind out of zeroed bytes that this program owns.
#[inline(always)]
pub(crate) fn create<T: Layout>(
    account: &AccountView,
    fill: impl FnOnce(&mut T) -> Result<()>,
) -> Result<()> {
    require!(
        account.owned_by(&crate::ID) && account.data_len() == T::LEN,
        StandInError::AccountLength
    );
    let mut view = *account;
    let mut data = view.try_borrow_mut()?;
    let (discriminator, body) = split::<T>(&mut data)?;
    require!(
        discriminator.iter().all(|byte| *byte == 0),
        StandInError::AlreadyInitialized
    );
    discriminator.copy_from_slice(T::DISCRIMINATOR);
    fill(body)
}
