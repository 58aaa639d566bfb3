//! Token accounts of wallets.

use lottery::switchboard::ASSOCIATED_TOKEN_PROGRAM;
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use solana_system_interface::program::ID as SYSTEM_PROGRAM;

use crate::instruction::Token;

/// `CreateIdempotent` of the associated token program: does nothing where the account
/// exists (spl-associated-token-account-interface, `instruction.rs`).
const CREATE_IDEMPOTENT: u8 = 1;

/// Where both token programs keep a token account's amount.
const AMOUNT: usize = 64;

/// Creates the associated token account of `wallet`, if there is none; `payer` pays
/// its rent, which whoever owns the wallet gets if they close it.
pub fn create_associated(payer: Pubkey, wallet: Pubkey, token: Token) -> Instruction {
    Instruction {
        program_id: ASSOCIATED_TOKEN_PROGRAM,
        accounts: vec![
            AccountMeta::new(payer, true),
            AccountMeta::new(token.associated(&wallet), false),
            AccountMeta::new_readonly(wallet, false),
            AccountMeta::new_readonly(token.mint, false),
            AccountMeta::new_readonly(SYSTEM_PROGRAM, false),
            AccountMeta::new_readonly(token.program, false),
        ],
        data: vec![CREATE_IDEMPOTENT],
    }
}

/// Base units in a token account; `None` when the bytes are none.
pub fn amount(token_account: &[u8]) -> Option<u64> {
    let bytes = token_account.get(AMOUNT..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}
