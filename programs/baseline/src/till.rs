//! What is paid to players: found, checked, noted. The caller moves the lamports.

use anchor_lang::prelude::*;

use crate::{
    events::Payment as Kind,
    fate::place_of,
    math::place_prize,
    payouts::{owed_once_settled, take_bounty},
    purchase::owed_while_open,
    state::{Entry, Game, GameStatus, Jackpot, TIERS},
    view::{add, same, Outcome, Rent},
    LotteryError,
};

/// `events::Payment`, encoded.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Payment {
    kind: u8,
    index: u8,
    ticket: u32,
    entry: Address,
    player: Address,
    amount: u64,
}

/// A payment that is noted, but not made.
pub struct Paid {
    pub kind: u8,
    pub index: u8,
    pub ticket: u32,
    pub amount: u64,
    pub bounty: u64,
    /// Still owed by the game afterwards.
    pub owed: u64,
}

impl Paid {
    #[inline(always)]
    pub fn payment(&self, view: AccountView, entry: &Entry) -> Payment {
        Payment {
            kind: self.kind,
            index: self.index,
            ticket: self.ticket,
            entry: *view.address(),
            player: entry.player,
            amount: self.amount,
        }
    }
}

#[inline(always)]
fn claimable(game: &Game, entry: &Entry, ticket: u32, now: i64) -> Outcome {
    demand!(now < game.claims_end(), LotteryError::ClaimsEnded);
    demand!(entry.holds(ticket), LotteryError::TicketNotInEntry);
    Ok(())
}

#[inline(always)]
fn payable(
    rent: Rent,
    (player, cranker): (AccountView, AccountView),
    amount: u64,
    bounty: u64,
) -> Outcome {
    if amount != 0 {
        rent.payable(player, amount)?;
    }
    if bounty != 0 {
        rent.payable(cranker, bounty)?;
    }
    Ok(())
}

/// Notes what was paid of a settled game; returns what it still owes.
#[inline(always)]
fn note(game: &mut Game, amount: u64) -> Outcome<u64> {
    game.paid_out = add(game.paid_out, amount)?;
    let owed = owed_once_settled(game)?;
    if owed == 0 {
        game.set_flag(Game::FLAG_PAID);
    }
    Ok(owed)
}

#[inline(always)]
pub fn prize(
    game: &mut Game,
    entry: &Entry,
    parties: (AccountView, AccountView),
    ticket: u32,
    (now, rent): (i64, Rent),
) -> Outcome<Paid> {
    demand!(game.is(GameStatus::Settled), LotteryError::GameNotSettled);
    claimable(game, entry, ticket, now)?;
    let place = place_of(game, ticket).ok_or(LotteryError::TicketLost)?;
    let bit = 1u32.wrapping_shl(place);
    demand!(game.places_paid & bit == 0, LotteryError::AlreadyPaid);
    let amount = place_prize(game.prize_pool, &game.place_bps, place as usize);
    payable(rent, parties, amount, game.bounty)?;
    game.places_paid |= bit;
    Ok(Paid {
        kind: Kind::PRIZE,
        index: place as u8,
        ticket,
        amount,
        owed: note(game, amount)?,
        bounty: take_bounty(game),
    })
}

#[inline(always)]
pub fn award(
    view: AccountView,
    game: &mut Game,
    entry: &Entry,
    parties: (AccountView, AccountView),
    jackpot: &mut Jackpot,
    (clock, rent): (&Clock, Rent),
) -> Outcome<Paid> {
    demand!(
        same(&jackpot.house, &game.house),
        LotteryError::ForeignHouse
    );
    let tier = jackpot.tier;
    let index = usize::from(tier);
    demand!(index < TIERS, LotteryError::UnknownTier);
    demand!(game.is(GameStatus::Settled), LotteryError::GameNotSettled);
    let amount = game.jackpot_awards[index];
    demand!(amount > 0, LotteryError::NoAward);
    let ticket = game.jackpot_tickets[index];
    claimable(game, entry, ticket, clock.unix_timestamp)?;
    let bit = 1u8.wrapping_shl(u32::from(tier));
    demand!(game.awards_paid & bit == 0, LotteryError::AlreadyPaid);
    payable(rent, parties, amount, game.bounty)?;
    game.awards_paid |= bit;
    let owed = note(game, amount)?;
    if same(&jackpot.last_game, view.address()) {
        jackpot.last_winner = entry.player;
        jackpot.touch(clock.slot);
    }
    Ok(Paid {
        kind: Kind::AWARD,
        index: tier,
        ticket,
        amount,
        owed,
        bounty: take_bounty(game),
    })
}

#[inline(always)]
pub fn refund(
    game: &mut Game,
    entry: &mut Entry,
    parties: (AccountView, AccountView),
    rent: Rent,
) -> Outcome<Paid> {
    demand!(
        game.is(GameStatus::Cancelled),
        LotteryError::GameNotCancelled
    );
    demand!(entry.refunded == 0, LotteryError::AlreadyPaid);
    let amount = entry.paid;
    let bounty = u64::from(entry.bounty);
    payable(rent, parties, amount, bounty)?;
    entry.refunded = 1;
    game.refunded = add(game.refunded, amount)?;
    let owed = owed_while_open(game)?;
    if owed == 0 {
        game.set_flag(Game::FLAG_PAID);
    }
    Ok(Paid {
        kind: Kind::REFUND,
        index: 0,
        ticket: 0,
        amount,
        bounty,
        owed,
    })
}

#[inline(always)]
pub fn rent(
    game: Option<&mut Game>,
    (view, entry, pending): (AccountView, &Entry, u64),
    (player, cranker): (AccountView, AccountView),
    rent: Rent,
) -> Outcome<Paid> {
    if let Some(game) = &game {
        demand!(
            entry.refunded != 0 || game.has(Game::FLAG_PAID),
            LotteryError::GameStillOwes
        );
    }
    let bounty = u64::from(entry.bounty);
    let left = view.lamports().checked_sub(pending);
    let rest = left.and_then(|left| left.checked_sub(bounty));
    let amount = rest.ok_or(LotteryError::Insolvent)?;
    rent.payable(player, amount)?;
    if bounty != 0 {
        rent.payable(cranker, bounty)?;
    }
    if let Some(game) = game {
        let closed = game.entries_closed.checked_add(1);
        game.entries_closed = closed.ok_or(LotteryError::Overflow)?;
    }
    Ok(Paid {
        kind: Kind::RENT,
        index: 0,
        ticket: 0,
        amount,
        bounty,
        owed: 0,
    })
}
