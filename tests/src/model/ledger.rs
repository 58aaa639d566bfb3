//! Who holds what: lamports, sizes of accounts, tokens; and the runtime's rules about
//! them.

use std::collections::{BTreeMap, BTreeSet};

use lottery::LotteryError;
use solana_pubkey::Pubkey;

use super::why::Why;

/// An account as the ledger knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    pub lamports: u64,
    /// Bytes of data.
    pub bytes: u64,
}

/// A token account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    pub amount: u64,
    pub frozen: bool,
}

/// All balances.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub accounts: BTreeMap<Pubkey, Holding>,
    pub tokens: BTreeMap<Pubkey, Tokens>,
    /// Addresses that ever had something: they must have nothing once they are not in
    /// `accounts` any more.
    pub known: BTreeSet<Pubkey>,
    /// Rent exemption costs this for each byte of an account and 128 more (lamports).
    pub per_byte: u64,
    /// Fees burned so far (lamports).
    pub fees: u64,
}

/// Bytes that rent is asked for beside an account's own.
const OVERHEAD: u64 = 128;

impl Ledger {
    /// Rent-exempt minimum (lamports).
    pub fn rent(&self, bytes: u64) -> u64 {
        (OVERHEAD + bytes) * self.per_byte
    }

    pub fn get(&self, account: &Pubkey) -> Holding {
        self.accounts.get(account).copied().unwrap_or_default()
    }

    pub fn lamports(&self, account: &Pubkey) -> u64 {
        self.get(account).lamports
    }

    pub fn set(&mut self, account: Pubkey, holding: Holding) {
        self.known.insert(account);
        if holding.lamports == 0 {
            self.accounts.remove(&account);
        } else {
            self.accounts.insert(account, holding);
        }
    }

    fn add(&mut self, account: Pubkey, lamports: u64) {
        let mut holding = self.get(&account);
        holding.lamports += lamports;
        self.set(account, holding);
    }

    /// Lamports that a program takes out of an account of its own.
    pub fn move_lamports(&mut self, from: Pubkey, to: Pubkey, amount: u64) -> Result<(), Why> {
        let mut source = self.get(&from);
        source.lamports = source
            .lamports
            .checked_sub(amount)
            .ok_or(LotteryError::Insolvent)?;
        self.set(from, source);
        self.add(to, amount);
        Ok(())
    }

    /// A transfer by the System program.
    pub fn transfer(&mut self, from: Pubkey, to: Pubkey, amount: u64) -> Result<(), Why> {
        if self.lamports(&from) < amount {
            return Err(Why::NEGATIVE_LAMPORTS);
        }
        self.move_lamports(from, to, amount)
    }

    /// An account is made; lamports that were there count for its rent.
    pub fn create(&mut self, payer: Pubkey, account: Pubkey, bytes: u64) -> Result<(), Why> {
        let missing = self.rent(bytes).saturating_sub(self.lamports(&account));
        self.transfer(payer, account, missing)?;
        let Holding {
            lamports,
            bytes: old,
        } = self.get(&account);
        if old > 0 {
            return Err(Why::EXISTS);
        }
        self.set(account, Holding { lamports, bytes });
        Ok(())
    }

    /// Everything an account has goes to another.
    pub fn close(&mut self, account: Pubkey, to: Pubkey) {
        let lamports = self.lamports(&account);
        self.set(account, Holding::default());
        self.tokens.remove(&account);
        self.add(to, lamports);
    }

    /// The fee of a transaction.
    pub fn charge(&mut self, payer: Pubkey, fee: u64) {
        let mut holding = self.get(&payer);
        holding.lamports -= fee;
        self.set(payer, holding);
        self.fees += fee;
    }

    /// Refuses a payment that would leave a wallet below rent exemption.
    pub fn require_payable(&self, wallet: &Pubkey, amount: u64) -> Result<(), Why> {
        let holding = self.get(wallet);
        if holding.lamports + amount < self.rent(holding.bytes) {
            return Err(LotteryError::PayoutBelowRentExemption.into());
        }
        Ok(())
    }

    /// The runtime's rule for every account of a transaction: none may fall below rent
    /// exemption, and one that is below it may not be given more unless that lifts it.
    pub fn require_rent_kept(&self, before: &Self) -> Result<(), Why> {
        let changed = self
            .accounts
            .iter()
            .filter(|(account, now)| before.accounts.get(*account) != Some(*now));
        for (account, now) in changed {
            if now.lamports >= self.rent(now.bytes) {
                continue;
            }
            let was = before.get(account);
            let paid_rent_before = was.lamports > 0 && was.lamports < self.rent(was.bytes);
            let shrinks = was.bytes == now.bytes && now.lamports <= was.lamports;
            if !(paid_rent_before && shrinks) {
                return Err(Why::Rent);
            }
        }
        Ok(())
    }

    pub fn is_frozen(&self, account: &Pubkey) -> bool {
        self.tokens.get(account).is_some_and(|tokens| tokens.frozen)
    }

    pub fn tokens(&self, account: &Pubkey) -> u64 {
        self.tokens.get(account).map_or(0, |tokens| tokens.amount)
    }

    /// A transfer by a token program between accounts that exist.
    pub fn transfer_tokens(&mut self, from: &Pubkey, to: &Pubkey, amount: u64) -> Result<(), Why> {
        if self.is_frozen(from) || self.is_frozen(to) {
            return Err(Why::TOKENS_FROZEN);
        }
        if self.tokens(from) < amount {
            return Err(Why::TOKENS_MISSING);
        }
        for account in [from, to] {
            if !self.tokens.contains_key(account) {
                return Err(Why::NO_TOKEN_ACCOUNT);
            }
        }
        if let Some(tokens) = self.tokens.get_mut(from) {
            tokens.amount -= amount;
        }
        if let Some(tokens) = self.tokens.get_mut(to) {
            tokens.amount += amount;
        }
        Ok(())
    }
}
