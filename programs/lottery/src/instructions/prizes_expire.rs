use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use crate::{
    clock::clock,
    error::LotteryError,
    events::{EventAccounts, PrizesExpired, EVENT_VERSION},
    money::{pay_lamports, Currency, Purse, TokenAccounts},
    state::{Game, GameStatus, Jackpot, MEGA},
};

/// Moves the prizes and awards that nobody claimed in time to the mega jackpot. Anybody
/// may, from the second in which claims end.
///
/// Token accounts: the vaults of the game and of the mega jackpot, writable.
#[derive(Accounts)]
pub struct ExpirePrizes {
    /// Gets the bounty.
    #[account(mut)]
    pub cranker: UncheckedAccount,
    #[account(mut)]
    pub game: Account<Game>,
    #[account(mut, constraint(address_eq(&mega.house, &game.house) @ LotteryError::ForeignHouse), constraint(mega.tier == MEGA @ LotteryError::UnknownTier))]
    pub mega: Account<Jackpot>,
    pub events: Nested<EventAccounts>,
}

impl ExpirePrizes {
    pub fn run(&mut self, tokens: TokenAccounts) -> Result<()> {
        let clock = clock()?;
        require!(
            self.game.is(GameStatus::Settled),
            LotteryError::GameNotSettled
        );
        require!(
            clock.unix_timestamp >= self.game.claims_end(),
            LotteryError::ClaimsOpen
        );
        let amount = self.game.owed()?;
        require!(amount > 0, LotteryError::NothingToExpire);
        let from = Purse::of(&self.game, tokens.get(0))?;
        let pot = Purse::of(&self.mega, tokens.get(1))?;
        require!(
            !from.is_frozen()? && !pot.is_frozen()?,
            LotteryError::VaultFrozen
        );
        let currency = Currency::of(&self.game.vault, tokens)?;

        self.game.expired = amount;
        self.game.note_if_paid()?;
        self.mega.contribute(amount, clock.slot)?;
        currency.transfer(&from, &pot, amount)?;
        let bounty = self.game.take_bounty();
        self.events.emit(&PrizesExpired {
            version: EVENT_VERSION,
            house: self.game.house,
            game: *self.game.address(),
            amount,
            pot: self.mega.amount,
            cranker: *self.cranker.address(),
            bounty,
        })?;
        let rent = Rent::get()?;
        pay_lamports(self.game.account(), self.cranker.account(), bounty, &rent)?;
        from.check(&*self.game)?;
        pot.check(&*self.mega)
    }
}
