use anchor_lang::prelude::*;
use pinocchio::cpi::Seed;

use crate::{
    call,
    math::checked_mul,
    seeds,
    state::{Entry, Game, GameStatus, House, LAYOUT_VERSION},
    token::{self, Token},
    view::{
        add, is_zero, load, load_mut, move_lamports, payer, same, system_program, writable, Input,
        Outcome, Rent, Walk,
    },
    LotteryError,
};

/// What a player buys, as it comes.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Order {
    pub tickets: u32,
    pub nonce: u16,
    pub bump: u8,
    pub max_total: u64,
}

/// Tokens that pay for a purchase.
pub struct Payment {
    pub token: Token,
    pub from: AccountView,
    pub vault: AccountView,
}

pub struct Purchase<'a> {
    pub house: &'a House,
    pub player: AccountView,
    pub entry: AccountView,
    pub game_view: AccountView,
    pub game: &'a mut Game,
    pub payment: Option<Payment>,
    pub order: Order,
    pub now: i64,
    pub rent: Rent,
}

#[inline(never)]
pub unsafe fn join(input: &Input) -> Outcome {
    let order: Order = unsafe { input.arguments()? };
    let mut walk = unsafe { Walk::<9>::new(input, 5)? };
    accounts!(walk: player, house, game, entry, system);
    walk.exclusive(0b1101)?;
    payer(player)?;
    let house_address = house.address();
    let house: &House = load(house)?;
    let game_view = game;
    let game: &mut Game = load_mut(game_view)?;
    demand!(same(&game.house, house_address), LotteryError::ForeignHouse);
    writable(entry)?;
    system_program(system)?;
    let payment = if is_zero(&game.vault) {
        None
    } else {
        demand!(walk.left() >= 4, LotteryError::TokenAccountsMissing);
        accounts!(walk: mint, program, vault, tokens);
        walk.exclusive(0b1_1000_1101)?;
        demand!(
            same(vault.address(), &game.vault),
            LotteryError::ForeignVault
        );
        writable(vault)?;
        writable(tokens)?;
        Some(Payment {
            token: Token::of(mint, program)?,
            from: token::given(tokens)?,
            vault,
        })
    };
    let mut purchase = Purchase {
        house,
        player,
        entry,
        game_view,
        game,
        payment,
        order,
        now: Clock::get()?.unix_timestamp,
        rent: Rent::get()?,
    };
    let price = purchase.make()?;
    let reserved = |game: &Game| add(game.rent_reserve, game.bounty_escrow);
    let game = &*purchase.game;
    let reserved = reserved(game)?;
    let owed = owed_while_open(game)?;
    let covered = match &purchase.payment {
        None => {
            move_lamports(entry, game_view, price)?;
            game_view.lamports() >= add(reserved, owed)?
        }
        Some(payment) => game_view.lamports() >= reserved && token::amount(payment.vault) >= owed,
    };
    demand!(covered, LotteryError::Insolvent);
    Ok(())
}

/// What a game that is not settled owes.
#[inline(always)]
pub fn owed_while_open(game: &Game) -> Outcome<u64> {
    let owed = game.gross().checked_sub(game.refunded);
    owed.ok_or(LotteryError::Overflow.into())
}

impl Purchase<'_> {
    /// Checks and makes it; returns the price, which a native house's game has not got
    /// yet.
    #[inline(always)]
    pub fn make(&mut self) -> Outcome<u64> {
        let Order {
            tickets,
            nonce,
            bump,
            max_total,
        } = self.order;
        let game = &mut *self.game;
        demand!(
            !self.house.has(House::FLAG_PAUSE_JOINS),
            LotteryError::JoinsPaused
        );
        demand!(game.is(GameStatus::Open), LotteryError::GameNotOpen);
        demand!(self.now >= game.opens_at, LotteryError::GameNotYetOpen);
        demand!(self.now < game.closes_at, LotteryError::GameClosed);
        demand!(tickets >= 1, LotteryError::TicketsZero);
        demand!(
            tickets <= game.max_tickets_per_entry,
            LotteryError::TicketsAboveEntryCap
        );
        demand!(
            tickets <= game.max_tickets.saturating_sub(game.tickets),
            LotteryError::SoldOut
        );
        let price = product(game.entry_fee, tickets)?;
        demand!(price <= max_total, LotteryError::PriceAboveMax);
        demand!(self.entry.data_len() == 0, LotteryError::EntryExists);
        demand!(!self.entry.is_signer(), ProgramError::InvalidSeeds);
        let bounties = game.bounty.wrapping_mul(Entry::BOUNTIES);
        let carried = match &self.payment {
            None => add(price, bounties)?,
            Some(payment) => {
                demand!(!token::is_frozen(payment.vault), LotteryError::VaultFrozen);
                let player = self.player.address();
                let balance = payment.token.balance_of(payment.from, player)?;
                demand!(balance >= price, LotteryError::InsufficientFunds);
                bounties
            }
        };
        let minimum = self.rent.minimum(size_of::<Entry>().wrapping_add(8));
        let missing = minimum.saturating_sub(self.entry.lamports());
        demand!(
            self.player.lamports() >= add(missing, carried)?,
            LotteryError::InsufficientFunds
        );

        let game_address = self.game_view.address();
        let player = self.player.address();
        let nonce_bytes = nonce.to_le_bytes();
        let entry: &mut Entry = call::create(
            self.player,
            self.entry,
            self.rent,
            carried,
            &[
                Seed::from(seeds::ENTRY),
                Seed::from(game_address.as_array()),
                Seed::from(player.as_array()),
                Seed::from(&nonce_bytes),
                Seed::from(&[bump]),
            ],
        )?;
        if let Some(payment) = &self.payment {
            let vault = payment.vault;
            payment
                .token
                .collect(payment.from, self.player, vault, price);
        }
        entry.game = *game_address;
        entry.player = *player;
        entry.paid = price;
        entry.joined_at = self.now;
        entry.first_ticket = game.tickets;
        entry.tickets = tickets;
        entry.bounty = game.bounty as u32;
        entry.nonce = nonce;
        entry.version = LAYOUT_VERSION;
        entry.bump = bump;

        game.entries_hash = next_hash(&game.entries_hash, player, nonce, game.tickets, tickets);
        game.tickets = game
            .tickets
            .checked_add(tickets)
            .ok_or(LotteryError::Overflow)?;
        game.entries = game.entries.checked_add(1).ok_or(LotteryError::Overflow)?;
        if game.sold_out() {
            game.next_round_at = self.now;
        }
        Ok(price)
    }
}

/// Prices below 2^32 base units a ticket need no care.
#[inline(always)]
fn product(fee: u64, tickets: u32) -> Outcome<u64> {
    let tickets = u64::from(tickets);
    if fee >> 32 == 0 {
        return Ok(fee.wrapping_mul(tickets));
    }
    checked_mul(fee, tickets).ok_or(LotteryError::Overflow.into())
}

/// `draw::next_entries_hash`, from one piece: pieces cost more than to copy them.
#[inline(always)]
fn next_hash(
    previous: &[u8; 32],
    player: &Address,
    nonce: u16,
    first_ticket: u32,
    tickets: u32,
) -> [u8; 32] {
    #[repr(C, packed)]
    struct Preimage {
        previous: [u8; 32],
        player: Address,
        nonce: u16,
        first_ticket: u32,
        tickets: u32,
    }
    let preimage = Preimage {
        previous: *previous,
        player: *player,
        nonce,
        first_ticket,
        tickets,
    };
    anchor_lang::sha256(crate::view::bytes_of(&preimage))
}
