//! Money in either currency.

use lottery::LotteryError;
use solana_pubkey::Pubkey;

use crate::model::{state::Model, why::Why};

/// A payment that waits for the end of its instruction: from, to, lamports.
pub type Moves = Vec<(Pubkey, Pubkey, u64)>;

/// Bytes of a vault.
pub const VAULT: u64 = 165;

impl Model {
    /// Creates the vault of a holder in a token house.
    pub fn create_vault(&mut self, payer: Pubkey, holder: &Pubkey) -> Result<(), Why> {
        if let Some(vault) = self.cast.vault(holder) {
            self.ledger.create(payer, vault, VAULT)?;
            self.ledger.tokens.insert(vault, Default::default());
        }
        Ok(())
    }

    /// Money between holders of the house.
    pub fn transfer(&mut self, from: Pubkey, to: Pubkey, amount: u128) -> Result<(), Why> {
        let amount = amount as u64;
        if amount == 0 {
            return Ok(());
        }
        match (self.cast.vault(&from), self.cast.vault(&to)) {
            (Some(from), Some(to)) => self.ledger.transfer_tokens(&from, &to, amount),
            _ => self.ledger.move_lamports(from, to, amount),
        }
    }

    /// Money that a wallet gives.
    pub fn collect(&mut self, wallet: Pubkey, to: Pubkey, amount: u64) -> Result<(), Why> {
        match (self.cast.associated(&wallet), self.cast.vault(&to)) {
            (Some(from), Some(to)) => self.ledger.transfer_tokens(&from, &to, amount),
            _ => self.ledger.transfer(wallet, to, amount),
        }
    }

    /// Refuses a payment to a wallet that cannot be made.
    pub fn require_payout(&self, from: &Pubkey, wallet: &Pubkey, amount: u128) -> Result<(), Why> {
        if amount == 0 {
            return Ok(());
        }
        let (Some(vault), Some(account)) = (self.cast.vault(from), self.cast.associated(wallet))
        else {
            return self.ledger.require_payable(wallet, amount as u64);
        };
        if self.ledger.is_frozen(&vault) {
            return Err(LotteryError::VaultFrozen.into());
        }
        match self.ledger.tokens.get(&account) {
            None => Err(LotteryError::TokenAccount.into()),
            Some(tokens) if tokens.frozen => Err(LotteryError::TokenAccountFrozen.into()),
            Some(_) => Ok(()),
        }
    }

    /// Pays a wallet: tokens at once, lamports at the end of the instruction.
    pub fn pay(
        &mut self,
        from: Pubkey,
        wallet: Pubkey,
        amount: u128,
        moves: &mut Moves,
    ) -> Result<(), Why> {
        let amount = amount as u64;
        match (self.cast.vault(&from), self.cast.associated(&wallet)) {
            (Some(vault), Some(account)) if amount > 0 => {
                self.ledger.transfer_tokens(&vault, &account, amount)
            }
            (None, _) => {
                moves.push((from, wallet, amount));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Lamports to a wallet, at once.
    pub fn pay_lamports(&mut self, from: Pubkey, wallet: Pubkey, amount: u64) -> Result<(), Why> {
        if amount == 0 {
            return Ok(());
        }
        self.ledger.require_payable(&wallet, amount)?;
        self.ledger.move_lamports(from, wallet, amount)
    }

    /// Any of these holders' vaults is frozen.
    pub fn any_frozen(&self, holders: &[Pubkey]) -> bool {
        holders
            .iter()
            .filter_map(|holder| self.cast.vault(holder))
            .any(|vault| self.ledger.is_frozen(&vault))
    }
}
