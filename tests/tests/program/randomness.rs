//! What keeps anybody from choosing the randomness.

use lottery::{
    LotteryError,
    switchboard::{
        ASSOCIATED_TOKEN_PROGRAM, LOOKUP_TABLE_PROGRAM, SLOT_HASHES, TOKEN_PROGRAM, WRAPPED_SOL,
    },
};
use lottery_client::{
    address,
    instruction::{self as ix, Revelation},
};
use lottery_tests::{
    rules,
    world::{LANE, World, assert_fails, assert_refused, replaced, sign},
};
use randomness_stand_in::{StandInError, client as stand_in};
use solana_instruction::{Instruction, error::InstructionError};
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;

fn stand_in_error(error: StandInError) -> InstructionError {
    match error.into() {
        solana_program_error::ProgramError::Custom(code) => InstructionError::Custom(code),
        other => panic!("{other}"),
    }
}

/// A world whose lane waits for a draw of one game; its id.
fn committed() -> (World, u64, Pubkey) {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    world.join(&game, &player, 2).unwrap();
    world.pass(3_600);
    let id = world.request(&[game]).unwrap();
    (world, id, game)
}

#[test]
fn the_value_needs_the_oracles_signature() {
    let (mut world, id, _) = committed();
    world.pass(0);
    let answer = world.answer(0, [1; 32]);
    let other_value = Revelation {
        value: [2; 32],
        ..answer
    };
    assert_fails(
        world.crank(world.reveal_ix(id, 0, &other_value)),
        &stand_in_error(StandInError::SignatureMismatch),
    );
    let other_oracles = world.answer(1, [1; 32]);
    assert_fails(
        world.crank(world.reveal_ix(id, 0, &other_oracles)),
        &stand_in_error(StandInError::SignatureMismatch),
    );
    world.crank(world.reveal_ix(id, 0, &answer)).unwrap();
}

#[test]
fn a_value_is_not_taken_in_the_slot_of_its_request() {
    let (mut world, id, _) = committed();
    let answer = world.answer(0, [1; 32]);
    assert_refused(
        world.crank(world.reveal_ix(id, 0, &answer)),
        LotteryError::RevealNotFresh,
    );
    // Nor together with it: nobody can look at the value and take the request back.
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    world.join(&game, &player, 2).unwrap();
    world.pass(3_600);
    let id = world.lane().next_draw;
    let request = world.request_ix(id, 0, &[game]);
    let randomness = address::randomness(&address::lane(&world.house, LANE));
    let slot = world.slot() - 1;
    let mut hash = [7; 32];
    hash[..8].copy_from_slice(&slot.to_le_bytes());
    let answer = sign(&world.oracles[0].key, &randomness, &hash, slot, [1; 32]);
    let reveal = world.reveal_ix(id, 0, &answer);
    let authority = world.authority.insecure_clone();
    assert_refused(
        world.send(&[request.clone(), reveal.clone()], &authority, &[]),
        LotteryError::RevealNotFresh,
    );
    world.crank(request).unwrap();
    world.pass(0);
    world.crank(reveal).unwrap();
}

#[test]
fn a_value_signed_for_another_account_or_slot_is_worthless() {
    let (mut world, id, _) = committed();
    world.pass(0);
    let key = world.oracles[0].key.clone();
    let randomness = address::randomness(&address::lane(&world.house, LANE));
    let data = world.account(&randomness).data;
    let commitment = lottery::switchboard::parse_randomness(&data).unwrap();
    let (hash, slot) = (commitment.seed_slothash, commitment.seed_slot);
    for wrong in [
        sign(&key, &Pubkey::new_unique(), &hash, slot, [1; 32]),
        sign(&key, &randomness, &[0; 32], slot, [1; 32]),
        sign(&key, &randomness, &hash, slot + 1, [1; 32]),
    ] {
        assert_fails(
            world.crank(world.reveal_ix(id, 0, &wrong)),
            &stand_in_error(StandInError::SignatureMismatch),
        );
    }
}

#[test]
fn only_the_draws_oracle_answers() {
    let (mut world, id, _) = committed();
    world.pass(0);
    let answer = world.answer(1, [1; 32]);
    assert_refused(
        world.crank(world.reveal_ix(id, 1, &answer)),
        LotteryError::ForeignOracle,
    );
}

