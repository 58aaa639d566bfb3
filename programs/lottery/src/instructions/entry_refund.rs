use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use super::till::{PayoutAccounts, Till};
use crate::{
    error::LotteryError,
    state::{Entry, Game},
};

/// Returns an entry's price after its game was cancelled. Pays the player,
/// whoever asks for it.
#[derive(Accounts)]
pub struct Refund {
    /// Gets the bounty.
    #[account(mut, unsafe(dup))]
    pub cranker: UncheckedAccount,
    #[account(mut)]
    pub game: Account<Game>,
    #[account(mut, constraint(address_eq(&entry.game, game.address()) @ LotteryError::ForeignGame))]
    pub entry: Account<Entry>,
    /// May be who cranks.
    #[account(mut, unsafe(dup), constraint(address_eq(player.address(), &entry.player) @ LotteryError::ForeignPlayer))]
    pub player: UncheckedAccount,
    pub payout: Nested<PayoutAccounts>,
}

impl Refund {
    pub fn run(&mut self) -> Result<()> {
        let payout = self.payout.payout(&self.game, self.player.account())?;
        let mut till = Till::new(self.cranker.account())?;
        till.refund(&mut self.game, &mut self.entry, &payout)?;
        let events = &self.payout.events;
        till.tell(events, self.game.address(), Some(&self.game))?;
        till.moves.make()?;
        payout.purse.check(&*self.game)
    }
}
