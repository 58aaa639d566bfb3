//! The only places where lamports and tokens leave an account.
//!
//! The same code pays in native SOL, in SPL tokens and in Token-2022 tokens: an
//! account that holds money is a [`Holder`]; [`Purse`] is where its money lies, its
//! own lamports or a vault; [`Currency`] moves it.

mod currency;
mod entry;
mod mint;
mod payout;

pub use currency::*;
pub use entry::*;
pub use mint::*;
pub use payout::*;

use anchor_lang::{
    accounts::SlabSchema, address_eq, pinocchio::instruction::InstructionAccount, prelude::*,
    unchecked_invoke_signed_fixed, CpiHandle,
};

use crate::error::LotteryError;

/// Loads a program account that was not declared in an accounts struct, with
/// the checks of a declared one: writable, owner, discriminator, length. The
/// account must not be loaded already.
#[expect(unsafe_code, reason = "Anchor leaves aliasing to its caller here")]
pub fn load_mut<T>(view: AccountView) -> Result<Account<T>>
where
    Account<T>: AnchorAccount,
    T: bytemuck::Pod + bytemuck::Zeroable + SlabSchema,
{
    // A loaded account is marked as borrowed, so a second load of the same one,
    // passed twice, stops here.
    if view.is_borrowed() {
        return Err(ProgramError::AccountBorrowFailed);
    }
    // SAFETY: nothing else holds this account's data, as just checked.
    unsafe { <Account<T> as AnchorAccount>::load_mut(view) }
}

/// Seeds by which an account of this program signs.
#[derive(Clone, Copy)]
pub struct PdaSigner {
    tag: &'static [u8],
    house: Address,
    /// What tells it apart within the house, `key_len` bytes of it.
    key: [u8; 8],
    key_len: usize,
    bump: [u8; 1],
}

impl PdaSigner {
    /// Of `key`, at most 8 bytes.
    pub fn new(tag: &'static [u8], house: Address, key: &[u8], bump: u8) -> Self {
        let mut bytes = [0; 8];
        for (to, from) in bytes.iter_mut().zip(key) {
            *to = *from;
        }
        Self {
            tag,
            house,
            key: bytes,
            key_len: key.len(),
            bump: [bump],
        }
    }

    /// An empty seed changes nothing about the address, so a signer without a key
    /// signs as if there were three.
    pub fn seeds(&self) -> [&[u8]; 4] {
        let key = self.key.get(..self.key_len).unwrap_or_default();
        [self.tag, self.house.as_ref(), key, &self.bump]
    }
}

/// An account of this program that holds money.
pub trait Holder {
    /// How it signs for its vault.
    fn signer(&self) -> PdaSigner;
    /// Its vault; all zero if it holds lamports itself.
    fn vault(&self) -> &Address;
    /// Lamports it needs beside what it owes in its currency: rent and bounties.
    fn lamports_reserved(&self) -> Result<u64>;
    /// What it owes (base units).
    fn owed(&self) -> Result<u64>;

    /// The lamports of its account cover rent, bounties and, in a native house, what it
    /// owes.
    fn covered_by_lamports(&self, lamports: u64) -> Result<()> {
        let mut needed = self.lamports_reserved()?;
        if is_native(self.vault()) {
            needed = add(needed, self.owed()?)?;
        }
        require!(lamports >= needed, LotteryError::Insolvent);
        Ok(())
    }
}

/// Where a holder's money lies.
#[derive(Clone)]
pub struct Purse {
    account: AccountView,
    vault: Option<Box<Vault>>,
}

/// Where a token house's holder keeps its tokens, and how it signs for them.
#[derive(Clone)]
struct Vault {
    account: AccountView,
    signer: PdaSigner,
}

