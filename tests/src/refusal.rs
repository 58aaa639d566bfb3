//! Refusals, and how tests expect them.

use lottery::LotteryError;
use solana_instruction::{Instruction, error::InstructionError};
use solana_pubkey::Pubkey;
use solana_transaction_error::TransactionError;

/// What a refused transaction failed with.
pub type Refusal = TransactionError;

/// Asserts that a transaction was refused by the program for this reason.
#[track_caller]
pub fn assert_refused<T>(result: Result<T, Refusal>, expected: LotteryError) {
    match result {
        Ok(_) => panic!("accepted; expected {expected:?}"),
        Err(error) => {
            let found = lottery_client::sender::lottery_error(&error);
            assert_eq!(found, Some(expected), "{error}");
        }
    }
}

/// Asserts that a transaction was refused for a reason of the runtime or of Anchor.
#[track_caller]
pub fn assert_fails<T>(result: Result<T, Refusal>, expected: &InstructionError) {
    match result {
        Ok(_) => panic!("accepted; expected {expected:?}"),
        Err(TransactionError::InstructionError(_, error)) => assert_eq!(&error, expected),
        Err(error) => panic!("{error}; expected {expected:?}"),
    }
}

/// The instruction with another account in the place of one.
#[track_caller]
pub fn replaced(instruction: &Instruction, from: &Pubkey, to: Pubkey) -> Instruction {
    let mut changed = instruction.clone();
    let position = changed
        .accounts
        .iter()
        .position(|meta| meta.pubkey == *from);
    changed.accounts[position.expect("the instruction names the account")].pubkey = to;
    changed
}
