//! What an account is, by its bytes.

use lottery::switchboard::LOOKUP_TABLE_PROGRAM;
use lottery_client::account;
use solana_account::{AccountSharedData, ReadableAccount as _};
use solana_pubkey::Pubkey;
use solana_system_interface::program::ID as SYSTEM_PROGRAM;
use switchboard_on_demand::{
    Discriminator as _, OracleAccountData, QueueAccountData, RandomnessAccountData,
};

use crate::tokens::{SPL_TOKEN, TOKEN_2022};

/// Owner of all sysvars.
const SYSVAR: Pubkey = Pubkey::from_str_const("Sysvar1111111111111111111111111111111111111");

/// Bytes of a token account without extensions, which a mint never has.
const TOKEN_ACCOUNT_LEN: usize = 165;
/// What follows them where there are extensions, in a token account.
const IS_TOKEN_ACCOUNT: u8 = 2;

/// The kind of an account, in words.
pub fn kind_of(account: Option<&AccountSharedData>) -> &'static str {
    let Some(account) = account.filter(|account| account.lamports() > 0) else {
        return "vacant address";
    };
    let (owner, data) = (account.owner(), account.data());
    if account.executable() {
        return "program";
    }
    if *owner == lottery::ID {
        return account::decode_any(owner, data).map_or("broken account", |known| known.kind());
    }
    if *owner == randomness_stand_in::ID {
        return match data.get(..8) {
            Some(tag) if tag == RandomnessAccountData::DISCRIMINATOR => "randomness",
            Some(tag) if tag == OracleAccountData::DISCRIMINATOR => "oracle",
            Some(tag) if tag == QueueAccountData::DISCRIMINATOR => "queue",
            _ => "Switchboard state",
        };
    }
    match owner {
        owner if is_token_program(owner) && is_token_account(data) => "token account",
        owner if is_token_program(owner) => "mint",
        owner if *owner == LOOKUP_TABLE_PROGRAM => "lookup table",
        owner if *owner == SYSVAR => "sysvar",
        owner if *owner == SYSTEM_PROGRAM && data.is_empty() => "wallet",
        _ => "other",
    }
}

fn is_token_account(data: &[u8]) -> bool {
    data.len() == TOKEN_ACCOUNT_LEN || data.get(TOKEN_ACCOUNT_LEN) == Some(&IS_TOKEN_ACCOUNT)
}

pub fn is_token_program(program: &Pubkey) -> bool {
    *program == SPL_TOKEN || *program == TOKEN_2022
}

/// Tokens in a token account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub owner: Pubkey,
    pub amount: u64,
}

/// What a token account holds, if it is one.
pub fn held(account: &AccountSharedData) -> Option<Held> {
    if !is_token_program(account.owner()) || !is_token_account(account.data()) {
        return None;
    }
    let field = |at: usize| account.data().get(at..at + 32);
    Some(Held {
        owner: Pubkey::try_from(field(32)?).ok()?,
        amount: lottery_client::token::amount(account.data())?,
    })
}
