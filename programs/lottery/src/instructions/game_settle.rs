use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use super::settlement::{Settlement, SettlementAccounts, VAULTS};
use crate::{
    clock::clock,
    error::LotteryError,
    money::{Currency, Purse, TokenAccounts},
    state::Game,
};

/// Divides the money of a game whose rounds are all drawn, but whose settlement met a
/// frozen vault. Anybody may, once no vault is frozen any more. Nothing is drawn here:
/// winners and jackpot rolls follow from the seed of the last round.
///
/// Token accounts: those of [`SettlementAccounts`]; the game's vault, writable.
#[derive(Accounts)]
pub struct SettleGame {
    #[account(mut)]
    pub game: Account<Game>,
    pub settlement: Nested<SettlementAccounts>,
}

impl SettleGame {
    pub fn run(&mut self, tokens: TokenAccounts) -> Result<()> {
        require!(
            address_eq(&self.game.house, self.settlement.house.address()),
            LotteryError::ForeignHouse
        );
        require!(
            self.game.awaits_settlement(),
            LotteryError::NotAwaitingSettlement
        );
        let clock = clock()?;
        let purse = Purse::of(&self.game, tokens.get(VAULTS))?;
        let purses = self.settlement.purses(tokens)?;
        let mut settlement = Settlement {
            accounts: &mut self.settlement,
            purses: &purses,
            purse: &purse,
            currency: Currency::of(&self.game.vault, tokens)?,
            clock: &clock,
        };
        let settled = settlement.settle_unless_frozen(&mut self.game)?;
        require!(settled, LotteryError::VaultFrozen);
        self.settlement.check(&purses)?;
        purse.check(&*self.game)
    }
}
