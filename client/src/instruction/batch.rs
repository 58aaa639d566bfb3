use lottery::{Operation, accounts, instruction};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use thiserror::Error;

use super::{EntryKeys, Purchase, SYSTEM_PROGRAM, Token, build, events};
use crate::address;

/// Why an operation does not fit into a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BatchError {
    #[error("a batch names at most 256 accounts")]
    TooManyAccounts,
    #[error("all houses of a batch play for the same token, or for native SOL")]
    TwoTokens,
}

/// Several joins, claims, refunds and closes, in one instruction.
#[derive(Clone, Debug)]
pub struct Batch {
    signer: Pubkey,
    token: Option<Token>,
    operations: Vec<Operation>,
    accounts: Vec<AccountMeta>,
}

impl Batch {
    /// `signer` buys what is joined, and gets the bounties.
    pub fn new(signer: Pubkey) -> Self {
        Self {
            signer,
            token: None,
            operations: Vec::new(),
            accounts: Vec::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.operations.len()
    }

    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Buys tickets for the signer.
    pub fn join(&mut self, purchase: &Purchase, token: Option<Token>) -> Result<(), BatchError> {
        self.agree(token)?;
        let (entry, order) = purchase.order();
        let operation = Operation::Join {
            house: self.read(purchase.house)?,
            game: self.write(purchase.game)?,
            entry: self.write(entry)?,
            vault: self.write_if(token.map(|_| address::vault(&purchase.game)))?,
            tokens: self.write_if(token.map(|token| token.associated(&self.signer)))?,
            order,
        };
        self.operations.push(operation);
        Ok(())
    }

    /// Pays the prize of a winning ticket.
    pub fn claim(&mut self, keys: EntryKeys, ticket: u32) -> Result<(), BatchError> {
        let at = self.entry(keys)?;
        self.operations.push(Operation::Claim {
            game: at.game,
            entry: at.entry,
            player: at.player,
            vault: at.vault,
            tokens: at.tokens,
            ticket,
        });
        Ok(())
    }

    /// Pays the award of a tier.
    pub fn claim_jackpot(&mut self, keys: EntryKeys, tier: u8) -> Result<(), BatchError> {
        let at = self.entry(keys)?;
        let jackpot = self.write(address::jackpot(&keys.house, tier))?;
        self.operations.push(Operation::ClaimJackpot {
            game: at.game,
            entry: at.entry,
            player: at.player,
            vault: at.vault,
            tokens: at.tokens,
            jackpot,
        });
        Ok(())
    }

    /// Returns the price of an entry.
    pub fn refund(&mut self, keys: EntryKeys) -> Result<(), BatchError> {
        let at = self.entry(keys)?;
        self.operations.push(Operation::Refund {
            game: at.game,
            entry: at.entry,
            player: at.player,
            vault: at.vault,
            tokens: at.tokens,
        });
        Ok(())
    }

    /// Returns the rent of an entry.
    pub fn close_entry(&mut self, keys: EntryKeys) -> Result<(), BatchError> {
        let operation = Operation::CloseEntry {
            game: self.write(keys.game)?,
            entry: self.write(keys.entry)?,
            player: self.write(keys.player)?,
        };
        self.operations.push(operation);
        Ok(())
    }

    /// The instruction. With `all_or_nothing` one refused operation fails all;
    /// otherwise it is left out, and its code is in the return data.
    pub fn build(self, all_or_nothing: bool) -> Instruction {
        let mut instruction = build(
            &accounts::PlayerBatch {
                signer: self.signer,
                system_program: SYSTEM_PROGRAM,
                events: events(),
            },
            &instruction::PlayerBatch {
                operations: self.operations,
                all_or_nothing,
            },
        );
        instruction.accounts.extend(self.accounts);
        if let Some(token) = self.token {
            instruction.accounts.extend(token.metas());
        }
        instruction
    }

    fn entry(&mut self, keys: EntryKeys) -> Result<Positions, BatchError> {
        self.agree(keys.token)?;
        Ok(Positions {
            game: self.write(keys.game)?,
            entry: self.write(keys.entry)?,
            player: self.write(keys.player)?,
            vault: self.write_if(keys.token.map(|_| address::vault(&keys.game)))?,
            tokens: self.write_if(keys.token.map(|token| token.associated(&keys.player)))?,
        })
    }

    fn agree(&mut self, token: Option<Token>) -> Result<(), BatchError> {
        match (self.token, token) {
            (Some(ours), Some(theirs)) if ours != theirs => Err(BatchError::TwoTokens),
            (None, Some(_)) => {
                self.token = token;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn write(&mut self, address: Pubkey) -> Result<u8, BatchError> {
        self.position(AccountMeta::new(address, false))
    }

    fn read(&mut self, address: Pubkey) -> Result<u8, BatchError> {
        self.position(AccountMeta::new_readonly(address, false))
    }

    /// Position 0 stands for an account that is not looked at.
    fn write_if(&mut self, address: Option<Pubkey>) -> Result<u8, BatchError> {
        address.map_or(Ok(0), |address| self.write(address))
    }

    fn position(&mut self, meta: AccountMeta) -> Result<u8, BatchError> {
        let known = self
            .accounts
            .iter()
            .position(|other| other.pubkey == meta.pubkey);
        let position = known.unwrap_or_else(|| {
            self.accounts.push(meta.clone());
            self.accounts.len() - 1
        });
        if let Some(known) = self.accounts.get_mut(position) {
            known.is_writable |= meta.is_writable;
        }
        u8::try_from(position).map_err(|_| BatchError::TooManyAccounts)
    }
}

struct Positions {
    game: u8,
    entry: u8,
    player: u8,
    vault: u8,
    tokens: u8,
}
