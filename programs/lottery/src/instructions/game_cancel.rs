use anchor_lang::prelude::*;

use super::nested::*;
use crate::{
    clock::clock,
    error::LotteryError,
    events::{EventAccounts, GameCancelled, EVENT_VERSION},
    money::{pay_lamports, Holder as _},
    state::{Game, GameStatus, DRAW_GRACE},
};

/// Cancels a game that sold too few tickets by its close, or whose draw nobody could
/// request for days. Anybody may.
#[derive(Accounts)]
pub struct CancelGame {
    /// Gets the bounty.
    #[account(mut)]
    pub cranker: UncheckedAccount,
    #[account(mut)]
    pub game: Account<Game>,
    pub events: Nested<EventAccounts>,
}

impl CancelGame {
    pub fn run(&mut self) -> Result<()> {
        let now = clock()?.unix_timestamp;
        let reason = reason(&self.game, now).ok_or(LotteryError::NotCancellable)?;
        self.game.cancel(now)?;
        let bounty = self.game.take_bounty();
        self.events.emit(&GameCancelled {
            version: EVENT_VERSION,
            house: self.game.house,
            game: *self.game.address(),
            reason,
            owed: self.game.owed()?,
            cranker: *self.cranker.address(),
            bounty,
        })?;
        let rent = Rent::get()?;
        pay_lamports(self.game.account(), self.cranker.account(), bounty, &rent)?;
        self.game.covered_by_lamports(self.game.get_lamports())
    }
}

/// Why the game may be cancelled, if it may.
fn reason(game: &Game, now: i64) -> Option<u8> {
    let open = game.is(GameStatus::Open);
    if open && game.sales_ended(now) && game.tickets < game.min_tickets {
        return Some(GameCancelled::TOO_FEW_TICKETS);
    }
    // A game whose rounds are all drawn has winners; it can only wait.
    let waits = open || (game.is(GameStatus::Playing) && !game.awaits_settlement());
    let overdue = now >= game.draw_due_at().saturating_add(DRAW_GRACE);
    (waits && overdue).then_some(GameCancelled::OVERDUE)
}
