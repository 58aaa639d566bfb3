use anchor_lang::prelude::*;
use pinocchio::{
    cpi::{Seed, Signer},
    instruction::InstructionAccount,
};

use crate::{
    call::{self, Preimage},
    events,
    payouts::{covers, take_bounty},
    purchase::owed_while_open,
    randomness, seeds,
    state::{Draw, Game, GameStatus, House, Lane, LAYOUT_VERSION},
    switchboard::{COMMIT, PROGRAM_ID, SLOT_HASHES},
    tell::{Head, Writer},
    view::{
        add, at, event_accounts, load, load_mut, move_lamports, payer, same, system_program,
        writable, Input, Outcome, Refusal, Rent, Walk,
    },
    LotteryError,
};

/// Where the event's count of games is.
const COUNT: usize = size_of::<Head>() + 3 * 32;

#[inline(never)]
pub unsafe fn request(input: &Input) -> Outcome {
    let mut walk = unsafe { Walk::<128>::new(input, 12)? };
    accounts!(walk: cranker, house_view, lane_view, draw_view, random, queue, oracle, hashes,
        switchboard, system, authority, this);
    let games = unsafe { &*(walk.rest()? as *const [AccountView]) };
    walk.exclusive(0b101_1101)?;
    payer(cranker)?;
    let house: &House = load(house_view)?;
    let lane: &mut Lane = load_mut(lane_view)?;
    demand!(
        same(&lane.house, house_view.address()),
        LotteryError::ForeignHouse
    );
    writable(random)?;
    demand!(
        same(random.address(), &lane.randomness),
        LotteryError::RandomnessAccount
    );
    demand!(
        same(queue.address(), &house.vrf_queue),
        LotteryError::RandomnessQueue
    );
    writable(oracle)?;
    at(hashes, &SLOT_HASHES)?;
    demand!(
        same(switchboard.address(), &PROGRAM_ID),
        LotteryError::RandomnessProgram
    );
    system_program(system)?;
    event_accounts(authority, this)?;

    let clock = Clock::get()?;
    demand!(lane.state == Lane::IDLE, LotteryError::LaneBusy);
    randomness::live_oracle(oracle, queue, clock.unix_timestamp)?;
    let rent = Rent::get()?;
    let draw = open(cranker, lane_view, lane, draw_view, rent)?;
    draw.house = lane.house;
    draw.lane = *lane_view.address();
    draw.oracle = *oracle.address();
    draw.payer = *cranker.address();
    draw.id = lane.next_draw;
    draw.seed_slot = clock.slot.checked_sub(1).ok_or(LotteryError::Overflow)?;
    draw.timeout_slot = add(clock.slot, house.draw_timeout)?;
    draw.requested_at = clock.unix_timestamp;
    draw.version = LAYOUT_VERSION;
    lane.state = Lane::COMMITTED;
    lane.next_draw = add(lane.next_draw, 1)?;

    let mut event = Writer::new();
    event.push(Head::of::<events::DrawRequested>());
    event.push(*house_view.address());
    event.push(*draw_view.address());
    event.push(*oracle.address());
    event.push(0u32);
    let mut refusal = None;
    let mut positions = [0u8; 128];
    let mut bound = 0usize;
    for (position, view) in games.iter().enumerate() {
        match bind(
            *view,
            house_view.address(),
            (draw_view.address(), draw),
            oracle,
            &clock,
        ) {
            Ok(()) => {
                event.push(*view.address());
                positions[bound & 127] = position as u8;
                bound = bound.wrapping_add(1);
            }
            Err(error) => {
                refusal.get_or_insert(error);
            }
        }
    }
    if bound == 0 {
        return Err(refusal.unwrap_or(LotteryError::NoGames.into()));
    }
    event.set(COUNT, bound as u32);
    commit(
        [&random, &queue, &oracle, &hashes, &lane_view],
        house_view.address(),
        lane,
    );
    let randomness = randomness::of_lane(random, lane_view.address(), &house.vrf_queue)?;
    demand!(
        randomness.seed_slot == draw.seed_slot && randomness.reveal_slot == 0,
        LotteryError::CommitNotFresh
    );
    demand!(
        randomness::is_asked(randomness, oracle.address()),
        LotteryError::ForeignOracle
    );

    let (mut requests, mut reveals) = (0, 0);
    for position in &positions[..bound & 127] {
        let view = &games[usize::from(*position)];
        // Bound just now, hence checked.
        let game: &mut Game = unsafe { &mut *view.data_ptr().add(8).cast_mut().cast() };
        let request = take_bounty(game);
        let reveal = take_bounty(game);
        if request != 0 {
            rent.payable(cranker, request)?;
            move_lamports(*view, cranker, request)?;
            move_lamports(*view, draw_view, reveal)?;
        }
        covers(*view, game, owed_while_open(game)?)?;
        requests = add(requests, request)?;
        reveals = add(reveals, reveal)?;
    }
    draw.bounty = reveals;
    event.push(*cranker.address());
    event.push([requests, reveals]);
    event.send(&authority);
    Ok(())
}

