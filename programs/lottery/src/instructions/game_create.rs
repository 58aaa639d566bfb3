use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use crate::{
    clock::clock,
    draw::first_entries_hash,
    error::LotteryError,
    events::{EventAccounts, GameCreated, EVENT_VERSION},
    money::{collect_lamports, create_vault, Currency, Purse, TokenAccounts},
    seeds,
    state::{Game, GameParams, House, Treasury, LAYOUT_VERSION},
};

/// Creates the house's next game under the house's present rules.
///
/// Token accounts: the game's vault, writable, created here.
#[derive(Accounts)]
pub struct CreateGame {
    /// Pays the rent and escrows the bounties of every later step.
    #[account(mut)]
    pub creator: Signer,
    pub house: Account<House>,
    #[account(mut, constraint(address_eq(&treasury.house, house.address()) @ LotteryError::ForeignHouse))]
    pub treasury: Account<Treasury>,
    #[account(init, payer = creator, seeds = [seeds::GAME, house.address().as_ref(), &treasury.games_created.to_le_bytes()], bump)]
    pub game: Account<Game>,
    pub system_program: Program<System>,
    pub events: Nested<EventAccounts>,
}

impl CreateGame {
    pub fn run(&mut self, bump: u8, params: &GameParams, tokens: TokenAccounts) -> Result<()> {
        self.require_allowed()?;
        require!(
            params.id == self.treasury.games_created,
            LotteryError::GameIdNotNext
        );
        params.validate(clock()?.unix_timestamp)?;
        params.validate_contributions(&self.house)?;
        self.treasury.games_created = self
            .treasury
            .games_created
            .checked_add(1)
            .ok_or(LotteryError::Overflow)?;

        let address = *self.game.address();
        let currency = Currency::of(&self.house.mint, tokens)?;
        self.require_mint(&currency)?;
        let payer = self.creator.account();
        self.game.vault = create_vault(&currency, payer, tokens.get(0), &address)?;
        self.game.rent_reserve = self.game.min_lamports()?;
        self.game.entries_hash = first_entries_hash(&address);
        self.game.house = *self.house.address();
        self.game.creator = *self.creator.address();
        self.game.version = LAYOUT_VERSION;
        self.game.bump = bump;
        self.game.take_rules(&self.house, params);
        self.escrow();
        self.events.emit(&self.game.created(&address))?;
        Purse::of(&self.game, tokens.get(0))?.check(&*self.game)
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

    fn require_mint(&self, currency: &Currency) -> Result<()> {
        let same = currency
            .mint()
            .is_none_or(|mint| address_eq(mint.address(), &self.house.mint));
        require!(same, LotteryError::Mint);
        Ok(())
    }

    fn escrow(&mut self) {
        // At most 93 bounties of at most a million lamports.
        let bounties = Game::bounties(self.game.rounds, self.game.winners);
        let escrow = self.game.bounty.wrapping_mul(bounties);
        self.game.bounty_escrow = escrow;
        if escrow == 0 {
            return;
        }
        collect_lamports(self.creator.account(), self.game.account(), escrow);
    }
}

impl Game {
    /// Fixes the rules it is played by: the caller's and the house's present ones.
    fn take_rules(&mut self, house: &House, params: &GameParams) {
        self.id = params.id;
        self.entry_fee = params.entry_fee;
        self.opens_at = params.opens_at;
        self.closes_at = params.closes_at;
        self.min_tickets = params.min_tickets;
        self.max_tickets = params.max_tickets;
        self.max_tickets_per_entry = params.max_tickets_per_entry;
        self.round_interval = params.round_interval;
        self.rounds = params.rounds;
        self.winners = params.winners;
        self.keep_bps = params.keep_bps;
        self.place_bps = params.place_bps;
        self.prize_bps = house.prize_bps;
        self.treasury_bps = house.treasury_bps;
        self.jackpot_bps = house.jackpot_bps;
        self.jackpot_mean = house.jackpot_mean;
        self.reserve_bps = house.reserve_bps;
        self.bounty = house.bounty;
        self.claim_window = house.claim_window;
    }

    /// The event of its creation.
    fn created(&self, address: &Address) -> GameCreated {
        GameCreated {
            version: EVENT_VERSION,
            house: self.house,
            game: *address,
            creator: self.creator,
            vault: self.vault,
            id: self.id,
            bounty_escrow: self.bounty_escrow,
            jackpot_mean: self.jackpot_mean,
            bounty: self.bounty,
            claim_window: self.claim_window,
            prize_bps: self.prize_bps,
            treasury_bps: self.treasury_bps,
            jackpot_bps: self.jackpot_bps,
            reserve_bps: self.reserve_bps,
        }
    }
}