#[test]
fn nobody_but_the_program_commits_or_reveals_a_lanes_randomness() {
    let (mut world, _, _) = committed();
    world.pass(0);
    let lane = address::lane(&world.house, LANE);
    let randomness = address::randomness(&lane);
    let oracle = world.oracles[0].account.pubkey();
    let queue = world.queue;
    let thief = world.player();

    // With the lane as authority, which nobody can sign for.
    let mut commit = stand_in::randomness_commit(randomness, lane, queue, oracle);
    commit.accounts[4].is_signer = false;
    assert_fails(
        world.send(&[commit], &thief, &[]),
        &InstructionError::MissingRequiredSignature,
    );
    // With an authority of one's own.
    let commit = stand_in::randomness_commit(randomness, thief.pubkey(), queue, oracle);
    assert!(world.send(&[commit], &thief, &[]).is_err());
}

#[test]
fn a_pending_draw_cannot_be_drawn_again_for_another_value() {
    let (mut world, id, game) = committed();
    world.pass(1);
    let next = world.lane().next_draw;
    for oracle in 0..2 {
        assert_refused(
            world.crank(world.request_ix(next, oracle, &[game])),
            LotteryError::LaneBusy,
        );
    }
    world.reveal(id, [1; 32]).unwrap();
    // The value is known now; the game stays bound to it.
    assert_refused(
        world.crank(world.request_ix(next, 0, &[game])),
        LotteryError::GameNotDrawable,
    );
}

#[test]
fn a_commitment_changed_behind_the_programs_back_is_not_revealed() {
    let (mut world, id, _) = committed();
    world.pass(0);
    let answer = world.answer(0, [1; 32]);
    let randomness = address::randomness(&address::lane(&world.house, LANE));
    let reveal = world.reveal_ix(id, 0, &answer);
    let mut tamper = |offset: usize, expected| {
        let original = world.account(&randomness);
        world.corrupt(&randomness, |account| account.data[offset] ^= 1);
        assert_refused(world.crank(reveal.clone()), expected);
        world.svm.set_account(randomness, original).unwrap();
    };
    tamper(0, LotteryError::RandomnessAccount); // discriminator
    tamper(8, LotteryError::RandomnessAccount); // authority
    tamper(40, LotteryError::RandomnessQueue);
    tamper(104, LotteryError::CommitNotFresh); // seed slot
    tamper(112, LotteryError::ForeignOracle);

    let original = world.account(&randomness);
    world.corrupt(&randomness, |account| account.owner = lottery::ID);
    assert_refused(world.crank(reveal.clone()), LotteryError::RandomnessAccount);
    world.svm.set_account(randomness, original.clone()).unwrap();
    world.corrupt(&randomness, |account| account.data.truncate(408));
    assert_refused(world.crank(reveal.clone()), LotteryError::RandomnessAccount);
    world.svm.set_account(randomness, original).unwrap();
    world.crank(reveal).unwrap();
}

#[test]
fn foreign_randomness_queues_and_programs_are_refused() {
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    world.join(&game, &player, 2).unwrap();
    world.pass(3_600);
    world.open_lane(1).unwrap();
    let other_lane = address::lane(&world.house, 1);
    let id = world.lane().next_draw;
    let request = world.request_ix(id, 0, &[game]);
    let mut with = |index: usize, key, expected| {
        let mut changed = request.clone();
        changed.accounts[index].pubkey = key;
        assert_refused(world.crank(changed), expected);
    };
    with(
        4,
        address::randomness(&other_lane),
        LotteryError::RandomnessAccount,
    );
    with(5, Pubkey::new_unique(), LotteryError::RandomnessQueue);
    with(8, lottery::ID, LotteryError::RandomnessProgram);
    world.crank(request).unwrap();

    world.pass(0);
    let answer = world.answer(0, [1; 32]);
    let reveal = world.reveal_ix(id, 0, &answer);
    let mut with = |index: usize, key, expected| {
        let mut changed = reveal.clone();
        changed.accounts[index].pubkey = key;
        assert_refused(world.crank(changed), expected);
    };
    with(2, other_lane, LotteryError::ForeignLane);
    with(
        4,
        address::randomness(&other_lane),
        LotteryError::RandomnessAccount,
    );
    with(6, Pubkey::new_unique(), LotteryError::RandomnessQueue);
    with(14, lottery::ID, LotteryError::RandomnessProgram);
    world.crank(reveal).unwrap();
}

#[test]
fn another_randomness_account_of_the_same_lane_is_not_revealed() {
    let (mut world, id, _) = committed();
    world.pass(0);
    let randomness = world.lane().randomness;
    let original = world.account(&randomness);
    let commitment = lottery::switchboard::parse_randomness(&original.data).unwrap();
    // As Switchboard would have to make it, with an answer of the oracle's.
    let copy = Pubkey::new_unique();
    world.svm.set_account(copy, original).unwrap();
    let (hash, slot) = (commitment.seed_slothash, commitment.seed_slot);
    let answer = sign(&world.oracles[0].key, &copy, &hash, slot, [1; 32]);
    let reveal = world.reveal_ix(id, 0, &answer);
    let escrow = address::reward_escrow;
    let reveal = replaced(&reveal, &escrow(&randomness), escrow(&copy));
    let reveal = replaced(&reveal, &randomness, copy);
    assert_refused(world.crank(reveal), LotteryError::RandomnessAccount);
    world.reveal(id, [1; 32]).unwrap();
}

