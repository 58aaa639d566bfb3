//! Instructions for whoever calls the program from outside: tests and the local
//! cluster. The lottery's own clients never need them.

use anchor_lang::{
    prelude::*,
    programs::AssociatedToken,
    solana_program::{instruction::Instruction, system_instruction},
    Id, InstructionData, ToAccountMetas,
};

use crate::{accounts, addresses::*, instruction, layout::Layout};

/// `["STATE"]`
pub fn state() -> Address {
    find_program_address(&[STATE_SEED], &crate::ID).0
}

/// The wrapped SOL account of a randomness account.
pub fn reward_escrow(randomness: &Address) -> Address {
    let seeds = [
        randomness.as_ref(),
        TOKEN_PROGRAM.as_ref(),
        WRAPPED_SOL.as_ref(),
    ];
    find_program_address(&seeds, &ASSOCIATED_TOKEN_PROGRAM).0
}

/// The authority of a randomness account's lookup table.
pub fn lut_signer(randomness: &Address) -> Address {
    find_program_address(&[LUT_SIGNER_SEED, randomness.as_ref()], &crate::ID).0
}

/// The lookup table of a randomness account created at a recent slot.
pub fn lut(randomness: &Address, recent_slot: u64) -> Address {
    let signer = lut_signer(randomness);
    let seeds = [signer.as_ref(), &recent_slot.to_le_bytes()];
    find_program_address(&seeds, &LOOKUP_TABLE_PROGRAM).0
}

/// Where the real program keeps an oracle's statistics.
pub fn oracle_stats(oracle: &Address) -> Address {
    find_program_address(&[ORACLE_STATS_SEED, oracle.as_ref()], &crate::ID).0
}

/// A gateway's address as an oracle account holds it; none where it is too long.
pub fn gateway_uri(uri: &str) -> Option<[u8; 64]> {
    let mut bytes = [0; 64];
    bytes.get_mut(..uri.len())?.copy_from_slice(uri.as_bytes());
    Some(bytes)
}

fn build(accounts: &impl ToAccountMetas, data: &impl InstructionData) -> Instruction {
    Instruction {
        program_id: crate::ID,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}

/// Allocates zeroed bytes for a queue or an oracle, owned by the program. To be put
/// before its `*_init` in the same transaction; payer and account sign. `lamports` is
/// the rent of `T::LEN` bytes.
pub fn allocate<T: Layout>(payer: &Address, account: &Address, lamports: u64) -> Instruction {
    let bytes = T::LEN as u64;
    system_instruction::create_account(payer, account, lamports, bytes, &crate::ID)
}

/// Creates a randomness account; it, the authority and the payer sign. The recent slot
/// is one of the SlotHashes sysvar: the newest finalized one is, while the newest
/// confirmed one is not yet listed in the bank that simulates.
pub fn randomness_init(
    randomness: Address,
    authority: Address,
    payer: Address,
    queue: Address,
    recent_slot: u64,
) -> Instruction {
    build(
        &accounts::RandomnessInit {
            randomness,
            reward_escrow: reward_escrow(&randomness),
            authority,
            queue,
            payer,
            system_program: System::id(),
            token_program: Token::id(),
            associated_token_program: AssociatedToken::id(),
            wrapped_sol_mint: WRAPPED_SOL,
            program_state: state(),
            lut_signer: lut_signer(&randomness),
            lut: lut(&randomness, recent_slot),
            address_lookup_table_program: LOOKUP_TABLE_PROGRAM,
        },
        &instruction::RandomnessInit { recent_slot },
    )
}

/// Commits to an oracle; the authority signs.
pub fn randomness_commit(
    randomness: Address,
    authority: Address,
    queue: Address,
    oracle: Address,
) -> Instruction {
    build(
        &accounts::RandomnessCommit {
            randomness,
            queue,
            oracle,
            recent_slothashes: SLOT_HASHES,
            authority,
        },
        &instruction::RandomnessCommit {},
    )
}

/// What an oracle's gateway answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revelation {
    pub signature: [u8; 64],
    pub recovery_id: u8,
    pub value: [u8; 32],
}

/// Reveals a value; the authority pays and signs.
pub fn randomness_reveal(
    randomness: Address,
    authority: Address,
    queue: Address,
    oracle: Address,
    revelation: &Revelation,
) -> Instruction {
    build(
        &accounts::RandomnessReveal {
            randomness,
            oracle,
            queue,
            stats: oracle_stats(&oracle),
            authority,
            payer: authority,
            recent_slothashes: SLOT_HASHES,
            system_program: System::id(),
            reward_escrow: reward_escrow(&randomness),
            token_program: Token::id(),
            wrapped_sol_mint: WRAPPED_SOL,
            program_state: state(),
        },
        &instruction::RandomnessReveal {
            signature: revelation.signature,
            recovery_id: revelation.recovery_id,
            value: revelation.value,
        },
    )
}

/// Closes a randomness account created at a recent slot; the authority signs.
pub fn randomness_close(randomness: Address, authority: Address, lut_slot: u64) -> Instruction {
    build(
        &accounts::RandomnessClose {
            randomness,
            reward_escrow: reward_escrow(&randomness),
            authority,
            program_state: state(),
            system_program: System::id(),
            token_program: Token::id(),
            wrapped_sol_mint: WRAPPED_SOL,
            lut: lut(&randomness, lut_slot),
            lut_signer: lut_signer(&randomness),
            address_lookup_table_program: LOOKUP_TABLE_PROGRAM,
        },
        &instruction::RandomnessClose {},
    )
}

/// Creates the state account; the payer signs.
pub fn state_init(payer: Address) -> Instruction {
    build(
        &accounts::StateInit {
            state: state(),
            payer,
            system_program: System::id(),
        },
        &instruction::StateInit {},
    )
}

/// Makes an allocated account a queue; both sign.
pub fn queue_init(queue: Address, authority: Address) -> Instruction {
    build(
        &accounts::QueueInit { queue, authority },
        &instruction::QueueInit {},
    )
}

/// An oracle to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewOracle {
    /// The public key it signs with: x ‖ y, big-endian.
    pub secp256k1_key: [u8; 64],
    /// Its gateway's address, zero-padded: [`gateway_uri`].
    pub gateway_uri: [u8; 64],
    /// When its attestation expires, in Unix seconds.
    pub valid_until: i64,
}

/// Makes an allocated account an oracle of the queue; it and the queue's authority sign.
pub fn oracle_init(
    oracle: Address,
    queue: Address,
    authority: Address,
    new: &NewOracle,
) -> Instruction {
    build(
        &accounts::OracleInit {
            oracle,
            queue,
            authority,
        },
        &instruction::OracleInit {
            secp256k1_key: new.secp256k1_key,
            gateway_uri: new.gateway_uri,
            valid_until: new.valid_until,
        },
    )
}

/// Refreshes an oracle, and sets when its attestation expires; its authority signs.
pub fn oracle_heartbeat(
    oracle: Address,
    authority: Address,
    valid_until: Option<i64>,
) -> Instruction {
    build(
        &accounts::OracleHeartbeat { oracle, authority },
        &instruction::OracleHeartbeat { valid_until },
    )
}
