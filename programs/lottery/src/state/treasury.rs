use anchor_lang::prelude::*;

use crate::{
    error::LotteryError,
    money::{add, Holder, PdaSigner},
    seeds,
    state::LAYOUT_VERSION,
};

/// The house's own money and its counters; written once a game at creation and
/// once at settlement.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Treasury {
    pub house: Address,
    /// Token account that holds the money of a token house; else all zero.
    pub vault: Address,
    /// Lamports that keep the account alive, as measured when it was created.
    pub rent_reserve: u64,
    /// Owed to the treasury wallet (base units).
    pub accrued: u64,
    /// Ever accrued (base units).
    pub total_accrued: u64,
    /// Ever paid to the treasury wallet (base units).
    pub total_withdrawn: u64,
    /// Ever created; also the id of the next game, so that ids are never reused.
    pub games_created: u64,
    /// Ever settled.
    pub games_settled: u64,
    pub version: u8,
    pub bump: u8,
    pub reserved: [u8; 62],
}

impl Treasury {
    pub fn init(&mut self, house: Address, vault: Address, bump: u8, rent_reserve: u64) {
        self.house = house;
        self.vault = vault;
        self.version = LAYOUT_VERSION;
        self.bump = bump;
        self.rent_reserve = rent_reserve;
    }

    /// Adds a settled game's share.
    pub fn accrue(&mut self, share: u64) -> Result<()> {
        self.accrued = add(self.accrued, share)?;
        self.total_accrued = self.total_accrued.saturating_add(share);
        self.games_settled = self.games_settled.saturating_add(1);
        Ok(())
    }

    /// Takes out what is paid to the treasury wallet.
    pub fn withdraw(&mut self, amount: u64) -> Result<()> {
        self.accrued = self
            .accrued
            .checked_sub(amount)
            .ok_or(LotteryError::AboveAccrued)?;
        self.total_withdrawn = self.total_withdrawn.saturating_add(amount);
        Ok(())
    }
}

impl Holder for Treasury {
    fn signer(&self) -> PdaSigner {
        PdaSigner::new(seeds::TREASURY, self.house, &[], self.bump)
    }

    fn vault(&self) -> &Address {
        &self.vault
    }

    fn lamports_reserved(&self) -> Result<u64> {
        Ok(self.rent_reserve)
    }

    fn owed(&self) -> Result<u64> {
        Ok(self.accrued)
    }
}
