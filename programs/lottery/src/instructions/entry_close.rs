use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use super::till::Till;
use crate::{
    error::LotteryError,
    events::EventAccounts,
    money::load_mut,
    state::{Entry, Game},
};

/// Closes an entry that nothing is owed to any more: it was refunded, or its game owes
/// nothing to any player. Rent and unspent bounties return to the player, whoever asks.
#[derive(Accounts)]
pub struct CloseEntry {
    /// Gets the bounty.
    #[account(mut, unsafe(dup))]
    pub cranker: UncheckedAccount,
    /// May be closed already: then it owes nothing.
    #[account(mut, constraint(address_eq(game.address(), &entry.game) @ LotteryError::ForeignGame))]
    pub game: UncheckedAccount,
    #[account(mut)]
    pub entry: Account<Entry>,
    /// May be who cranks.
    #[account(mut, unsafe(dup), constraint(address_eq(player.address(), &entry.player) @ LotteryError::ForeignPlayer))]
    pub player: UncheckedAccount,
    pub events: Nested<EventAccounts>,
}

impl CloseEntry {
    pub fn run(&mut self) -> Result<()> {
        let mut till = Till::new(self.cranker.account())?;
        let view = *self.game.account();
        require_over(&view, &self.entry)?;
        till.rent(&self.entry, self.player.account())?;
        note_closed(&view)?;
        till.tell(&self.events, self.game.address(), None)?;
        till.moves.make()?;
        self.entry.close(*self.player.account())
    }
}

/// The entry is refunded, or its game is paid, or closed, which it can only be when it is
/// paid. No other game ever comes to the same address. One player's refund that cannot
/// be paid so holds up nobody else's rent.
pub(super) fn require_over(game: &AccountView, entry: &Entry) -> Result<()> {
    if game.data_len() == 0 {
        return Ok(());
    }
    // Also finds out whether the game can be written, which counting the entry will do
    // after money was promised.
    let game = load_mut::<Game>(*game)?;
    require!(
        entry.refunded != 0 || game.has(Game::FLAG_PAID),
        LotteryError::GameStillOwes
    );
    Ok(())
}

/// Counts a closed entry, if its game is still there.
pub(super) fn note_closed(game: &AccountView) -> Result<()> {
    if game.data_len() == 0 {
        return Ok(());
    }
    let mut game = load_mut::<Game>(*game)?;
    game.entries_closed = game
        .entries_closed
        .checked_add(1)
        .ok_or(LotteryError::Overflow)?;
    Ok(())
}
