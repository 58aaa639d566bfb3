use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use crate::{
    error::LotteryError,
    events::{EventAccounts, TreasuryWithdrawn, EVENT_VERSION},
    money::{Currency, Moves, Payout, Purse, TokenAccounts},
    state::{House, Treasury},
};

/// Pays accrued shares to the treasury wallet.
///
/// Token accounts: the treasury's vault, writable; the wallet's token account, writable.
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
    pub events: Nested<EventAccounts>,
}

impl WithdrawTreasury {
    pub fn run(&mut self, amount: u64, tokens: TokenAccounts) -> Result<()> {
        require!(amount > 0, LotteryError::AmountZero);
        let payout = Payout {
            currency: Currency::of(&self.treasury.vault, tokens)?,
            purse: Purse::of(&self.treasury, tokens.get(0))?,
            wallet: *self.wallet.account(),
            tokens: tokens.get(1).copied(),
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
