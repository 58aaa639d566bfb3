use anchor_lang::prelude::*;

use crate::{
    draw::round_size,
    events,
    fate::{jackpot_hit, jackpot_ticket, round_seed},
    houses::treasury_covers,
    jackpots::jackpot_covers,
    math::bps_of,
    payouts::{covers, owed_once_settled, take_bounty},
    purchase::owed_while_open,
    state::{Draw, Game, GameStatus, House, Jackpot, Treasury, TIERS},
    tell::{self, Head, Writer},
    view::{
        add, close, event_accounts, is_zero, load, load_mut, move_lamports, same, writable, Input,
        Outcome, Refusal, Rent, Walk,
    },
    LotteryError,
};

/// Where the event's count of rounds is.
const COUNT: usize = size_of::<Head>() + 2 * 32;

/// The house's holders of money.
struct Holders<'a> {
    authority: AccountView,
    treasury_view: AccountView,
    treasury: &'a mut Treasury,
    jackpot_views: [AccountView; TIERS],
    jackpots: [&'a mut Jackpot; TIERS],
}

#[inline(never)]
pub unsafe fn settle(input: &Input) -> Outcome {
    let mut walk = unsafe { Walk::<128>::new(input, 10)? };
    accounts!(walk: cranker, draw_view, draw_payer, house_view, treasury_view, minor, major, mega,
        authority, this);
    let games = unsafe { &*(walk.rest()? as *const [AccountView]) };
    walk.exclusive(0b1111_0010)?;
    writable(cranker)?;
    let draw: &mut Draw = load_mut(draw_view)?;
    let house: &House = load(house_view)?;
    demand!(
        same(&draw.house, house_view.address()),
        LotteryError::ForeignHouse
    );
    writable(draw_payer)?;
    demand!(
        same(draw_payer.address(), &draw.payer),
        LotteryError::ForeignPayer
    );
    let treasury: &mut Treasury = load_mut(treasury_view)?;
    demand!(
        same(&treasury.house, house_view.address()),
        LotteryError::ForeignHouse
    );
    let jackpot = |view: AccountView, tier: u8| -> Outcome<_> {
        let jackpot: &mut Jackpot = load_mut(view)?;
        demand!(
            same(&jackpot.house, house_view.address()),
            LotteryError::ForeignHouse
        );
        demand!(jackpot.tier == tier, LotteryError::UnknownTier);
        Ok(jackpot)
    };
    let mut holders = Holders {
        authority,
        treasury_view,
        treasury,
        jackpot_views: [minor, major, mega],
        jackpots: [jackpot(minor, 0)?, jackpot(major, 1)?, jackpot(mega, 2)?],
    };
    event_accounts(authority, this)?;
    demand!(is_zero(&house.mint), Refusal::UNWRITTEN);
    let clock = Clock::get()?;
    let rent = Rent::get()?;
    demand!(draw.state == Draw::REVEALED, LotteryError::DrawNotRevealed);

    let mut event = Writer::new();
    event.push(Head::of::<events::DrawSettled>());
    event.push(draw.house);
    event.push(*draw_view.address());
    event.push(0u32);
    let (mut refusal, mut rounds, mut bounties, mut divided) = (None, 0u32, 0, false);
    for view in games {
        let game = match next(*view, draw_view, draw) {
            Ok(game) => game,
            Err(error) => {
                refusal.get_or_insert(error);
                continue;
            }
        };
        let round = settle_round(*view, game, draw, &clock)?;
        event.push(round);
        rounds = rounds.wrapping_add(1);
        let owed = if game.awaits_settlement() {
            divided = true;
            divide(*view, game, &mut holders, &clock, &round.seed)?
        } else {
            owed_while_open(game)?
        };
        let bounty = take_bounty(game);
        if bounty != 0 {
            rent.payable(cranker, bounty)?;
            move_lamports(*view, cranker, bounty)?;
        }
        bounties = add(bounties, bounty)?;
        covers(*view, game, owed)?;
    }
    if rounds == 0 {
        return Err(refusal.unwrap_or(LotteryError::NoGames.into()));
    }
    if divided {
        treasury_covers(treasury_view, holders.treasury)?;
        for (view, jackpot) in holders.jackpot_views.iter().zip(&holders.jackpots) {
            jackpot_covers(*view, jackpot)?;
        }
    }
    event.set(COUNT, rounds);
    event.push(*cranker.address());
    event.push(bounties);
    event.send(&authority);
    if draw.is_done() {
        close(draw_view, draw_payer)?;
    }
    Ok(())
}

