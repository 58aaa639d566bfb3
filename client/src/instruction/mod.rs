//! One builder per instruction of the program. Each takes what cannot be
//! derived and derives the rest.

mod batch;
mod draw;
mod game;
mod house;
mod lane;
mod payout;

pub use batch::*;
pub use draw::*;
pub use game::*;
pub use house::*;
pub use lane::*;
pub use payout::*;

use anchor_lang::{InstructionData, ToAccountMetas};
use lottery::events::{self, __client_accounts_eventaccounts::EventAccounts};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use solana_system_interface::program::ID as SYSTEM_PROGRAM;

use crate::address;

/// The token of a house; houses without one play for native SOL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub mint: Pubkey,
    /// SPL Token or Token-2022, whichever owns the mint.
    pub program: Pubkey,
}

impl Token {
    fn metas(&self) -> [AccountMeta; 2] {
        [self.mint, self.program].map(|account| AccountMeta::new_readonly(account, false))
    }

    /// The token account that a wallet's payments go to.
    pub fn associated(&self, wallet: &Pubkey) -> Pubkey {
        address::associated_token(wallet, &self.mint, &self.program)
    }
}

fn build(accounts: &impl ToAccountMetas, data: &impl InstructionData) -> Instruction {
    Instruction {
        program_id: lottery::ID,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}

/// Appends the token accounts of an instruction in a token house: the mint, its program,
/// the vaults of `holders`, and the associated token account of `wallet`.
fn with_tokens(
    mut instruction: Instruction,
    token: Option<Token>,
    holders: &[Pubkey],
    wallet: Option<&Pubkey>,
) -> Instruction {
    let Some(token) = token else {
        return instruction;
    };
    let vaults = holders.iter().map(address::vault);
    let wallet = wallet.map(|wallet| token.associated(wallet));
    instruction.accounts.extend(token.metas());
    instruction.accounts.extend(
        vaults
            .chain(wallet)
            .map(|account| AccountMeta::new(account, false)),
    );
    instruction
}

fn events() -> EventAccounts {
    EventAccounts {
        event_authority: events::AUTHORITY,
        program: lottery::ID,
    }
}

/// Appends games, each followed by its vault if it has one.
fn with_games(
    mut instruction: Instruction,
    games: &[Pubkey],
    vaults: Option<Token>,
) -> Instruction {
    for game in games {
        instruction.accounts.push(AccountMeta::new(*game, false));
        if vaults.is_some() {
            let vault = address::vault(game);
            instruction.accounts.push(AccountMeta::new(vault, false));
        }
    }
    instruction
}
