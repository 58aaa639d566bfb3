use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use super::till::{payout, Till};
use crate::{
    error::LotteryError,
    events::EventAccounts,
    money::TokenAccounts,
    state::{Entry, Game},
};

/// Returns an entry's price after its game was cancelled. Pays the player,
/// whoever asks for it.
///
/// Token accounts: the game's vault, writable; the player's token account, writable.
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
    pub events: Nested<EventAccounts>,
}

impl Refund {
    pub fn run(&mut self, tokens: TokenAccounts) -> Result<()> {
        let payout = payout(&self.game, self.player.account(), tokens)?;
        let mut till = Till::new(self.cranker.account())?;
        till.refund(&mut self.game, &mut self.entry, &payout)?;
        till.tell(&self.events, self.game.address(), Some(&self.game))?;
        till.moves.make()?;
        payout.purse.check(&*self.game)
    }
}
