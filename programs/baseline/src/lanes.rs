use anchor_lang::prelude::*;
use pinocchio::{
    cpi::{Seed, Signer},
    instruction::InstructionAccount as Meta,
};

use crate::{
    call::{self, Preimage},
    randomness, seeds,
    state::{House, Lane, LAYOUT_VERSION},
    switchboard::{
        ASSOCIATED_TOKEN_PROGRAM, CLOSE, INIT, LOOKUP_TABLE_PROGRAM, PROGRAM_ID, TOKEN_PROGRAM,
        WRAPPED_SOL,
    },
    view::{
        at, close as close_account, load, load_mut, payer, same, system_program, word, writable,
        Input, Outcome, Rent, Walk,
    },
    LotteryError,
};

#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Opening {
    index: u8,
    recent_slot: u64,
}

#[inline(never)]
pub unsafe fn open(input: &Input) -> Outcome {
    let opening: Opening = unsafe { input.arguments()? };
    let mut walk = unsafe { Walk::<15>::new(input, 15)? };
    accounts!(walk: funder, house_view, lane_view, random, escrow, queue, state, lut_signer, lut,
        switchboard, system, tokens, associated, wrapped, tables);
    walk.exclusive(0b1_0011_1101)?;
    payer(funder)?;
    let house: &House = load(house_view)?;
    writable(random)?;
    writable(escrow)?;
    writable(queue)?;
    demand!(
        same(queue.address(), &house.vrf_queue),
        LotteryError::RandomnessQueue
    );
    writable(lut)?;
    demand!(
        same(switchboard.address(), &PROGRAM_ID),
        LotteryError::RandomnessProgram
    );
    system_program(system)?;
    at(tokens, &TOKEN_PROGRAM)?;
    at(associated, &ASSOCIATED_TOKEN_PROGRAM)?;
    at(wrapped, &WRAPPED_SOL)?;
    at(tables, &LOOKUP_TABLE_PROGRAM)?;

    let index = [opening.index];
    let key = house_view.address();
    let bump = Preimage::new(seeds::LANE, key, &index).bump(lane_view.address())?;
    let lane_seeds = [
        Seed::from(seeds::LANE),
        Seed::from(key.as_array()),
        Seed::from(&index),
        Seed::from(core::slice::from_ref(&bump)),
    ];
    let lane_key = lane_view.address();
    let random_bump = Preimage::new(seeds::RANDOMNESS, lane_key, &[]).bump(random.address())?;
    let random_seeds = [
        Seed::from(seeds::RANDOMNESS),
        Seed::from(lane_key.as_array()),
        Seed::from(core::slice::from_ref(&random_bump)),
    ];
    let lane: &mut Lane = call::create(funder, lane_view, Rent::get()?, 0, &lane_seeds)?;
    lane.house = *key;
    lane.randomness = *random.address();
    lane.payer = *funder.address();
    lane.next_draw = Clock::get()?.slot;
    lane.index = opening.index;
    lane.version = LAYOUT_VERSION;
    lane.bump = bump;
    lane.randomness_bump = random_bump;

    #[repr(C, packed)]
    struct Init {
        discriminator: u64,
        recent_slot: u64,
    }
    let data = Init {
        discriminator: const { word(&INIT) },
        recent_slot: opening.recent_slot,
    };
    let views = [
        &random,
        &escrow,
        &lane_view,
        &queue,
        &funder,
        &system,
        &tokens,
        &associated,
        &wrapped,
        &state,
        &lut_signer,
        &lut,
        &tables,
    ];
    let metas = [
        Meta::writable_signer(random.address()),
        Meta::writable(escrow.address()),
        Meta::readonly_signer(lane_key),
        Meta::writable(queue.address()),
        Meta::writable_signer(funder.address()),
        Meta::readonly(system.address()),
        Meta::readonly(tokens.address()),
        Meta::readonly(associated.address()),
        Meta::readonly(wrapped.address()),
        Meta::readonly(state.address()),
        Meta::readonly(lut_signer.address()),
        Meta::writable(lut.address()),
        Meta::readonly(tables.address()),
    ];
    let signers = [Signer::from(&lane_seeds), Signer::from(&random_seeds)];
    let data = crate::view::bytes_of(&data);
    call::invoke(&PROGRAM_ID, data, &metas, views, &signers);
    randomness::of_lane(random, lane_key, &house.vrf_queue).map(|_| ())
}

#[inline(never)]
pub unsafe fn close(input: &Input) -> Outcome {
    let mut walk = unsafe { Walk::<12>::new(input, 12)? };
    accounts!(walk: receiver, lane_view, random, escrow, state, system, tokens, wrapped, lut,
        lut_signer, tables, switchboard);
    walk.exclusive(0b1_0000_1111)?;
    payer(receiver)?;
    let lane: &mut Lane = load_mut(lane_view)?;
    demand!(
        same(receiver.address(), &lane.payer),
        LotteryError::NotLanePayer
    );
    writable(random)?;
    demand!(
        same(random.address(), &lane.randomness),
        LotteryError::RandomnessAccount
    );
    writable(escrow)?;
    system_program(system)?;
    at(tokens, &TOKEN_PROGRAM)?;
    at(wrapped, &WRAPPED_SOL)?;
    writable(lut)?;
    at(tables, &LOOKUP_TABLE_PROGRAM)?;
    demand!(
        same(switchboard.address(), &PROGRAM_ID),
        LotteryError::RandomnessProgram
    );
    demand!(lane.state == Lane::IDLE, LotteryError::LaneBusy);
    let views = [
        &random,
        &escrow,
        &lane_view,
        &state,
        &system,
        &tokens,
        &wrapped,
        &lut,
        &lut_signer,
        &tables,
    ];
    let metas = [
        Meta::writable(random.address()),
        Meta::writable(escrow.address()),
        Meta::writable_signer(lane_view.address()),
        Meta::readonly(state.address()),
        Meta::readonly(system.address()),
        Meta::readonly(tokens.address()),
        Meta::readonly(wrapped.address()),
        Meta::writable(lut.address()),
        Meta::readonly(lut_signer.address()),
        Meta::readonly(tables.address()),
    ];
    let seeds = [
        Seed::from(seeds::LANE),
        Seed::from(lane.house.as_array()),
        Seed::from(core::slice::from_ref(&lane.index)),
        Seed::from(core::slice::from_ref(&lane.bump)),
    ];
    call::invoke(&PROGRAM_ID, &CLOSE, &metas, views, &[Signer::from(&seeds)]);
    close_account(lane_view, receiver)
}
