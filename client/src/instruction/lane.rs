use lottery::{accounts, instruction, switchboard};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{SYSTEM_PROGRAM, build};
use crate::address;

/// `recent_slot` must be a slot the cluster still remembers the hash of.
pub fn open_lane(
    payer: Pubkey,
    house: Pubkey,
    queue: Pubkey,
    index: u8,
    recent_slot: u64,
) -> Instruction {
    let lane = address::lane(&house, index);
    let randomness = address::randomness(&lane);
    build(
        &accounts::OpenLane {
            payer,
            house,
            lane,
            randomness,
            reward_escrow: address::reward_escrow(&randomness),
            queue,
            state: address::switchboard_state(),
            lut_signer: address::lut_signer(&randomness),
            lut: address::lookup_table(&randomness, recent_slot),
            switchboard: switchboard::PROGRAM_ID,
            system_program: SYSTEM_PROGRAM,
            token_program: switchboard::TOKEN_PROGRAM,
            associated_token_program: switchboard::ASSOCIATED_TOKEN_PROGRAM,
            wrapped_sol_mint: switchboard::WRAPPED_SOL,
            lookup_table_program: switchboard::LOOKUP_TABLE_PROGRAM,
        },
        &instruction::OpenLane { index, recent_slot },
    )
}

/// Closes an idle lane. `lut_slot` is the slot its randomness account's lookup table
/// was derived from: [`lottery::switchboard::lut_slot`] of the account.
pub fn close_lane(payer: Pubkey, house: Pubkey, index: u8, lut_slot: u64) -> Instruction {
    let lane = address::lane(&house, index);
    let randomness = address::randomness(&lane);
    build(
        &accounts::CloseLane {
            payer,
            lane,
            randomness,
            reward_escrow: address::reward_escrow(&randomness),
            state: address::switchboard_state(),
            system_program: SYSTEM_PROGRAM,
            token_program: switchboard::TOKEN_PROGRAM,
            wrapped_sol_mint: switchboard::WRAPPED_SOL,
            lut: address::lookup_table(&randomness, lut_slot),
            lut_signer: address::lut_signer(&randomness),
            lookup_table_program: switchboard::LOOKUP_TABLE_PROGRAM,
            switchboard: switchboard::PROGRAM_ID,
        },
        &instruction::CloseLane {},
    )
}
