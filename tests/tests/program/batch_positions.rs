//! A batch's operations name accounts by position: what of it can be wrong.

use lottery::{LotteryError, Operation, state::Game};
use lottery_client::{instruction::Batch, refusal};
use lottery_tests::{
    rules,
    world::{assert_fails, assert_refused},
};
use solana_instruction::{Instruction, error::InstructionError};
use solana_signer::Signer as _;

use crate::batch_refusals::{cancelled, errors, refunds};

/// The batch with its accounts in the positions given, which may repeat.
fn arranged(batch: Batch, order: &[usize], operations: Vec<Operation>) -> Instruction {
    use anchor_lang::InstructionData as _;
    let built = batch.build(false);
    let fixed = built.accounts.len() - 3; // game, entry, player
    let mut instruction = built.clone();
    instruction.accounts.truncate(fixed);
    for index in order {
        instruction
            .accounts
            .push(built.accounts[fixed + index].clone());
    }
    instruction.data = lottery::instruction::PlayerBatch {
        operations,
        all_or_nothing: false,
    }
    .data();
    instruction
}

fn refund_at(game: u8, entry: u8, player: u8) -> Operation {
    Operation::Refund {
        game,
        entry,
        player,
        vault: 0,
        tokens: 0,
    }
}

#[test]
fn an_account_passed_twice_is_still_one() {
    let (mut world, sold, cranker) = cancelled(&[1]);
    let batch = refunds(&world, &cranker, &sold.entries);
    let twice = vec![refund_at(0, 1, 2), refund_at(3, 4, 5)];
    let instruction = arranged(batch, &[0, 1, 2, 0, 1, 2], twice);
    let before = world.lamports(&sold.players[0].pubkey());
    let meta = world.send(&[instruction], &cranker, &[]).unwrap();
    let results = refusal::results(&meta.return_data.data, 2).unwrap();
    assert_eq!(errors(&results), [None, Some(LotteryError::AlreadyPaid)]);
    assert_eq!(
        world.lamports(&sold.players[0].pubkey()),
        before + rules::FEE
    );

    // Closed at two positions at once.
    let mut batch = Batch::new(cranker.pubkey());
    batch
        .close_entry(world.entry_keys(&sold.entries[0]))
        .unwrap();
    let close = |game, entry, player| Operation::CloseEntry {
        game,
        entry,
        player,
    };
    let twice = vec![close(0, 1, 2), close(3, 4, 5)];
    let instruction = arranged(batch, &[0, 1, 2, 0, 1, 2], twice);
    let meta = world.send(&[instruction], &cranker, &[]).unwrap();
    let results = refusal::results(&meta.return_data.data, 2).unwrap();
    assert_eq!(errors(&results), [None, Some(LotteryError::AlreadyPaid)]);
    assert!(world.is_gone(&sold.entries[0]));
}

#[test]
fn positions_that_name_no_account_or_another_kind_are_refused() {
    let (mut world, sold, cranker) = cancelled(&[1]);
    let batch = refunds(&world, &cranker, &sold.entries);
    let mut send = |operations| {
        let instruction = arranged(batch.clone(), &[0, 1, 2], operations);
        world.send(&[instruction], &cranker, &[])
    };
    for outside in [
        refund_at(3, 1, 2),
        refund_at(0, 3, 2),
        refund_at(0, 1, 3),
        refund_at(255, 255, 255),
    ] {
        assert_refused(send(vec![outside]), LotteryError::BatchAccount);
    }
    for mixed in [
        refund_at(1, 0, 2),
        refund_at(0, 0, 2),
        refund_at(1, 1, 1),
        refund_at(2, 1, 2),
        refund_at(0, 2, 2),
    ] {
        assert!(send(vec![mixed]).is_err(), "{mixed:?}");
    }
    assert_refused(send(vec![refund_at(0, 1, 0)]), LotteryError::ForeignPlayer);
    // And they spoil nothing for the others.
    let meta = send(vec![
        refund_at(2, 1, 2),
        refund_at(9, 1, 2),
        refund_at(0, 1, 2),
        refund_at(1, 1, 2),
    ])
    .unwrap();
    let results = refusal::results(&meta.return_data.data, 4).unwrap();
    let done: Vec<_> = results.iter().map(Option::is_none).collect();
    assert_eq!(done, [false, false, true, false]);
    assert!(world.game(&sold.game).has(Game::FLAG_PAID));
}

#[test]
fn malformed_operations_are_refused() {
    let (mut world, sold, cranker) = cancelled(&[1]);
    let good = refunds(&world, &cranker, &sold.entries).build(false);
    // They end in: count u32, kind u8, five positions, flag.
    let count = good.data.len() - 11;
    assert_eq!(good.data[count..count + 5], [1, 0, 0, 0, 3]);
    let kind = count + 4;
    let mut send = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = good.clone();
        change(&mut changed.data);
        world.send(&[changed], &cranker, &[])
    };
    let malformed = InstructionError::InvalidInstructionData;
    for length in (good.data.len() - 11)..good.data.len() {
        assert_fails(send(&|data| data.truncate(length)), &malformed);
    }
    assert_fails(send(&|data| data[kind] = 5), &malformed);
    assert_fails(send(&|data| data[kind] = 255), &malformed);
    for huge in [2, 1_000, u32::MAX] {
        let bytes = huge.to_le_bytes();
        assert_fails(
            send(&|data| data[count..count + 4].copy_from_slice(&bytes)),
            &malformed,
        );
    }
    let flag = good.data.len() - 1;
    assert_fails(send(&|data| data[flag] = 2), &malformed);
    assert!(send(&|_| ()).is_ok());
}

/// The close counts in the game, so it is refused whole, before any bounty moved, where
/// the game was not lent for writing.
#[test]
fn a_refunded_entry_is_not_closed_half_when_its_game_cannot_be_written() {
    let (mut world, sold, cranker) = cancelled(&[1, 1]);
    let other = world.cancelled(&[1]);
    for entry in sold.entries.iter().chain(&other.entries) {
        world.refund(entry).unwrap();
    }
    let mut batch = Batch::new(cranker.pubkey());
    for entry in [sold.entries[0], other.entries[0]] {
        batch.close_entry(world.entry_keys(&entry)).unwrap();
    }
    let mut instruction = batch.build(false);
    for meta in &mut instruction.accounts {
        meta.is_writable &= meta.pubkey != sold.game;
    }
    let before = world.account(&sold.entries[0]);
    let meta = world.send(&[instruction], &cranker, &[]).unwrap();
    let results = refusal::results(&meta.return_data.data, 2).unwrap();
    assert!(results[0].is_some() && results[1].is_none());
    assert_eq!(world.account(&sold.entries[0]), before);
    assert!(
        world
            .svm
            .get_account(&other.entries[0])
            .is_none_or(|account| account.lamports == 0)
    );
}
