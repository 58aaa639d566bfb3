use anchor_lang::{address_eq, prelude::*};

use crate::{
    clock::clock,
    draw::next_entries_hash,
    error::LotteryError,
    math::checked_mul,
    money::{
        add, create_paid_entry, entry_rent, move_lamports, token_amount, Currency, Purse,
        TokenAccounts,
    },
    seeds,
    state::{Entry, Game, GameStatus, House, LAYOUT_VERSION},
};

/// Buys tickets. Writes the game, the new entry and the player, and in a token house
/// the vault and the player's token account; nothing else.
///
/// Token accounts: the game's vault, writable; the player's token account, writable.
///
/// The caller passes the entry's bump. A search for it would cost 350 compute
/// units a step, and its result would be checked twice: the System program
/// creates the entry under the seeds' signature, which the runtime grants to the
/// one address that seeds and bump derive, and to no other; an account that brings
/// a signature of its own is refused. A bump that is not
/// the canonical one makes a valid entry at another address, which gains nobody
/// anything: entries are told apart by their tickets.
#[derive(Accounts)]
pub struct Join {
    /// Pays for the tickets, the entry's rent and its bounties.
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
    /// Refuse to pay more than this for the tickets (base units).
    pub max_total: u64,
}

impl Join {
    pub fn run(&mut self, order: &Order, tokens: TokenAccounts) -> Result<()> {
        let now = clock()?.unix_timestamp;
        let purse = Purse::of(&self.game, tokens.get(0))?;
        let purchase = Purchase {
            house: &self.house,
            player: self.player.account(),
            entry: self.entry.account(),
            tokens: tokens.get(1),
            currency: Currency::of(&self.game.vault, tokens)?,
            order,
            now,
            rent: entry_rent(&Rent::get()?)?,
        };
        let price = purchase.check(&self.game, &purse)?;
        purchase.make(&mut self.game, &purse, price)?;
        if purchase.currency.is_native() {
            move_lamports(self.entry.account(), self.game.account(), price)?;
        }
        purse.check(&*self.game)
    }
}

/// A purchase, before and while it is made.
pub(super) struct Purchase<'a> {
    pub house: &'a House,
    pub player: &'a AccountView,
    pub entry: &'a AccountView,
    pub tokens: Option<&'a AccountView>,
    pub currency: Currency,
    pub order: &'a Order,
    /// Unix seconds.
    pub now: i64,
    /// Of an entry (lamports).
    pub rent: u64,
}

impl Purchase<'_> {
    /// Its price (base units), or why it is refused; nothing has changed yet.
    #[inline(always)]
    pub fn check(&self, game: &Game, purse: &Purse) -> Result<u64> {
        let Order {
            tickets, max_total, ..
        } = *self.order;
        require!(
            !self.house.has(House::FLAG_PAUSE_JOINS),
            LotteryError::JoinsPaused
        );
        require!(game.is(GameStatus::Open), LotteryError::GameNotOpen);
        require!(self.now >= game.opens_at, LotteryError::GameNotYetOpen);
        require!(self.now < game.closes_at, LotteryError::GameClosed);
        require!(tickets >= 1, LotteryError::TicketsZero);
        require!(
            tickets <= game.max_tickets_per_entry,
            LotteryError::TicketsAboveEntryCap
        );
        require!(
            tickets <= game.max_tickets.saturating_sub(game.tickets),
            LotteryError::SoldOut
        );
        let price =
            checked_mul(game.entry_fee, u64::from(tickets)).ok_or(LotteryError::Overflow)?;
        require!(price <= max_total, LotteryError::PriceAboveMax);
        require!(self.entry.data_len() == 0, LotteryError::EntryExists);
        // An account that signs for itself could become an entry at any address.
        require!(!self.entry.is_signer(), ProgramError::InvalidSeeds);
        if !self.currency.is_native() {
            require!(!purse.is_frozen()?, LotteryError::VaultFrozen);
            let tokens = self.tokens.ok_or(LotteryError::TokenAccountsMissing)?;
            self.currency
                .require_account_of(tokens, self.player.address())?;
            require!(
                token_amount(tokens)? >= price,
                LotteryError::InsufficientFunds
            );
        }
        let rent = self.rent.saturating_sub(self.entry.lamports());
        let lamports = add(rent, self.carried(game, price)?)?;
        require!(
            self.player.lamports() >= lamports,
            LotteryError::InsufficientFunds
        );
        Ok(price)
    }

    /// Creates the entry and counts it. A token house's price is in the vault then; a
    /// native one's is still in the entry, from where the caller moves it.
    #[inline(always)]
    pub fn make(&self, game: &mut Account<Game>, purse: &Purse, price: u64) -> Result<()> {
        let Order {
            tickets,
            nonce,
            bump,
            ..
        } = *self.order;
        let game_address = *game.address();
        let player = *self.player.address();
        let mut entry = create_paid_entry(
            self.player,
            self.entry,
            &(self.rent, self.carried(game, price)?),
            &[
                seeds::ENTRY,
                game_address.as_ref(),
                player.as_ref(),
                &nonce.to_le_bytes(),
                &[bump],
            ],
        )?;
        if !self.currency.is_native() {
            self.currency
                .collect(self.tokens, self.player, purse, price)?;
        }
        let entry = &mut *entry;
        entry.game = game_address;
        entry.player = player;
        entry.paid = price;
        entry.joined_at = self.now;
        entry.first_ticket = game.tickets;
        entry.tickets = tickets;
        // `House::bounty` is at most a million.
        entry.bounty = game.bounty as u32;
        entry.nonce = nonce;
        entry.version = LAYOUT_VERSION;
        entry.bump = bump;

        game.entries_hash =
            next_entries_hash(&game.entries_hash, &player, nonce, game.tickets, tickets);
        game.tickets = game
            .tickets
            .checked_add(tickets)
            .ok_or(LotteryError::Overflow)?;
        game.entries = game.entries.checked_add(1).ok_or(LotteryError::Overflow)?;
        if game.sold_out() {
            game.next_round_at = self.now;
        }
        Ok(())
    }

    /// Lamports that the entry is created with beside its rent: its bounties and, in a
    /// native house, its price.
    fn carried(&self, game: &Game, price: u64) -> Result<u64> {
        // At most two million lamports.
        let bounties = game.bounty.wrapping_mul(Entry::BOUNTIES);
        if self.currency.is_native() {
            add(price, bounties)
        } else {
            Ok(bounties)
        }
    }
}
