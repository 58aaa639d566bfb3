use anchor_lang::{address_eq, prelude::*};

use crate::{
    draw::next_entries_hash,
    error::LotteryError,
    math::checked_mul,
    money::create_paid_entry,
    seeds,
    state::{Game, GameStatus, House, LAYOUT_VERSION},
    switchboard::clock,
};

/// Buys tickets. Writes the game, the new entry and the player, nothing else.
#[derive(Accounts)]
#[instruction(tickets: u32, nonce: u16)]
pub struct Join {
    /// Pays for the tickets and the entry's rent.
    #[account(mut)]
    pub player: Signer,
    #[account(constraint(address_eq(&game.house, house.address()) @ LotteryError::ForeignHouse))]
    pub house: Account<House>,
    #[account(mut)]
    pub game: Account<Game>,
    /// Created here, by one transfer that carries rent and price.
    #[account(mut, seeds = [seeds::ENTRY, game.address().as_ref(), player.address().as_ref(), &nonce.to_le_bytes()], bump)]
    pub entry: UncheckedAccount,
    pub system_program: Program<System>,
}

impl Join {
    pub fn run(&mut self, bump: u8, tickets: u32, nonce: u16, max_total: u64) -> Result<()> {
        let now = clock()?.unix_timestamp;
        self.require_open(now, tickets)?;
        let price = checked_mul(self.game.entry_fee, u64::from(tickets))
            .ok_or(LotteryError::Overflow)?;
        require!(price <= max_total, LotteryError::PriceAboveMax);

        let game_address = *self.game.address();
        let player = *self.player.address();
        let first_ticket = self.game.tickets;
        let mut entry = create_paid_entry(
            self.player.account(),
            self.entry.account(),
            price,
            &[
                seeds::ENTRY,
                game_address.as_ref(),
                player.as_ref(),
                &nonce.to_le_bytes(),
                &[bump],
            ],
        )?;
        entry.game = game_address;
        entry.player = player;
        entry.paid = price;
        entry.joined_at = now;
        entry.first_ticket = first_ticket;
        entry.tickets = tickets;
        entry.nonce = nonce;
        entry.version = LAYOUT_VERSION;
        entry.bump = bump;
        entry.sub_lamports(price)?;
        self.game.add_lamports(price)?;

        let game = &mut self.game;
        game.entries_hash =
            next_entries_hash(&game.entries_hash, &player, nonce, first_ticket, tickets);
        game.tickets = first_ticket
            .checked_add(tickets)
            .ok_or(LotteryError::Overflow)?;
        game.entries = game
            .entries
            .checked_add(1)
            .ok_or(LotteryError::Overflow)?;
        self.game.invariant(self.game.get_lamports())
    }

    fn require_open(&self, now: i64, tickets: u32) -> Result<()> {
        let game = &self.game;
        require!(
            !self.house.has(House::FLAG_PAUSE_JOINS),
            LotteryError::JoinsPaused
        );
        require!(game.is(GameStatus::Open), LotteryError::GameNotOpen);
        require!(now >= game.opens_at, LotteryError::GameNotYetOpen);
        require!(now < game.closes_at, LotteryError::GameClosed);
        require!(tickets >= 1, LotteryError::TicketsZero);
        require!(
            tickets <= game.max_tickets_per_entry,
            LotteryError::TicketsAboveEntryCap
        );
        require!(
            tickets <= game.max_tickets.saturating_sub(game.tickets),
            LotteryError::SoldOut
        );
        Ok(())
    }
}
