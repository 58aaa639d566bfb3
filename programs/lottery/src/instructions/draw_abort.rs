use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use crate::{
    clock::clock,
    error::LotteryError,
    events::{DrawAborted, EventAccounts, GameCancelled, EVENT_VERSION},
    money::{add, load_mut, pay_lamports, Holder as _},
    state::{Draw, Game, GameStatus, Lane, MAX_DRAW_ATTEMPTS},
};

/// Gives a draw up whose oracle did not answer in time, and releases the games given.
/// A released game can be drawn again with another oracle; after the last attempt it
/// is cancelled and refunded. Anybody may. The first call frees the lane; a draw of
/// many games takes as many calls as they need, in any order.
///
/// Remaining accounts: the games, writable.
#[derive(Accounts)]
pub struct AbortDraw {
    /// Gets the bounties.
    #[account(mut, unsafe(dup))]
    pub cranker: UncheckedAccount,
    #[account(mut)]
    pub draw: Account<Draw>,
    /// Looked at by the first call only: it may be closed, or busy, afterwards.
    #[account(mut, constraint(address_eq(lane.address(), &draw.lane) @ LotteryError::ForeignLane))]
    pub lane: UncheckedAccount,
    /// Gets the draw's rent back when its last game is released.
    #[account(mut, unsafe(dup), constraint(address_eq(draw_payer.address(), &draw.payer) @ LotteryError::ForeignPayer))]
    pub draw_payer: UncheckedAccount,
    pub events: Nested<EventAccounts>,
}

impl AbortDraw {
    pub fn run(&mut self, games: &[AccountView]) -> Result<()> {
        let clock = clock()?;
        let rent = Rent::get()?;
        self.give_up(clock.slot)?;
        let mut released = Vec::with_capacity(games.len());
        let mut bounty = 0;
        for view in games {
            // Another crank may have released it meanwhile, or even closed it.
            let Ok(mut game) = load_mut::<Game>(*view) else {
                continue;
            };
            if game.is(GameStatus::Drawing) && address_eq(&game.draw, self.draw.address()) {
                bounty = add(
                    bounty,
                    self.release(&mut game, clock.unix_timestamp, &rent)?,
                )?;
                released.push(*view.address());
            }
        }
        require!(!released.is_empty(), LotteryError::NoGames);
        self.events.emit(&DrawAborted {
            version: EVENT_VERSION,
            house: self.draw.house,
            draw: *self.draw.address(),
            oracle: self.draw.oracle,
            released,
            cranker: *self.cranker.address(),
            bounty,
        })?;
        if self.draw.is_done() {
            self.draw.close(*self.draw_payer.account())?;
        }
        Ok(())
    }

    /// Ends the wait, if that was not done before, and frees the lane.
    fn give_up(&mut self, slot: u64) -> Result<()> {
        match self.draw.state {
            Draw::ABORTED => return Ok(()),
            Draw::REVEALED => return Err(LotteryError::DrawRevealed.into()),
            _ => {}
        }
        require!(slot > self.draw.timeout_slot, LotteryError::DrawNotTimedOut);
        let mut lane = load_mut::<Lane>(*self.lane.account())?;
        require!(
            lane.current_draw() == Some(self.draw.id),
            LotteryError::LaneIdle
        );
        lane.state = Lane::IDLE;
        self.draw.state = Draw::ABORTED;
        Ok(())
    }

    /// Lets a game be drawn again, or cancels it; returns the bounty paid (lamports).
    fn release(&mut self, game: &mut Account<Game>, now: i64, rent: &Rent) -> Result<u64> {
        self.draw.settled = self
            .draw
            .settled
            .checked_add(1)
            .ok_or(LotteryError::Overflow)?;
        game.draw = Address::default();
        game.next_round_at = now;
        // What it had put aside for the reveal pays for the release.
        let bounty = game.bounty.min(self.draw.bounty);
        self.draw.bounty = self.draw.bounty.saturating_sub(bounty);
        pay_lamports(self.draw.account(), self.cranker.account(), bounty, rent)?;
        if game.draw_attempts < MAX_DRAW_ATTEMPTS {
            let status = if game.rounds_settled == 0 {
                GameStatus::Open
            } else {
                GameStatus::Playing
            };
            game.set_status(status);
            return Ok(bounty);
        }
        game.cancel(now)?;
        let owed = game.owed()?;
        self.events.emit(&GameCancelled {
            version: EVENT_VERSION,
            house: game.house,
            game: *game.address(),
            reason: GameCancelled::NO_ORACLE,
            owed,
            cranker: *self.cranker.address(),
            bounty,
        })?;
        Ok(bounty)
    }
}
