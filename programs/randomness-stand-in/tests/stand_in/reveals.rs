//! Commits, reveals and who may make them.

use anchor_lang::prelude::Address;
use randomness_stand_in::{client, StandInError};
use solana_instruction::error::InstructionError;
use solana_keypair::Keypair;
use solana_signer::Signer as _;
use solana_transaction_error::TransactionError;

use crate::world::*;

const VALUE: [u8; 32] = [7; 32];

/// A world with a commit to the first oracle, in the slot after it.
fn committed() -> World {
    let mut world = World::new();
    world.init().unwrap();
    world.commit(0).unwrap();
    world.set_slot(SLOT + 1, [43; 32]);
    world
}

#[test]
fn a_commit_is_revealed_by_its_oracle() {
    let mut world = World::new();
    world.init().unwrap();
    world.commit(0).unwrap();
    let stored = world.stored();
    assert_eq!(
        (stored.seed_slot, stored.seed_slothash),
        (SLOT - 1, SLOT_HASH)
    );
    assert_eq!((stored.reveal_slot, stored.value), (0, [0; 32]));
    assert_eq!(
        stored.oracle.to_bytes(),
        world.oracles[0].account.pubkey().to_bytes()
    );

    world.set_slot(SLOT + 3, [44; 32]);
    world.reveal(0, &world.answer(0, VALUE)).unwrap();
    let stored = world.stored();
    assert_eq!((stored.reveal_slot, stored.value), (SLOT + 3, VALUE));
    assert_eq!(
        (stored.seed_slot, stored.seed_slothash),
        (SLOT - 1, SLOT_HASH)
    );
    assert_eq!(stored.oracle.to_bytes(), [0; 32]);
}

#[test]
fn a_pending_commit_is_replaced_without_a_word() {
    let mut world = committed();
    world.commit(1).unwrap();
    let stored = world.stored();
    assert_eq!((stored.seed_slot, stored.seed_slothash), (SLOT, [43; 32]));
    let late = world.reveal(0, &world.answer(0, VALUE));
    assert_refused(late, StandInError::ForeignOracle);
}

#[test]
fn an_account_can_be_used_again_after_a_reveal() {
    let mut world = committed();
    world.reveal(0, &world.answer(0, VALUE)).unwrap();
    world.commit(1).unwrap();
    assert_eq!(
        (world.stored().reveal_slot, world.stored().value),
        (0, [0; 32])
    );
}

#[test]
fn another_oracles_signature_is_refused() {
    let mut world = committed();
    let forged = world.answer(1, VALUE);
    assert_refused(world.reveal(0, &forged), StandInError::SignatureMismatch);
}

#[test]
fn a_value_other_than_the_signed_one_is_refused() {
    let mut world = committed();
    let mut revelation = world.answer(0, VALUE);
    revelation.value[31] ^= 1;
    assert_refused(
        world.reveal(0, &revelation),
        StandInError::SignatureMismatch,
    );
}

#[test]
fn a_signature_for_another_account_slot_or_hash_is_refused() {
    let mut world = committed();
    let (key, randomness) = (world.oracles[0].key.clone(), world.randomness.pubkey());
    let other = Address::new_from_array([9; 32]);
    for revelation in [
        sign(&key, &other, &SLOT_HASH, SLOT - 1, VALUE),
        sign(&key, &randomness, &SLOT_HASH, SLOT, VALUE),
        sign(&key, &randomness, &[43; 32], SLOT - 1, VALUE),
    ] {
        assert_refused(
            world.reveal(0, &revelation),
            StandInError::SignatureMismatch,
        );
    }
}

#[test]
fn a_malformed_signature_is_refused() {
    let mut world = committed();
    let good = world.answer(0, VALUE);

    let mut bad_recovery = good;
    bad_recovery.recovery_id = 4;
    assert_refused(
        world.reveal(0, &bad_recovery),
        StandInError::MalformedSignature,
    );

    let mut zero = good;
    zero.signature = [0; 64];
    assert_refused(world.reveal(0, &zero), StandInError::MalformedSignature);

    // n - s with the other parity verifies too, and is refused for that.
    let signature = k256::ecdsa::Signature::from_slice(&good.signature).unwrap();
    let (r, s) = signature.split_scalars();
    let mirrored = k256::ecdsa::Signature::from_scalars(*r, -*s).unwrap();
    let mut high = good;
    high.signature = mirrored.to_bytes().into();
    high.recovery_id ^= 1;
    assert_refused(world.reveal(0, &high), StandInError::HighS);
}

