use anchor_lang::{address_eq, prelude::*};

use crate::{
    error::LotteryError,
    money,
    state::{Entry, Game, GameStatus},
};

/// Returns an entry's price after its game was cancelled. Pays the player,
/// whoever asks for it.
#[derive(Accounts)]
pub struct Refund {
    #[account(mut)]
    pub game: Account<Game>,
    #[account(mut, constraint(address_eq(&entry.game, game.address()) @ LotteryError::ForeignGame))]
    pub entry: Account<Entry>,
    #[account(mut, constraint(address_eq(player.address(), &entry.player) @ LotteryError::ForeignPlayer))]
    pub player: UncheckedAccount,
}

impl Refund {
    pub fn run(&mut self) -> Result<()> {
        require!(
            self.game.is(GameStatus::Cancelled),
            LotteryError::GameNotCancelled
        );
        require!(self.entry.refunded == 0, LotteryError::AlreadyPaid);
        self.entry.refunded = 1;
        self.game.refunded = self
            .game
            .refunded
            .checked_add(self.entry.paid)
            .ok_or(LotteryError::Overflow)?;
        money::pay(self.game.account(), self.player.account(), self.entry.paid)?;
        self.game.note_if_paid()?;
        self.game.invariant(self.game.get_lamports())
    }
}
