use anchor_lang::prelude::*;
use pinocchio::cpi::Seed;

use crate::{
    call::{self, Preimage},
    draw::MAX_ROUNDS,
    events::{self, GameCancelled},
    math::{bps_of, checked_mul, WHOLE_BPS},
    payouts::{covers, pay_bounty, take_bounty},
    purchase::owed_while_open,
    seeds,
    state::{
        Game, GameStatus, House, Treasury, DRAW_GRACE, LAYOUT_VERSION, MAX_PLACES,
        MAX_ROUND_INTERVAL, MAX_SALES, TIERS,
    },
    tell,
    view::{
        self, event_accounts, is_zero, load, load_mut, payer, same, system_program, writable,
        Input, Outcome, Refusal, Rent, Walk,
    },
    LotteryError,
};

/// `GameParams`, as they come.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Params {
    id: u64,
    entry_fee: u64,
    opens_at: i64,
    closes_at: i64,
    min_tickets: u32,
    max_tickets: u32,
    max_tickets_per_entry: u32,
    round_interval: u32,
    rounds: u8,
    winners: u8,
    keep_bps: [u16; MAX_ROUNDS],
    place_bps: [u16; MAX_PLACES],
}

impl Params {
    #[inline(always)]
    fn validate(&self, house: &House, now: i64) -> Outcome {
        demand!(self.entry_fee > 0, LotteryError::FeeZero);
        let most = checked_mul(self.entry_fee, u64::from(self.max_tickets))
            .ok_or(LotteryError::GrossOverflow)?;
        demand!(
            self.opens_at < self.closes_at
                && now < self.closes_at
                && self.closes_at.saturating_sub(now) <= MAX_SALES,
            LotteryError::GameTimes
        );
        demand!(
            self.rounds >= 1 && usize::from(self.rounds) <= MAX_ROUNDS,
            LotteryError::RoundCount
        );
        demand!(
            self.winners >= 1 && usize::from(self.winners) <= MAX_PLACES,
            LotteryError::WinnerCount
        );
        demand!(
            u32::from(self.winners) <= self.min_tickets
                && self.min_tickets <= self.max_tickets
                && self.max_tickets_per_entry >= 1
                && self.max_tickets_per_entry <= self.max_tickets,
            LotteryError::TicketBounds
        );
        demand!(
            self.round_interval <= MAX_ROUND_INTERVAL,
            LotteryError::RoundInterval
        );
        let keep = self.keep_bps;
        let rated = usize::from(self.rounds).wrapping_sub(1);
        for bps in &keep[..rated] {
            demand!(bps.wrapping_sub(1) < WHOLE_BPS, LotteryError::KeepBps);
        }
        demand!(
            keep[rated..].iter().all(|bps| *bps == 0),
            LotteryError::KeepBps
        );
        let places = self.place_bps;
        let mut sum = 0u32;
        let (paid, unpaid) = places.split_at(usize::from(self.winners));
        for bps in paid {
            demand!(*bps >= 1, LotteryError::PrizeBps);
            sum = sum.wrapping_add(u32::from(*bps));
        }
        demand!(unpaid.iter().all(|bps| *bps == 0), LotteryError::PrizeBps);
        demand!(sum == u32::from(WHOLE_BPS), LotteryError::PrizeBps);
        for tier in 0..TIERS {
            demand!(
                bps_of(most, house.jackpot_bps[tier]) <= house.jackpot_mean[tier],
                LotteryError::ContributionAboveMean
            );
        }
        Ok(())
    }

    #[inline(always)]
    fn apply(&self, house: &House, game: &mut Game) {
        game.id = self.id;
        game.entry_fee = self.entry_fee;
        game.opens_at = self.opens_at;
        game.closes_at = self.closes_at;
        game.min_tickets = self.min_tickets;
        game.max_tickets = self.max_tickets;
        game.max_tickets_per_entry = self.max_tickets_per_entry;
        game.round_interval = self.round_interval;
        game.rounds = self.rounds;
        game.winners = self.winners;
        game.keep_bps = self.keep_bps;
        game.place_bps = self.place_bps;
        game.prize_bps = house.prize_bps;
        game.treasury_bps = house.treasury_bps;
        game.jackpot_bps = house.jackpot_bps;
        game.jackpot_mean = house.jackpot_mean;
        game.reserve_bps = house.reserve_bps;
        game.bounty = house.bounty;
        game.claim_window = house.claim_window;
    }
}

