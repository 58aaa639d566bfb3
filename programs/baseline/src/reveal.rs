use anchor_lang::prelude::*;
use pinocchio::{
    cpi::{Seed, Signer},
    instruction::InstructionAccount as Meta,
};

use crate::{
    call,
    payouts::pay_bounty,
    randomness, seeds,
    state::{Draw, House, Lane},
    switchboard::{PROGRAM_ID, REVEAL, SLOT_HASHES, TOKEN_PROGRAM, WRAPPED_SOL},
    tell,
    view::{
        at, event_accounts, load, load_mut, payer, same, system_program, word, writable, Input,
        Outcome, Rent, Walk,
    },
    LotteryError,
};

#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Revelation {
    signature: [u8; 64],
    recovery_id: u8,
    value: [u8; 32],
}

#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Call {
    discriminator: u64,
    revelation: Revelation,
}

#[inline(never)]
pub unsafe fn reveal(input: &Input) -> Outcome {
    let revelation: Revelation = unsafe { input.arguments()? };
    let mut walk = unsafe { Walk::<17>::new(input, 17)? };
    accounts!(walk: cranker, house_view, lane_view, draw_view, random, oracle, queue, stats,
        hashes, system, escrow, tokens, wrapped, state, switchboard, authority, this);
    walk.exclusive(0b100_1001_1101)?;
    payer(cranker)?;
    let house: &House = load(house_view)?;
    let lane: &mut Lane = load_mut(lane_view)?;
    demand!(
        same(house_view.address(), &lane.house),
        LotteryError::ForeignHouse
    );
    let draw: &mut Draw = load_mut(draw_view)?;
    demand!(
        same(&draw.lane, lane_view.address()),
        LotteryError::ForeignLane
    );
    writable(random)?;
    demand!(
        same(random.address(), &lane.randomness),
        LotteryError::RandomnessAccount
    );
    demand!(
        same(oracle.address(), &draw.oracle),
        LotteryError::ForeignOracle
    );
    demand!(
        same(queue.address(), &house.vrf_queue),
        LotteryError::RandomnessQueue
    );
    writable(stats)?;
    at(hashes, &SLOT_HASHES)?;
    system_program(system)?;
    writable(escrow)?;
    at(tokens, &TOKEN_PROGRAM)?;
    at(wrapped, &WRAPPED_SOL)?;
    demand!(
        same(switchboard.address(), &PROGRAM_ID),
        LotteryError::RandomnessProgram
    );
    event_accounts(authority, this)?;

    demand!(draw.state != Draw::ABORTED, LotteryError::DrawAborted);
    demand!(draw.state == Draw::PENDING, LotteryError::DrawRevealed);
    demand!(lane.current_draw() == Some(draw.id), LotteryError::LaneIdle);
    let slot = Clock::get()?.slot;
    let pending = randomness::of_lane(random, lane_view.address(), &house.vrf_queue)?;
    demand!(
        pending.seed_slot == draw.seed_slot,
        LotteryError::CommitNotFresh
    );
    demand!(
        randomness::is_asked(pending, &draw.oracle),
        LotteryError::ForeignOracle
    );

    let call = Call {
        discriminator: const { word(&REVEAL) },
        revelation,
    };
    let views = [
        &random, &oracle, &queue, &stats, &lane_view, &cranker, &hashes, &system, &escrow, &tokens,
        &wrapped, &state,
    ];
    let metas = [
        Meta::writable(random.address()),
        Meta::readonly(oracle.address()),
        Meta::readonly(queue.address()),
        Meta::writable(stats.address()),
        Meta::readonly_signer(lane_view.address()),
        Meta::writable_signer(cranker.address()),
        Meta::readonly(hashes.address()),
        Meta::readonly(system.address()),
        Meta::writable(escrow.address()),
        Meta::readonly(tokens.address()),
        Meta::readonly(wrapped.address()),
        Meta::readonly(state.address()),
    ];
    let seeds = [
        Seed::from(seeds::LANE),
        Seed::from(lane.house.as_array()),
        Seed::from(core::slice::from_ref(&lane.index)),
        Seed::from(core::slice::from_ref(&lane.bump)),
    ];
    let data = crate::view::bytes_of(&call);
    call::invoke(&PROGRAM_ID, data, &metas, views, &[Signer::from(&seeds)]);

    let revealed = randomness::of_lane(random, lane_view.address(), &house.vrf_queue)?;
    demand!(
        revealed.seed_slot == draw.seed_slot
            && revealed.reveal_slot == slot
            && slot > draw.seed_slot.saturating_add(1),
        LotteryError::RevealNotFresh
    );
    let value = revelation.value;
    demand!(revealed.value == value, LotteryError::ValueMismatch);
    draw.value = value;
    draw.reveal_slot = slot;
    draw.state = Draw::REVEALED;
    lane.state = Lane::IDLE;
    lane.draws_revealed = lane.draws_revealed.wrapping_add(1);
    let bounty = core::mem::take(&mut draw.bounty);
    tell::draw_revealed(
        &authority,
        draw_view.address(),
        draw,
        cranker.address(),
        bounty,
    );
    pay_bounty(Rent::get, draw_view, cranker, bounty)
}