#[inline(always)]
fn open<'a>(
    cranker: AccountView,
    lane_view: AccountView,
    lane: &Lane,
    draw_view: AccountView,
    rent: Rent,
) -> Outcome<&'a mut Draw> {
    let (key, id) = (lane_view.address(), lane.next_draw.to_le_bytes());
    let bump = Preimage::new(seeds::DRAW, key, &id).bump(draw_view.address())?;
    let seeds = [
        Seed::from(seeds::DRAW),
        Seed::from(key.as_array()),
        Seed::from(&id),
        Seed::from(core::slice::from_ref(&bump)),
    ];
    let draw: &mut Draw = call::create(cranker, draw_view, rent, 0, &seeds)?;
    draw.bump = bump;
    Ok(draw)
}

#[inline(always)]
fn bind(
    view: AccountView,
    house: &Address,
    (address, draw): (&Address, &mut Draw),
    oracle: AccountView,
    clock: &Clock,
) -> Outcome {
    let game: &mut Game = load_mut(view)?;
    let now = clock.unix_timestamp;
    demand!(same(&game.house, house), LotteryError::ForeignHouse);
    match game.status() {
        Some(GameStatus::Open) => {
            demand!(game.sales_ended(now), LotteryError::GameStillOpen);
            demand!(
                game.tickets >= game.min_tickets,
                LotteryError::TooFewTickets
            );
        }
        Some(GameStatus::Playing) if !game.awaits_settlement() => {
            demand!(now >= game.next_round_at, LotteryError::RoundNotDue);
        }
        _ => return Err(Refusal::from(LotteryError::GameNotDrawable)),
    }
    let oracle = oracle.address();
    for tried in &game.tried_oracles {
        demand!(!same(tried, oracle), LotteryError::OracleTriedBefore);
    }
    let attempt = game.tried_oracles.get_mut(usize::from(game.draw_attempts));
    *attempt.ok_or(LotteryError::GameNotDrawable)? = *oracle;
    game.draw_attempts = game.draw_attempts.wrapping_add(1);
    game.set_status(GameStatus::Drawing);
    game.draw = *address;
    game.draw_index = draw.games;
    draw.games = draw.games.checked_add(1).ok_or(LotteryError::Overflow)?;
    Ok(())
}

#[inline(always)]
fn commit(views: [&AccountView; 5], house: &Address, lane: &Lane) {
    let [random, queue, oracle, hashes, signer] = views;
    let metas = [
        InstructionAccount::writable(random.address()),
        InstructionAccount::readonly(queue.address()),
        InstructionAccount::writable(oracle.address()),
        InstructionAccount::readonly(hashes.address()),
        InstructionAccount::readonly_signer(signer.address()),
    ];
    let seeds = [
        Seed::from(seeds::LANE),
        Seed::from(house.as_array()),
        Seed::from(core::slice::from_ref(&lane.index)),
        Seed::from(core::slice::from_ref(&lane.bump)),
    ];
    call::invoke(&PROGRAM_ID, &COMMIT, &metas, views, &[Signer::from(&seeds)]);
}