#[test]
fn what_switchboard_is_given_besides_is_no_other_account() {
    let mut world = World::new();
    let game = world.sell(rules::game, &[2]).game;
    world.pass(3_600);
    let not = |world: &mut World, instruction: &Instruction, known: &[Pubkey]| {
        for address in known {
            let other = replaced(instruction, address, Pubkey::new_unique());
            // Anchor's `ConstraintAddress`.
            assert_fails(world.crank(other), &InstructionError::Custom(2012));
        }
        world.crank(instruction.clone()).unwrap();
    };
    let tokens = [TOKEN_PROGRAM, WRAPPED_SOL];
    let (payer, house, queue) = (world.authority.pubkey(), world.house, world.queue);
    let slot = world.slot() - 1;
    let open = ix::open_lane(payer, house, queue, 1, slot);
    let programs = [ASSOCIATED_TOKEN_PROGRAM, LOOKUP_TABLE_PROGRAM];
    not(&mut world, &open, &[tokens, programs].concat());
    let close = ix::close_lane(payer, house, 1, slot);
    not(&mut world, &close, &[&tokens[..], &programs[1..]].concat());

    let id = world.lane().next_draw;
    let request = world.request_ix(id, 0, &[game]);
    not(&mut world, &request, &[SLOT_HASHES]);
    world.pass(0);
    let answer = world.answer(0, [1; 32]);
    let reveal = world.reveal_ix(id, 0, &answer);
    not(&mut world, &reveal, &[&tokens[..], &[SLOT_HASHES]].concat());
}

/// A Switchboard that does nothing at all, and says that all is well.
mod silent {
    #![allow(unsafe_code, clippy::all, reason = "the runtime's own macro")]
    pub use solana_program_runtime::solana_sbpf::program::BuiltinFunctionDefinition;
    solana_program_runtime::declare_process_instruction!(Switchboard, 1, |_context| { Ok(()) });
}

#[test]
fn a_switchboard_that_does_not_do_its_work_is_noticed() {
    // It does not commit.
    let mut world = World::new();
    let game = world.create_game(rules::game).unwrap();
    let player = world.player();
    world.join(&game, &player, 2).unwrap();
    world.pass(3_600);
    world.svm.add_builtin(
        randomness_stand_in::ID,
        <silent::Switchboard as silent::BuiltinFunctionDefinition<_>>::register,
    );
    assert_refused(world.request(&[game]), LotteryError::CommitNotFresh);

    // It commits to another oracle.
    let randomness = world.lane().randomness;
    let seed_slot = world.slot() - 1;
    world.corrupt(&randomness, |account| {
        account.data[104..112].copy_from_slice(&seed_slot.to_le_bytes());
    });
    assert_refused(world.request(&[game]), LotteryError::ForeignOracle);

    // It commits, and does not reveal.
    let (mut world, id, _) = committed();
    world.pass(0);
    let answer = world.answer(0, [1; 32]);
    let reveal = world.reveal_ix(id, 0, &answer);
    world.svm.add_builtin(
        randomness_stand_in::ID,
        <silent::Switchboard as silent::BuiltinFunctionDefinition<_>>::register,
    );
    assert_refused(world.crank(reveal.clone()), LotteryError::RevealNotFresh);

    // It reveals another value than the one given.
    let randomness = address::randomness(&address::lane(&world.house, LANE));
    let slot = world.slot();
    world.corrupt(&randomness, |account| {
        account.data[144..152].copy_from_slice(&slot.to_le_bytes());
        account.data[152..184].copy_from_slice(&[2; 32]);
    });
    assert_refused(world.crank(reveal.clone()), LotteryError::ValueMismatch);
    world.corrupt(&randomness, |account| {
        account.data[152..184].copy_from_slice(&[1; 32]);
    });
    world.crank(reveal).unwrap();
}

#[test]
fn a_lane_that_does_not_wait_reveals_nothing() {
    let (mut world, id, _) = committed();
    world.pass(0);
    let answer = world.answer(0, [1; 32]);
    let lane = address::lane(&world.house, LANE);
    let state = 8 + std::mem::offset_of!(lottery::state::Lane, state);
    world.corrupt(&lane, |account| {
        account.data[state] = lottery::state::Lane::IDLE
    });
    assert_refused(
        world.crank(world.reveal_ix(id, 0, &answer)),
        LotteryError::LaneIdle,
    );
}
