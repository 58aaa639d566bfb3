use anchor_lang::prelude::*;

use super::nested::*;
use crate::{
    clock::clock,
    error::LotteryError,
    events::{EventAccounts, JackpotFunded, EVENT_VERSION},
    money::{collect_lamports, is_native, Currency, Purse, TokenAccounts},
    state::Jackpot,
};

/// Gives money to a jackpot. Anybody may; there is no way back.
///
/// Token accounts: the jackpot's vault, writable; the funder's token account, writable.
#[derive(Accounts)]
pub struct FundJackpot {
    #[account(mut)]
    pub funder: Signer,
    #[account(mut)]
    pub jackpot: Account<Jackpot>,
    pub system_program: Program<System>,
    pub events: Nested<EventAccounts>,
}

impl FundJackpot {
    pub fn run(&mut self, amount: u64, tokens: TokenAccounts) -> Result<()> {
        require!(amount > 0, LotteryError::AmountZero);
        let purse = Purse::of(&self.jackpot, tokens.get(0))?;
        if is_native(&self.jackpot.vault) {
            collect_lamports(self.funder.account(), self.jackpot.account(), amount);
        } else {
            let currency = Currency::of(&self.jackpot.vault, tokens)?;
            let funder = self.funder.account();
            currency.collect(tokens.get(1), funder, &purse, amount)?;
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
