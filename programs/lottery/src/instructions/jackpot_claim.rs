use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use super::till::{payout, Till};
use crate::{
    clock::clock,
    error::LotteryError,
    events::EventAccounts,
    money::TokenAccounts,
    state::{Entry, Game, Jackpot},
};

/// Pays a jackpot that the game hit to the player of the winning ticket,
/// whoever asks.
///
/// Token accounts: the game's vault, writable; the player's token account, writable.
#[derive(Accounts)]
pub struct ClaimJackpot {
    /// Gets the bounty.
    #[account(mut, unsafe(dup))]
    pub cranker: UncheckedAccount,
    #[account(mut)]
    pub game: Account<Game>,
    #[account(constraint(address_eq(&entry.game, game.address()) @ LotteryError::ForeignGame))]
    pub entry: Account<Entry>,
    /// May be who cranks.
    #[account(mut, unsafe(dup), constraint(address_eq(player.address(), &entry.player) @ LotteryError::ForeignPlayer))]
    pub player: UncheckedAccount,
    /// The jackpot that was hit. Learns the winner's name; its money moved at settlement.
    #[account(mut)]
    pub jackpot: Account<Jackpot>,
    pub events: Nested<EventAccounts>,
}

impl ClaimJackpot {
    pub fn run(&mut self, tokens: TokenAccounts) -> Result<()> {
        let payout = payout(&self.game, self.player.account(), tokens)?;
        let mut till = Till::new(self.cranker.account())?;
        let jackpot = &mut self.jackpot;
        till.award(&mut self.game, &self.entry, &payout, jackpot, &clock()?)?;
        till.tell(&self.events, self.game.address(), Some(&self.game))?;
        till.moves.make()?;
        payout.purse.check(&*self.game)
    }
}
