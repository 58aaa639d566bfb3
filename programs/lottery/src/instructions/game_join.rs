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
///
/// The caller passes the entry's bump. A search for it would cost 350 compute
/// units a step, and its result would be checked twice: the System program
/// creates the entry under the seeds' signature, which the runtime grants to the
/// one address that seeds and bump derive, and to no other. A bump that is not
/// the canonical one makes a valid entry at another address, which gains nobody
/// anything: entries are told apart by their tickets.
#[derive(Accounts)]
pub struct Join {
    /// Pays for the tickets and the entry's rent.
    #[account(mut)]
    pub player: Signer,
    #[account(constraint(address_eq(&game.house, house.address()) @ LotteryError::ForeignHouse))]
    pub house: Account<House>,
    #[account(mut)]
    pub game: Account<Game>,
    /// Created here, by one transfer that carries rent and price.
    #[account(mut)]
    pub entry: UncheckedAccount,
    pub system_program: Program<System>,
}

/// What a player buys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite, IdlType)]
pub struct Order {
    pub tickets: u32,
    /// Tells one player's entries in a game apart.
    pub nonce: u16,
    /// Bump of the entry's address.
    pub bump: u8,
    /// Refuse to pay more than this (base units).
    pub max_total: u64,
}

impl Join {
    pub fn run(&mut self, order: &Order) -> Result<()> {
        let Order {
            tickets,
            nonce,
            bump,
            max_total,
        } = *order;
        let now = clock()?.unix_timestamp;
        self.require_open(now, tickets)?;
        let price =
            checked_mul(self.game.entry_fee, u64::from(tickets)).ok_or(LotteryError::Overflow)?;
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
        game.entries = game.entries.checked_add(1).ok_or(LotteryError::Overflow)?;
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
