use anchor_lang::{address_eq, prelude::*};

use crate::{
    draw::{fate, Fate},
    error::LotteryError,
    math::place_prize,
    money,
    state::{Entry, Game, GameStatus},
};

/// Pays the prize of a winning ticket to the entry's player, whoever asks.
/// Costs about 25,000 compute units a round: the ticket's way through all
/// rounds is computed here, nothing about it is stored.
#[derive(Accounts)]
pub struct Claim {
    #[account(mut)]
    pub game: Account<Game>,
    #[account(constraint(address_eq(&entry.game, game.address()) @ LotteryError::ForeignGame))]
    pub entry: Account<Entry>,
    #[account(mut, constraint(address_eq(player.address(), &entry.player) @ LotteryError::ForeignPlayer))]
    pub player: UncheckedAccount,
}

impl Claim {
    pub fn run(&mut self, ticket: u32) -> Result<()> {
        require!(
            self.game.is(GameStatus::Settled),
            LotteryError::GameNotSettled
        );
        require!(self.entry.holds(ticket), LotteryError::TicketNotInEntry);
        let place = self.place_of(ticket)?;
        // Places are below 32, the number of bits.
        let bit = 1u32.wrapping_shl(place);
        require!(self.game.places_paid & bit == 0, LotteryError::AlreadyPaid);
        self.game.places_paid |= bit;
        let prize = place_prize(self.game.prize_pool, &self.game.place_bps, place as usize);
        self.game.paid_out = self
            .game
            .paid_out
            .checked_add(prize)
            .ok_or(LotteryError::Overflow)?;
        money::pay(self.game.account(), self.player.account(), prize)?;
        self.game.note_if_paid()?;
        self.game.invariant(self.game.get_lamports())
    }

    fn place_of(&self, ticket: u32) -> Result<u32> {
        match fate(&self.game.rules(), self.game.seeds(), ticket) {
            Fate::Alive(place) => Ok(place),
            Fate::Eliminated(_) => Err(LotteryError::TicketLost.into()),
        }
    }
}
