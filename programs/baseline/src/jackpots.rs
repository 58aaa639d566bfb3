use anchor_lang::prelude::*;

use crate::{
    call,
    events::{self},
    payouts::{covers, owed_once_settled, pay_bounty, take_bounty},
    state::{Game, GameStatus, Jackpot, MEGA},
    tell,
    view::{
        add, event_accounts, is_zero, load_mut, move_lamports, payer, same, system_program,
        writable, Input, Outcome, Refusal, Rent, Walk,
    },
    LotteryError,
};

#[inline(always)]
pub fn jackpot_covers(view: AccountView, jackpot: &Jackpot) -> Outcome {
    let needed = add(jackpot.rent_reserve, jackpot.amount)?;
    demand!(view.lamports() >= needed, LotteryError::Insolvent);
    Ok(())
}

#[inline(never)]
pub unsafe fn fund(input: &Input) -> Outcome {
    let amount: u64 = unsafe { input.arguments()? };
    let mut walk = unsafe { Walk::<5>::new(input, 5)? };
    accounts!(walk: funder, view, system, events, this);
    walk.exclusive(0b11)?;
    payer(funder)?;
    let jackpot: &mut Jackpot = load_mut(view)?;
    system_program(system)?;
    event_accounts(events, this)?;
    demand!(is_zero(&jackpot.vault), Refusal::UNWRITTEN);
    demand!(amount > 0, LotteryError::AmountZero);
    call::transfer(&funder, &view, amount)?;
    jackpot.contribute(amount, Clock::get()?.slot)?;
    tell::jackpot_funded(&events, funder.address(), jackpot, amount);
    jackpot_covers(view, jackpot)
}

#[inline(never)]
pub unsafe fn expire(input: &Input) -> Outcome {
    let mut walk = unsafe { Walk::<5>::new(input, 5)? };
    accounts!(walk: cranker, view, mega_view, authority, this);
    walk.exclusive(0b111)?;
    writable(cranker)?;
    let game: &mut Game = load_mut(view)?;
    let mega: &mut Jackpot = load_mut(mega_view)?;
    demand!(same(&mega.house, &game.house), LotteryError::ForeignHouse);
    demand!(mega.tier == MEGA, LotteryError::UnknownTier);
    event_accounts(authority, this)?;
    demand!(is_zero(&game.vault), Refusal::UNWRITTEN);
    let clock = Clock::get()?;
    demand!(game.is(GameStatus::Settled), LotteryError::GameNotSettled);
    demand!(
        clock.unix_timestamp >= game.claims_end(),
        LotteryError::ClaimsOpen
    );
    let amount = owed_once_settled(game)?;
    demand!(amount > 0, LotteryError::NothingToExpire);
    game.expired = amount;
    let owed = owed_once_settled(game)?;
    if owed == 0 {
        game.set_flag(Game::FLAG_PAID);
    }
    mega.contribute(amount, clock.slot)?;
    move_lamports(view, mega_view, amount)?;
    let bounty = take_bounty(game);
    let event = tell::PrizesExpired {
        head: tell::Head::of::<events::PrizesExpired>(),
        house: game.house,
        game: *view.address(),
        amount,
        pot: mega.amount,
        cranker: *cranker.address(),
        bounty,
    };
    tell::emit(&authority, &event);
    pay_bounty(Rent::get, view, cranker, bounty)?;
    covers(view, game, owed)?;
    jackpot_covers(mega_view, mega)
}
