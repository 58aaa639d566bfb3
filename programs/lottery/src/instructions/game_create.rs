use anchor_lang::{address_eq, prelude::*};

use crate::{
    draw::first_entries_hash,
    error::LotteryError,
    seeds,
    state::{Game, GameParams, House, Treasury, LAYOUT_VERSION},
    switchboard::clock,
};

/// Creates the house's next game under the house's present rules.
#[derive(Accounts)]
pub struct CreateGame {
    /// Pays the rent.
    #[account(mut)]
    pub creator: Signer,
    pub house: Account<House>,
    #[account(mut, constraint(address_eq(&treasury.house, house.address()) @ LotteryError::ForeignHouse))]
    pub treasury: Account<Treasury>,
    #[account(init, payer = creator, seeds = [seeds::GAME, house.address().as_ref(), &treasury.games_created.to_le_bytes()], bump)]
    pub game: Account<Game>,
    pub system_program: Program<System>,
}

impl CreateGame {
    pub fn run(&mut self, bumps: &CreateGameBumps, params: &GameParams) -> Result<()> {
        self.require_allowed()?;
        require!(
            params.id == self.treasury.games_created,
            LotteryError::GameIdNotNext
        );
        params.validate(clock()?.unix_timestamp)?;
        self.treasury.games_created = self
            .treasury
            .games_created
            .checked_add(1)
            .ok_or(LotteryError::Overflow)?;

        let rent_reserve = self.game.min_lamports()?;
        let address = *self.game.address();
        let house = &self.house;
        let game = &mut self.game;
        game.house = *house.address();
        game.creator = *self.creator.address();
        game.entries_hash = first_entries_hash(&address);
        game.id = params.id;
        game.rent_reserve = rent_reserve;
        game.entry_fee = params.entry_fee;
        game.opens_at = params.opens_at;
        game.closes_at = params.closes_at;
        game.min_tickets = params.min_tickets;
        game.max_tickets = params.max_tickets;
        game.max_tickets_per_entry = params.max_tickets_per_entry;
        game.round_interval = params.round_interval;
        game.rounds = params.rounds;
        game.winners = params.winners;
        game.keep_bps = params.keep_bps;
        game.place_bps = params.place_bps;
        game.prize_bps = house.prize_bps;
        game.treasury_bps = house.treasury_bps;
        game.jackpot_bps = house.jackpot_bps;
        game.jackpot_mean = house.jackpot_mean;
        game.reserve_bps = house.reserve_bps;
        game.version = LAYOUT_VERSION;
        game.bump = bumps.game;
        self.game.invariant(self.game.get_lamports())
    }

    fn require_allowed(&self) -> Result<()> {
        require!(
            self.house.has(House::FLAG_OPEN_CREATION)
                || address_eq(self.creator.address(), &self.house.authority),
            LotteryError::NotAuthority
        );
        require!(
            !self.house.has(House::FLAG_PAUSE_GAMES),
            LotteryError::GamesPaused
        );
        Ok(())
    }
}
