//! Tokens of worlds whose house plays for one.

use lottery_client::instruction::Token;
use solana_account::Account;
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;

pub const SPL_TOKEN: Pubkey = lottery::switchboard::TOKEN_PROGRAM;
pub const TOKEN_2022: Pubkey =
    Pubkey::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");

/// Decimals of the mint.
const DECIMALS: u8 = 6;

// Instructions of both token programs.
const MINT_TO: u8 = 7;
const FREEZE: u8 = 10;
const THAW: u8 = 11;
const TRANSFER_CHECKED: u8 = 12;

// Where a token account keeps its amount and whether it is frozen.
const AMOUNT: std::ops::Range<usize> = 64..72;
const STATE: usize = 108;
const FROZEN: u8 = 2;

/// A mint without supply whose mint and freeze authority is `authority`.
pub fn mint(authority: &Pubkey, program: Pubkey, lamports: u64) -> Account {
    let mut data = vec![0; 82];
    for at in [0, 46] {
        data[at] = 1;
        data[at + 4..at + 36].copy_from_slice(authority.as_ref());
    }
    data[44] = DECIMALS;
    data[45] = 1;
    Account {
        lamports,
        data,
        owner: program,
        executable: false,
        rent_epoch: u64::MAX,
    }
}

/// Amount of a token account, and whether it is frozen.
pub fn read(data: &[u8]) -> (u64, bool) {
    let mut amount = [0; 8];
    amount.copy_from_slice(&data[AMOUNT]);
    (u64::from_le_bytes(amount), data[STATE] == FROZEN)
}

fn instruction(token: Token, data: Vec<u8>, accounts: Vec<AccountMeta>) -> Instruction {
    Instruction {
        program_id: token.program,
        accounts,
        data,
    }
}

pub fn mint_to(token: Token, authority: Pubkey, to: Pubkey, amount: u64) -> Instruction {
    let mut data = vec![MINT_TO];
    data.extend(amount.to_le_bytes());
    let accounts = vec![
        AccountMeta::new(token.mint, false),
        AccountMeta::new(to, false),
        AccountMeta::new_readonly(authority, true),
    ];
    instruction(token, data, accounts)
}

pub fn set_frozen(token: Token, authority: Pubkey, account: Pubkey, frozen: bool) -> Instruction {
    let data = vec![if frozen { FREEZE } else { THAW }];
    let accounts = vec![
        AccountMeta::new(account, false),
        AccountMeta::new_readonly(token.mint, false),
        AccountMeta::new_readonly(authority, true),
    ];
    instruction(token, data, accounts)
}

pub fn transfer(token: Token, owner: Pubkey, to: Pubkey, amount: u64) -> Instruction {
    let mut data = vec![TRANSFER_CHECKED];
    data.extend(amount.to_le_bytes());
    data.push(DECIMALS);
    let accounts = vec![
        AccountMeta::new(token.associated(&owner), false),
        AccountMeta::new_readonly(token.mint, false),
        AccountMeta::new(to, false),
        AccountMeta::new_readonly(owner, true),
    ];
    instruction(token, data, accounts)
}
