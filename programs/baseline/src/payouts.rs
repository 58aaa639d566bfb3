use anchor_lang::prelude::*;

use crate::{
    events::{self, Payment as Kind},
    state::{Entry, Game, Jackpot},
    tell,
    till::{self, Paid, Payment},
    view::{
        add, close, event_accounts, is_zero, load, load_mut, move_lamports, same, writable, Input,
        Outcome, Refusal, Rent, Walk,
    },
    LotteryError,
};

/// What a settled game owes to players.
#[inline(always)]
pub fn owed_once_settled(game: &Game) -> Outcome<u64> {
    let awards = game.jackpot_awards;
    let sum = add(add(add(game.prize_pool, awards[0])?, awards[1])?, awards[2])?;
    sum.checked_sub(game.paid_out)
        .and_then(|left| left.checked_sub(game.expired))
        .ok_or(LotteryError::Overflow.into())
}

/// A native game's lamports cover what it owes.
#[inline(always)]
pub fn covers(view: AccountView, game: &Game, owed: u64) -> Outcome {
    let reserved = add(game.rent_reserve, game.bounty_escrow)?;
    demand!(
        view.lamports() >= add(reserved, owed)?,
        LotteryError::Insolvent
    );
    Ok(())
}

#[inline(always)]
pub fn take_bounty(game: &mut Game) -> u64 {
    let bounty = game.bounty.min(game.bounty_escrow);
    game.bounty_escrow = game.bounty_escrow.wrapping_sub(bounty);
    bounty
}

#[inline(always)]
pub fn pay_bounty(
    rent: impl FnOnce() -> Outcome<Rent>,
    from: AccountView,
    cranker: AccountView,
    bounty: u64,
) -> Outcome {
    if bounty == 0 {
        return Ok(());
    }
    rent()?.payable(cranker, bounty)?;
    move_lamports(from, cranker, bounty)
}

/// The event of a single payment.
#[repr(C, packed)]
struct PlayersPaid {
    head: tell::Head,
    game: Address,
    payments: u32,
    payment: Payment,
    paid_out: u64,
    refunded: u64,
    cranker: Address,
    bounty: u64,
}

#[inline(always)]
fn tell_of(
    authority: AccountView,
    game: (&Address, u64, u64),
    cranker: AccountView,
    paid: &Paid,
    payment: Payment,
) {
    let event = PlayersPaid {
        head: tell::Head::of::<events::PlayersPaid>(),
        game: *game.0,
        payments: 1,
        payment,
        paid_out: game.1,
        refunded: game.2,
        cranker: *cranker.address(),
        bounty: paid.bounty,
    };
    tell::emit(&authority, &event);
}

#[inline(never)]
pub unsafe fn claim(input: &Input) -> Outcome {
    let ticket: u32 = unsafe { input.arguments()? };
    let mut walk = unsafe { Walk::<6>::new(input, 6)? };
    accounts!(walk: cranker, view, entry, player, authority, this);
    walk.exclusive(0b10)?;
    writable(cranker)?;
    let game: &mut Game = load_mut(view)?;
    let entry_view = entry;
    let entry: &Entry = load(entry)?;
    demand!(same(&entry.game, view.address()), LotteryError::ForeignGame);
    writable(player)?;
    demand!(
        same(player.address(), &entry.player),
        LotteryError::ForeignPlayer
    );
    event_accounts(authority, this)?;
    demand!(is_zero(&game.vault), Refusal::UNWRITTEN);
    let (now, rent) = (Clock::get()?.unix_timestamp, Rent::get()?);
    let paid = till::prize(game, entry, (player, cranker), ticket, (now, rent))?;
    finish(
        view,
        game,
        (entry_view, entry),
        (player, cranker, authority),
        &paid,
    )
}

#[inline(always)]
fn finish(
    view: AccountView,
    game: &Game,
    (entry_view, entry): (AccountView, &Entry),
    (player, cranker, authority): (AccountView, AccountView, AccountView),
    paid: &Paid,
) -> Outcome {
    let totals = (view.address(), game.paid_out, game.refunded);
    tell_of(
        authority,
        totals,
        cranker,
        paid,
        paid.payment(entry_view, entry),
    );
    move_lamports(view, player, paid.amount)?;
    let from = if paid.kind == Kind::REFUND {
        entry_view
    } else {
        view
    };
    move_lamports(from, cranker, paid.bounty)?;
    covers(view, game, paid.owed)
}

#[inline(never)]
pub unsafe fn claim_jackpot(input: &Input) -> Outcome {
    let mut walk = unsafe { Walk::<7>::new(input, 7)? };
    accounts!(walk: cranker, view, entry, player, jackpot, authority, this);
    walk.exclusive(0b1_0010)?;
    writable(cranker)?;
    let game: &mut Game = load_mut(view)?;
    let entry_view = entry;
    let entry: &Entry = load(entry)?;
    demand!(same(&entry.game, view.address()), LotteryError::ForeignGame);
    writable(player)?;
    demand!(
        same(player.address(), &entry.player),
        LotteryError::ForeignPlayer
    );
    let jackpot: &mut Jackpot = load_mut(jackpot)?;
    event_accounts(authority, this)?;
    demand!(is_zero(&game.vault), Refusal::UNWRITTEN);
    let (clock, rent) = (Clock::get()?, Rent::get()?);
    let paid = till::award(
        view,
        game,
        entry,
        (player, cranker),
        jackpot,
        (&clock, rent),
    )?;
    finish(
        view,
        game,
        (entry_view, entry),
        (player, cranker, authority),
        &paid,
    )
}

#[inline(never)]
pub unsafe fn refund(input: &Input) -> Outcome {
    let mut walk = unsafe { Walk::<6>::new(input, 6)? };
    accounts!(walk: cranker, view, entry, player, authority, this);
    walk.exclusive(0b110)?;
    writable(cranker)?;
    let game: &mut Game = load_mut(view)?;
    let entry_view = entry;
    let entry: &mut Entry = load_mut(entry)?;
    demand!(same(&entry.game, view.address()), LotteryError::ForeignGame);
    writable(player)?;
    demand!(
        same(player.address(), &entry.player),
        LotteryError::ForeignPlayer
    );
    event_accounts(authority, this)?;
    demand!(is_zero(&game.vault), Refusal::UNWRITTEN);
    let paid = till::refund(game, entry, (player, cranker), Rent::get()?)?;
    finish(
        view,
        game,
        (entry_view, entry),
        (player, cranker, authority),
        &paid,
    )
}

#[inline(never)]
pub unsafe fn close_entry(input: &Input) -> Outcome {
    let mut walk = unsafe { Walk::<6>::new(input, 6)? };
    accounts!(walk: cranker, view, entry_view, player, authority, this);
    walk.exclusive(0b110)?;
    writable(cranker)?;
    writable(view)?;
    let entry: &mut Entry = load_mut(entry_view)?;
    demand!(same(&entry.game, view.address()), LotteryError::ForeignGame);
    writable(player)?;
    demand!(
        same(player.address(), &entry.player),
        LotteryError::ForeignPlayer
    );
    event_accounts(authority, this)?;
    let game = if view.data_len() == 0 {
        None
    } else {
        Some(load_mut::<Game>(view)?)
    };
    let paid = till::rent(
        game,
        (entry_view, entry, 0),
        (player, cranker),
        Rent::get()?,
    )?;
    let payment = paid.payment(entry_view, entry);
    tell_of(authority, (view.address(), 0, 0), cranker, &paid, payment);
    move_lamports(entry_view, cranker, paid.bounty)?;
    close(entry_view, player)
}