#[test]
fn a_reveal_names_the_committed_oracle() {
    let mut world = committed();
    let revelation = world.answer(1, VALUE);
    assert_refused(world.reveal(1, &revelation), StandInError::ForeignOracle);
}

#[test]
fn a_reveal_comes_after_the_seed_slot() {
    let mut world = committed();
    let revelation = world.answer(0, VALUE);
    world.set_slot(SLOT - 1, [41; 32]);
    assert_refused(world.reveal(0, &revelation), StandInError::TooEarly);
}

#[test]
fn a_reveal_needs_a_commit_and_comes_once() {
    let mut world = World::new();
    world.init().unwrap();
    let revelation = world.answer(0, VALUE);
    assert_refused(world.reveal(0, &revelation), StandInError::NothingCommitted);
    world.commit(0).unwrap();
    world.reveal(0, &revelation).unwrap();
    assert_refused(world.reveal(0, &revelation), StandInError::AlreadyRevealed);
}

#[test]
fn only_the_authority_commits_reveals_and_closes() {
    let mut world = committed();
    let stranger = Keypair::new();
    world
        .svm
        .airdrop(&stranger.pubkey(), 1_000_000_000)
        .unwrap();
    let (randomness, queue) = (world.randomness.pubkey(), world.queue.pubkey());
    let oracle = world.oracles[0].account.pubkey();
    let answer = world.answer(0, VALUE);
    for ix in [
        client::randomness_commit(randomness, stranger.pubkey(), queue, oracle),
        client::randomness_reveal(randomness, stranger.pubkey(), queue, oracle, &answer),
        client::randomness_close(randomness, stranger.pubkey(), SLOT - 1),
    ] {
        let result = world.send(&[ix], &[&stranger]);
        assert_refused(result, StandInError::WrongAuthority);
    }
}

#[test]
fn an_authority_that_has_not_signed_is_refused() {
    let mut world = committed();
    for mut ix in [
        world.commit_ix(0),
        world.reveal_ix(0, &world.answer(0, VALUE)),
    ] {
        for meta in &mut ix.accounts {
            meta.is_signer = false;
        }
        let refused = world.send(&[ix], &[]);
        assert_eq!(
            refused,
            Err(TransactionError::InstructionError(
                0,
                InstructionError::MissingRequiredSignature
            ))
        );
    }
}

#[test]
fn a_foreign_queue_is_refused() {
    let mut world = committed();
    let other = Keypair::new();
    world.make_queue(&other).unwrap();
    let (randomness, authority) = (world.randomness.pubkey(), world.authority.insecure_clone());
    let oracle = world.oracles[0].account.pubkey();
    let answer = world.answer(0, VALUE);
    for ix in [
        client::randomness_commit(randomness, authority.pubkey(), other.pubkey(), oracle),
        client::randomness_reveal(
            randomness,
            authority.pubkey(),
            other.pubkey(),
            oracle,
            &answer,
        ),
    ] {
        let result = world.send(&[ix], &[&authority]);
        assert_refused(result, StandInError::ForeignQueue);
    }
}

#[test]
fn accounts_of_other_kinds_are_refused() {
    let mut world = World::new();
    world.init().unwrap();
    let authority = world.authority.insecure_clone();
    let other = Keypair::new();
    world.make_queue(&other).unwrap();
    let (queue, randomness) = (world.queue.pubkey(), world.randomness.pubkey());
    let oracle = world.oracles[0].account.pubkey();
    let cases = [
        (
            client::randomness_commit(other.pubkey(), authority.pubkey(), queue, oracle),
            StandInError::RandomnessAccount,
        ),
        (
            client::randomness_commit(randomness, authority.pubkey(), queue, other.pubkey()),
            StandInError::OracleAccount,
        ),
    ];
    for (ix, refusal) in cases {
        let result = world.send(&[ix], &[&authority]);
        assert_refused(result, refusal);
    }

    let mut ix = world.commit_ix(0);
    ix.accounts[3].pubkey = queue;
    let result = world.send(&[ix], &[&authority]);
    assert_refused(result, StandInError::SlotHashesSysvar);
}