#[inline(never)]
pub unsafe fn create(input: &Input) -> Outcome {
    let params: Params = unsafe { input.arguments()? };
    let mut walk = unsafe { Walk::<7>::new(input, 7)? };
    accounts!(walk: creator, house, treasury, view, system, events, this);
    walk.exclusive(0b1101)?;
    payer(creator)?;
    let house_address = house.address();
    let house: &House = load(house)?;
    let treasury: &mut Treasury = load_mut(treasury)?;
    demand!(
        same(&treasury.house, house_address),
        LotteryError::ForeignHouse
    );
    system_program(system)?;
    event_accounts(events, this)?;
    demand!(is_zero(&house.mint), Refusal::UNWRITTEN);
    let id = treasury.games_created.to_le_bytes();
    let bump = Preimage::new(seeds::GAME, house_address, &id).bump(view.address())?;
    demand!(
        house.has(House::FLAG_OPEN_CREATION) || same(creator.address(), &house.authority),
        LotteryError::NotAuthority
    );
    demand!(
        !house.has(House::FLAG_PAUSE_GAMES),
        LotteryError::GamesPaused
    );
    demand!(
        params.id == treasury.games_created,
        LotteryError::GameIdNotNext
    );
    params.validate(house, Clock::get()?.unix_timestamp)?;
    treasury.games_created = view::add(params.id, 1)?;

    let seeds = [
        Seed::from(seeds::GAME),
        Seed::from(house_address.as_array()),
        Seed::from(&id),
        Seed::from(core::slice::from_ref(&bump)),
    ];
    let rent = Rent::get()?;
    let game: &mut Game = call::create(creator, view, rent, 0, &seeds)?;
    game.rent_reserve = rent.minimum(view.data_len());
    game.entries_hash = view.address().to_bytes();
    game.house = *house_address;
    game.creator = *creator.address();
    game.version = LAYOUT_VERSION;
    game.bump = bump;
    params.apply(house, game);
    let escrow = game
        .bounty
        .wrapping_mul(Game::bounties(game.rounds, game.winners));
    game.bounty_escrow = escrow;
    if escrow != 0 {
        call::transfer(&creator, &view, escrow)?;
    }
    tell::game_created(&events, view.address(), game);
    covers(view, game, 0)
}

#[inline(never)]
pub unsafe fn cancel(input: &Input) -> Outcome {
    let mut walk = unsafe { Walk::<4>::new(input, 4)? };
    accounts!(walk: cranker, view, events, this);
    walk.exclusive(0b11)?;
    writable(cranker)?;
    let game: &mut Game = load_mut(view)?;
    event_accounts(events, this)?;
    let now = Clock::get()?.unix_timestamp;
    let reason = reason(game, now).ok_or(LotteryError::NotCancellable)?;
    let owed = cancel_game(game, now)?;
    let bounty = take_bounty(game);
    let payee = (cranker.address(), bounty);
    tell::game_cancelled(&events, view, game, (reason, owed), payee);
    pay_bounty(Rent::get, view, cranker, bounty)
}

/// Cancels; returns what the game owes.
#[inline(always)]
pub fn cancel_game(game: &mut Game, now: i64) -> Outcome<u64> {
    game.set_status(GameStatus::Cancelled);
    game.settled_at = now;
    let owed = owed_while_open(game)?;
    if owed == 0 {
        game.set_flag(Game::FLAG_PAID);
    }
    Ok(owed)
}

#[inline(always)]
fn reason(game: &Game, now: i64) -> Option<u8> {
    let open = game.is(GameStatus::Open);
    if open && game.sales_ended(now) && game.tickets < game.min_tickets {
        return Some(GameCancelled::TOO_FEW_TICKETS);
    }
    let waits = open || (game.is(GameStatus::Playing) && !game.awaits_settlement());
    let overdue = now >= game.draw_due_at().saturating_add(DRAW_GRACE);
    (waits && overdue).then_some(GameCancelled::OVERDUE)
}

#[inline(never)]
pub unsafe fn close(input: &Input) -> Outcome {
    let mut walk = unsafe { Walk::<5>::new(input, 5)? };
    accounts!(walk: cranker, view, creator, authority, this);
    walk.exclusive(0b10)?;
    writable(cranker)?;
    let game: &mut Game = load_mut(view)?;
    writable(creator)?;
    demand!(
        same(creator.address(), &game.creator),
        LotteryError::ForeignCreator
    );
    event_accounts(authority, this)?;
    demand!(is_zero(&game.vault), Refusal::UNWRITTEN);
    demand!(game.has(Game::FLAG_PAID), LotteryError::GameStillOwes);
    demand!(
        game.entries_closed >= game.entries || Clock::get()?.unix_timestamp >= game.claims_end(),
        LotteryError::EntriesOpen
    );
    let bounty = take_bounty(game);
    let lamports = view.lamports().checked_sub(bounty);
    let lamports = lamports.ok_or(LotteryError::Insolvent)?;
    let rent = Rent::get()?;
    rent.payable(creator, lamports)?;
    let event = tell::GameClosed {
        head: tell::Head::of::<events::GameClosed>(),
        house: game.house,
        game: *view.address(),
        creator: game.creator,
        entries_hash: game.entries_hash,
        tickets: game.tickets,
        entries: game.entries,
        lamports,
        tokens: 0,
        cranker: *cranker.address(),
        bounty,
    };
    tell::emit(&authority, &event);
    pay_bounty(|| Ok(rent), view, cranker, bounty)?;
    view::close(view, creator)
}
