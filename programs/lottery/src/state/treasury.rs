use anchor_lang::prelude::*;

use crate::{error::LotteryError, state::LAYOUT_VERSION};

/// The house's own money and its counters; written once a game at creation and
/// once at settlement.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Treasury {
    pub house: Address,
    /// Lamports that keep the account alive, as measured when it was created.
    pub rent_reserve: u64,
    /// Owed to the treasury wallet (base units).
    pub accrued: u64,
    /// Ever accrued (base units).
    pub total_accrued: u64,
    /// Ever created; also the id of the next game, so that ids are never reused.
    pub games_created: u64,
    /// Ever settled.
    pub games_settled: u64,
    pub version: u8,
    pub bump: u8,
    pub reserved: [u8; 62],
}

impl Treasury {
    pub fn init(&mut self, house: Address, bump: u8, rent_reserve: u64) {
        self.house = house;
        self.version = LAYOUT_VERSION;
        self.bump = bump;
        self.rent_reserve = rent_reserve;
    }

    /// Adds a settled game's share.
    pub fn accrue(&mut self, share: u64) -> Result<()> {
        self.accrued = add(self.accrued, share)?;
        self.total_accrued = add(self.total_accrued, share)?;
        self.games_settled = add(self.games_settled, 1)?;
        Ok(())
    }

    /// What it holds covers what it owes.
    pub fn invariant(&self, lamports: u64) -> Result<()> {
        require!(
            lamports >= add(self.rent_reserve, self.accrued)?,
            LotteryError::Insolvent
        );
        Ok(())
    }
}

fn add(a: u64, b: u64) -> Result<u64> {
    a.checked_add(b).ok_or(LotteryError::Overflow.into())
}
