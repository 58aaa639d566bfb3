use anchor_lang::prelude::*;

use super::nested::*;
use super::view;
use crate::{
    clock::clock,
    error::LotteryError,
    events::{EventAccounts, JackpotFunded, EVENT_VERSION},
    money::{collect_lamports, is_native, Currency, Purse, TokenAccounts},
    state::Jackpot,
};

/// Gives money to a jackpot. Anybody may; there is no way back.
#[derive(Accounts)]
pub struct FundJackpot {
    #[account(mut)]
    pub funder: Signer,
    #[account(mut)]
    pub jackpot: Account<Jackpot>,
    pub system_program: Program<System>,
    pub currency: Nested<TokenAccounts>,
    #[account(mut)]
    pub jackpot_vault: Option<UncheckedAccount>,
    /// The funder's token account, of a token house.
    #[account(mut)]
    pub funder_tokens: Option<UncheckedAccount>,
    pub events: Nested<EventAccounts>,
}

impl FundJackpot {
    pub fn run(&mut self, amount: u64) -> Result<()> {
        require!(amount > 0, LotteryError::AmountZero);
        let purse = Purse::of(&self.jackpot, view(&self.jackpot_vault))?;
        if is_native(&self.jackpot.vault) {
            collect_lamports(self.funder.account(), self.jackpot.account(), amount);
        } else {
            let currency = Currency::of(&self.jackpot.vault, &self.currency)?;
            let funder = self.funder.account();
            currency.collect(view(&self.funder_tokens), funder, &purse, amount)?;
        }
        self.jackpot.contribute(amount, clock()?.slot)?;
        self.events.emit(&JackpotFunded {
            version: EVENT_VERSION,
            house: self.jackpot.house,
            tier: self.jackpot.tier,
            from: *self.funder.address(),
            amount,
            pot: self.jackpot.amount,
            total_contributions: self.jackpot.total_contributions,
        })?;
        purse.check(&*self.jackpot)
    }
}
