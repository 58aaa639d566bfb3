use anchor_lang::{address_eq, prelude::*};

use crate::{
    error::LotteryError,
    money,
    state::{Entry, Game, GameStatus, Jackpot, TIERS},
};

/// Pays a jackpot that the game hit to the player of the winning ticket,
/// whoever asks.
#[derive(Accounts)]
pub struct ClaimJackpot {
    #[account(mut)]
    pub game: Account<Game>,
    #[account(constraint(address_eq(&entry.game, game.address()) @ LotteryError::ForeignGame))]
    pub entry: Account<Entry>,
    #[account(mut, constraint(address_eq(player.address(), &entry.player) @ LotteryError::ForeignPlayer))]
    pub player: UncheckedAccount,
    /// Learns the winner's name; its money moved at settlement.
    #[account(mut, constraint(address_eq(&jackpot.house, &game.house) @ LotteryError::ForeignHouse))]
    pub jackpot: Account<Jackpot>,
}

impl ClaimJackpot {
    pub fn run(&mut self, tier: u8) -> Result<()> {
        let index = usize::from(tier);
        require!(index < TIERS, LotteryError::UnknownTier);
        require!(self.jackpot.tier == tier, LotteryError::UnknownTier);
        require!(
            self.game.is(GameStatus::Settled),
            LotteryError::GameNotSettled
        );
        let award = self.game.jackpot_awards[index];
        require!(award > 0, LotteryError::NoAward);
        require!(
            self.entry.holds(self.game.jackpot_tickets[index]),
            LotteryError::TicketNotInEntry
        );
        let bit = 1u8.wrapping_shl(u32::from(tier));
        require!(self.game.awards_paid & bit == 0, LotteryError::AlreadyPaid);
        self.game.awards_paid |= bit;
        self.game.paid_out = self
            .game
            .paid_out
            .checked_add(award)
            .ok_or(LotteryError::Overflow)?;
        // A later hit by another game has its own winner to wait for.
        if address_eq(&self.jackpot.last_game, self.game.address()) {
            self.jackpot.last_winner = self.entry.player;
            self.jackpot.touch(crate::switchboard::clock()?.slot);
        }
        money::pay(self.game.account(), self.player.account(), award)?;
        self.game.note_if_paid()?;
        self.game.invariant(self.game.get_lamports())
    }
}
