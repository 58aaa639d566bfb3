//! Tokens of a token house.

use anchor_lang::{
    prelude::*,
    programs::{Token as TokenProgram, Token2022},
};
use pinocchio::instruction::InstructionAccount;

use crate::{
    call::invoke,
    money::TOKEN_ACCOUNT_LEN,
    view::{same, Outcome},
    LotteryError,
};

const TRANSFER_CHECKED: u8 = 12;
const MINT_LEN: usize = 82;
const DECIMALS: usize = 44;
const OWNER: usize = 32;
const AMOUNT: usize = 64;
const STATE: usize = 108;
const INITIALIZED: u8 = 1;
const FROZEN: u8 = 2;

/// A mint, and the program it belongs to.
#[derive(Clone, Copy)]
pub struct Token {
    program: AccountView,
    mint: AccountView,
    decimals: u8,
}

/// An account left out is given as the program itself.
#[inline(always)]
pub fn given(view: AccountView) -> Outcome<AccountView> {
    demand!(
        !same(view.address(), &crate::ID),
        LotteryError::TokenAccountsMissing
    );
    Ok(view)
}

impl Token {
    #[inline(always)]
    pub fn of(mint: AccountView, program: AccountView) -> Outcome<Self> {
        let (mint, program) = (given(mint)?, given(program)?);
        let id = program.address();
        demand!(
            same(id, &TokenProgram::id()) || same(id, &Token2022::id()),
            LotteryError::TokenProgram
        );
        demand!(
            mint.owned_by(id) && mint.data_len() >= MINT_LEN,
            LotteryError::Mint
        );
        Ok(Self {
            program,
            mint,
            decimals: unsafe { mint.data_ptr().add(DECIMALS).read() },
        })
    }

    /// A token account of this mint and this owner, not frozen; what is in it.
    #[inline(always)]
    pub fn balance_of(&self, account: AccountView, owner: &Address) -> Outcome<u64> {
        demand!(
            account.owned_by(self.program.address()) && account.data_len() >= TOKEN_ACCOUNT_LEN,
            LotteryError::TokenAccount
        );
        let data = account.data_ptr();
        let (mint, of): (&Address, &Address) = unsafe { (&*data.cast(), &*data.add(OWNER).cast()) };
        demand!(
            same(mint, self.mint.address()) && same(of, owner),
            LotteryError::TokenAccount
        );
        match unsafe { data.add(STATE).read() } {
            INITIALIZED => Ok(amount(account)),
            FROZEN => Err(LotteryError::TokenAccountFrozen.into()),
            _ => Err(LotteryError::TokenAccount.into()),
        }
    }

    /// Takes tokens from a signing wallet.
    #[inline(always)]
    pub fn collect(&self, from: AccountView, wallet: AccountView, to: AccountView, amount: u64) {
        let mut data = [0; 10];
        data[0] = TRANSFER_CHECKED;
        data[1..9].copy_from_slice(&amount.to_le_bytes());
        data[9] = self.decimals;
        let metas = [
            InstructionAccount::writable(from.address()),
            InstructionAccount::readonly(self.mint.address()),
            InstructionAccount::writable(to.address()),
            InstructionAccount::readonly_signer(wallet.address()),
        ];
        let views = [&from, &self.mint, &to, &wallet];
        invoke(self.program.address(), &data, &metas, views, &[]);
    }
}

/// The mint's freeze authority has frozen it.
#[inline(always)]
pub fn is_frozen(vault: AccountView) -> bool {
    vault.data_len() > STATE && unsafe { vault.data_ptr().add(STATE).read() } == FROZEN
}

/// Tokens in an account that the token program has already taken for one.
#[inline(always)]
pub fn amount(account: AccountView) -> u64 {
    unsafe {
        account
            .data_ptr()
            .add(AMOUNT)
            .cast::<u64>()
            .read_unaligned()
    }
}
