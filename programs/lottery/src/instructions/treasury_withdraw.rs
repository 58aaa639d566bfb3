use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use super::view;
use crate::{
    error::LotteryError,
    events::{EventAccounts, TreasuryWithdrawn, EVENT_VERSION},
    money::{Currency, Moves, Payout, Purse, TokenAccounts},
    state::{House, Treasury},
};

/// Pays accrued shares to the treasury wallet.
#[derive(Accounts)]
pub struct WithdrawTreasury {
    #[account(constraint(address_eq(authority.address(), &house.authority) @ LotteryError::NotAuthority))]
    pub authority: Signer,
    pub house: Account<House>,
    #[account(mut, constraint(address_eq(&treasury.house, house.address()) @ LotteryError::ForeignHouse))]
    pub treasury: Account<Treasury>,
    /// May be the authority itself.
    #[account(mut, unsafe(dup), constraint(address_eq(wallet.address(), &house.treasury_wallet) @ LotteryError::ForeignTreasuryWallet))]
    pub wallet: UncheckedAccount,
    pub currency: Nested<TokenAccounts>,
    #[account(mut)]
    pub treasury_vault: Option<UncheckedAccount>,
    /// The wallet's token account, of a token house.
    #[account(mut)]
    pub wallet_tokens: Option<UncheckedAccount>,
    pub events: Nested<EventAccounts>,
}

impl WithdrawTreasury {
    pub fn run(&mut self, amount: u64) -> Result<()> {
        require!(amount > 0, LotteryError::AmountZero);
        let payout = Payout {
            currency: Currency::of(&self.treasury.vault, &self.currency)?,
            purse: Purse::of(&self.treasury, view(&self.treasury_vault))?,
            wallet: *self.wallet.account(),
            tokens: view(&self.wallet_tokens).copied(),
        };
        self.treasury.withdraw(amount)?;
        payout.check(amount, &Rent::get()?)?;
        let mut moves = Moves::default();
        payout.pay(amount, &mut moves)?;
        moves.make()?;
        self.events.emit(&TreasuryWithdrawn {
            version: EVENT_VERSION,
            house: *self.house.address(),
            wallet: *self.wallet.address(),
            amount,
            accrued: self.treasury.accrued,
            total_withdrawn: self.treasury.total_withdrawn,
        })?;
        payout.purse.check(&*self.treasury)
    }
}
