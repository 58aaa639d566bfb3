use anchor_lang::prelude::*;

use crate::{
    error::LotteryError,
    state::{Game, GameStatus},
    switchboard::clock,
};

/// Cancels a game that sold too few tickets by its close. Anybody may.
#[derive(Accounts)]
pub struct CancelGame {
    #[account(mut)]
    pub game: Account<Game>,
}

impl CancelGame {
    pub fn run(&mut self) -> Result<()> {
        let now = clock()?.unix_timestamp;
        let game = &mut self.game;
        require!(
            game.is(GameStatus::Open) && game.sales_ended(now) && game.tickets < game.min_tickets,
            LotteryError::NotCancellable
        );
        game.set_status(GameStatus::Cancelled);
        game.settled_at = now;
        game.note_if_paid()?;
        self.game.invariant(self.game.get_lamports())
    }
}
