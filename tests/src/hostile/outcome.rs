//! The world after a call, and what must hold there whatever the call was.

use std::collections::{HashMap, HashSet};

use litesvm::LiteSVM;
use lottery::money::Holder;
use lottery_client::account::{Account, decode_any};
use solana_account::{AccountSharedData, ReadableAccount as _};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use super::{kinds::held, stage::account};

/// What a call wrote.
pub struct Outcome {
    pub written: HashMap<Pubkey, AccountSharedData>,
    /// Fee of the transaction (lamports).
    pub fee: u64,
}

/// A world before and after a call.
pub struct View<'a> {
    pub svm: &'a LiteSVM,
    pub outcome: &'a Outcome,
}

impl View<'_> {
    pub fn before(&self, address: &Pubkey) -> Option<AccountSharedData> {
        account(self.svm, address)
    }

    pub fn after(&self, address: &Pubkey) -> Option<AccountSharedData> {
        match self.outcome.written.get(address) {
            Some(written) => Some(written.clone()).filter(|written| written.lamports() > 0),
            None => self.before(address),
        }
    }

    /// Every holder that was written covers what it owes, and has not lost what it
    /// has beyond that.
    pub fn check_holders(&self, honest: &View) -> Result<(), String> {
        for address in self.outcome.written.keys() {
            let after = surplus(self.after(address), &|vault| self.after(vault))?;
            let Some(after) = after else { continue };
            if after.iter().any(|beyond| *beyond < 0) {
                return Err(format!("{address} owes more than it has: {after:?}"));
            }
            let before = surplus(self.before(address), &|vault| self.before(vault))?;
            let honest = surplus(honest.after(address), &|vault| honest.after(vault))?;
            let (Some(before), Some(honest)) = (before, honest) else {
                continue;
            };
            for index in 0..2 {
                if after[index] < before[index].min(honest[index]) {
                    return Err(format!("{address} lost a surplus: {before:?} to {after:?}"));
                }
            }
        }
        Ok(())
    }
}

/// Lamports and tokens that a holder has beyond what it owes.
fn surplus(
    holder: Option<AccountSharedData>,
    get: &dyn Fn(&Pubkey) -> Option<AccountSharedData>,
) -> Result<Option<[i128; 2]>, String> {
    let Some(holder) = holder.filter(|holder| *holder.owner() == lottery::ID) else {
        return Ok(None);
    };
    let known = decode_any(holder.owner(), holder.data());
    let (state, vault): (&dyn Holder, _) = match &known {
        Ok(Account::Game(game)) => (game, game.vault),
        Ok(Account::Jackpot(jackpot)) => (jackpot, jackpot.vault),
        Ok(Account::Treasury(treasury)) => (treasury, treasury.vault),
        _ => return Ok(None),
    };
    let failed = |error| format!("a holder's books: {error:?}");
    let reserved = i128::from(state.lamports_reserved().map_err(failed)?);
    let owed = i128::from(state.owed().map_err(failed)?);
    let lamports = i128::from(holder.lamports()) - reserved;
    if vault == Pubkey::default() {
        return Ok(Some([lamports - owed, 0]));
    }
    // As the program reads it, whatever else was done to the vault.
    let tokens = get(&vault).and_then(|vault| lottery_client::token::amount(vault.data()));
    let tokens = tokens.map_or(0, i128::from);
    Ok(Some([lamports, tokens - owed]))
}

/// Lamports and tokens.
pub type Wealth = [i128; 2];

pub fn wealth(account: Option<&AccountSharedData>) -> Wealth {
    account.map_or([0, 0], |account| {
        let tokens = held(account).map_or(0, |held| held.amount);
        [i128::from(account.lamports()), i128::from(tokens)]
    })
}

/// Who could have wanted what a call did: its signers, whoever pays for it.
pub fn signers(call: &Instruction, payer: Pubkey) -> HashSet<Pubkey> {
    let signing = call.accounts.iter().filter(|meta| meta.is_signer);
    signing.map(|meta| meta.pubkey).chain([payer]).collect()
}