impl Purse {
    /// Of a holder; `vault` must be its vault if it has one, and is ignored otherwise.
    #[inline(always)]
    pub fn of<T>(holder: &Account<T>, vault: Option<&AccountView>) -> Result<Self>
    where
        T: Holder + bytemuck::Pod + bytemuck::Zeroable + SlabSchema,
    {
        let vault = if is_native(holder.vault()) {
            None
        } else {
            let given = vault.ok_or(LotteryError::TokenAccountsMissing)?;
            require!(
                address_eq(given.address(), holder.vault()),
                LotteryError::ForeignVault
            );
            require!(given.is_writable(), ErrorCode::ConstraintMut);
            Some(Box::new(Vault {
                account: *given,
                signer: holder.signer(),
            }))
        };
        Ok(Self {
            account: *holder.account(),
            vault,
        })
    }

    /// Tokens in the vault; `None` of a native house.
    pub fn tokens(&self) -> Result<Option<u64>> {
        self.vault
            .as_ref()
            .map(|vault| token_amount(&vault.account))
            .transpose()
    }

    /// The mint's freeze authority has frozen the vault.
    pub fn is_frozen(&self) -> Result<bool> {
        self.vault
            .as_ref()
            .map_or(Ok(false), |vault| is_frozen(&vault.account))
    }

    /// The invariant that every instruction which moves money ends with: what is held
    /// covers what is owed.
    #[inline(always)]
    pub fn check<T: Holder>(&self, holder: &T) -> Result<()> {
        let (mut needed, owed) = (holder.lamports_reserved()?, holder.owed()?);
        match &self.vault {
            None => needed = add(needed, owed)?,
            Some(vault) => {
                let tokens = token_amount(&vault.account)?;
                require!(tokens >= owed, LotteryError::Insolvent);
            }
        }
        require!(self.account.lamports() >= needed, LotteryError::Insolvent);
        Ok(())
    }
}

/// Whether a holder with this vault, or a house with this mint, is one of native SOL.
pub fn is_native(vault_or_mint: &Address) -> bool {
    address_eq(vault_or_mint, &Address::default())
}

/// Moves lamports out of an account of this program.
pub fn move_lamports(from: &AccountView, to: &AccountView, amount: u64) -> Result<()> {
    if amount == 0 {
        return Ok(());
    }
    let (mut from, mut to) = (*from, *to);
    let left = from
        .lamports()
        .checked_sub(amount)
        .ok_or(LotteryError::Insolvent)?;
    from.set_lamports(left);
    let sum = add(to.lamports(), amount)?;
    to.set_lamports(sum);
    Ok(())
}

/// Refuses a payment that the runtime would refuse without saying why, or that
/// would go to a program.
pub fn require_payable(wallet: &AccountView, amount: u64, rent: &Rent) -> Result<()> {
    require!(!wallet.executable(), LotteryError::PayoutToProgram);
    let after = add(wallet.lamports(), amount)?;
    require!(
        after >= rent.try_minimum_balance(wallet.data_len())?,
        LotteryError::PayoutBelowRentExemption
    );
    Ok(())
}

/// Pays a bounty, or returns rent, to whom it belongs.
pub fn pay_lamports(
    from: &AccountView,
    wallet: &AccountView,
    amount: u64,
    rent: &Rent,
) -> Result<()> {
    if amount == 0 {
        return Ok(());
    }
    require_payable(wallet, amount, rent)?;
    move_lamports(from, wallet, amount)
}

/// Takes lamports from a signing wallet for an account of this program that is loaded,
/// which is why the System program's own builder, which asks for it not to be, won't do.
pub fn collect_lamports(wallet: &AccountView, to: &AccountView, amount: u64) {
    const TRANSFER: u8 = 2;
    let mut data = [0; 12];
    data[0] = TRANSFER;
    data[4..].copy_from_slice(&amount.to_le_bytes());
    let metas = [
        InstructionAccount::writable_signer(wallet.address()),
        InstructionAccount::writable(to.address()),
    ];
    let handles = [CpiHandle::readonly(wallet), CpiHandle::readonly(to)];
    unchecked_invoke_signed_fixed(&System::id(), &data, &metas, &handles, &[]);
}

/// Checked sum.
pub fn add(a: u64, b: u64) -> Result<u64> {
    a.checked_add(b).ok_or(LotteryError::Overflow.into())
}