/// The game, if it is its turn.
#[inline(always)]
fn next<'a>(view: AccountView, draw_view: AccountView, draw: &Draw) -> Outcome<&'a mut Game> {
    let game: &mut Game = load_mut(view)?;
    demand!(
        game.is(GameStatus::Drawing) && same(&game.draw, draw_view.address()),
        LotteryError::ForeignDraw
    );
    demand!(game.draw_index == draw.settled, LotteryError::SettleOrder);
    Ok(game)
}

/// `events::RoundSettled`, encoded.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Round {
    game: Address,
    round: u8,
    survivors: u32,
    seed: [u8; 32],
}

#[inline(always)]
fn settle_round(
    view: AccountView,
    game: &mut Game,
    draw: &mut Draw,
    clock: &Clock,
) -> Outcome<Round> {
    draw.settled = draw.settled.checked_add(1).ok_or(LotteryError::Overflow)?;
    let round = game.rounds_settled;
    let seed = round_seed(&draw.value, view.address(), round);
    let place = game.round_seeds.get_mut(usize::from(round));
    *place.ok_or(LotteryError::RoundCount)? = seed;
    let settled = round.wrapping_add(1);
    game.rounds_settled = settled;
    game.draw = Address::default();
    game.draw_attempts = 0;
    game.tried_oracles = Default::default();
    game.set_status(GameStatus::Playing);
    let interval = i64::from(game.round_interval);
    game.next_round_at = clock.unix_timestamp.saturating_add(interval);
    let mut survivors = game.tickets;
    for r in 0..settled {
        survivors = round_size(survivors, r, game.rounds, game.winners, &game.keep_bps);
    }
    Ok(Round {
        game: *view.address(),
        round,
        survivors,
        seed,
    })
}

/// Divides the game's money after its last round; returns what it still owes.
#[inline(always)]
fn divide(
    view: AccountView,
    game: &mut Game,
    holders: &mut Holders,
    clock: &Clock,
    seed: &[u8; 32],
) -> Outcome<u64> {
    let gross = game.gross();
    let share = bps_of(gross, game.treasury_bps);
    game.treasury_share = share;
    game.set_status(GameStatus::Settled);
    game.settled_at = clock.unix_timestamp;
    let treasury = &mut *holders.treasury;
    treasury.accrue(share)?;
    move_lamports(view, holders.treasury_view, share)?;
    let mut pool = gross.saturating_sub(share);
    for tier in 0..TIERS {
        let pot = holders.jackpot_views[tier];
        let jackpot = &mut *holders.jackpots[tier];
        let contribution = bps_of(gross, game.jackpot_bps[tier]);
        pool = pool.saturating_sub(contribution);
        game.jackpot_contributions[tier] = contribution;
        jackpot.contribute(contribution, clock.slot)?;
        move_lamports(view, pot, contribution)?;
        if !jackpot_hit(seed, tier as u8, game.jackpot_mean[tier], contribution) {
            continue;
        }
        let ticket = jackpot_ticket(seed, tier as u8, game.tickets);
        let award = jackpot.award(game.jackpot_mean[tier], game.reserve_bps[tier]);
        jackpot.hit(view.address(), ticket, award, clock)?;
        game.jackpot_awards[tier] = award;
        game.jackpot_tickets[tier] = ticket;
        game.set_flag(Game::FLAG_JACKPOT_HIT);
        move_lamports(pot, view, award)?;
    }
    game.prize_pool = pool;
    let owed = owed_once_settled(game)?;
    if owed == 0 {
        game.set_flag(Game::FLAG_PAID);
    }
    let [minor, major, mega] = &holders.jackpots;
    let pots = [minor.amount, major.amount, mega.amount];
    let accrued = holders.treasury.accrued;
    tell::game_settled(&holders.authority, view.address(), game, pots, accrued);
    Ok(owed)
}
