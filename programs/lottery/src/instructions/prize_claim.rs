use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use super::till::{payout, Till};
use crate::{
    clock::clock,
    error::LotteryError,
    events::EventAccounts,
    money::TokenAccounts,
    state::{Entry, Game},
};

/// Pays the prize of a winning ticket to the entry's player, whoever asks.
/// Costs about 23,000 compute units a round: the ticket's way through all
/// rounds is computed here, nothing about it is stored.
///
/// Token accounts: the game's vault, writable; the player's token account, writable.
#[derive(Accounts)]
pub struct Claim {
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
    pub events: Nested<EventAccounts>,
}

impl Claim {
    pub fn run(&mut self, ticket: u32, tokens: TokenAccounts) -> Result<()> {
        let payout = payout(&self.game, self.player.account(), tokens)?;
        let mut till = Till::new(self.cranker.account())?;
        till.prize(&mut self.game, &self.entry, &payout, ticket, &clock()?)?;
        till.tell(&self.events, self.game.address(), Some(&self.game))?;
        till.moves.make()?;
        payout.purse.check(&*self.game)
    }
}
