use anchor_lang::prelude::*;

use crate::{
    error::LotteryError,
    math::bps_of,
    money::{add, Holder, PdaSigner},
    seeds,
    state::{LAYOUT_VERSION, TIERS},
};

/// Names of the tiers, by index.
pub const TIER_NAMES: [&str; TIERS] = ["minor", "major", "mega"];

/// A progressive jackpot of a house. Fed and rolled when a game settles.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Jackpot {
    pub house: Address,
    /// Game that hit it last; all zero while none has.
    pub last_game: Address,
    /// Player of the winning ticket, known once the award was claimed.
    pub last_winner: Address,
    /// Token account that holds the money of a token house; else all zero.
    pub vault: Address,
    /// Lamports that keep the account alive, as measured when it was created.
    pub rent_reserve: u64,
    /// In the pot now (base units).
    pub amount: u64,
    /// Ever paid in (base units). Like all counters of what ever was, it stops at the
    /// highest number rather than stop a settlement.
    pub total_contributions: u64,
    /// Ever won (base units).
    pub total_won: u64,
    /// How often it was hit.
    pub hits: u64,
    /// Amount of the last award (base units).
    pub last_won_amount: u64,
    /// Time of the last hit (unix seconds).
    pub last_won_at: i64,
    /// Grows with every change of this account.
    pub revision: u64,
    /// Slot of the last change.
    pub last_modified_slot: u64,
    /// Winning ticket of the last hit.
    pub last_ticket: u32,
    pub tier: u8,
    pub version: u8,
    pub bump: u8,
    pub reserved: [u8; 65],
}

impl Jackpot {
    pub fn init(&mut self, house: Address, vault: Address, bump: u8, rent_reserve: u64) {
        self.house = house;
        self.vault = vault;
        self.version = LAYOUT_VERSION;
        self.bump = bump;
        self.rent_reserve = rent_reserve;
    }

    /// Adds a game's contribution, unclaimed prizes, or what somebody gives.
    pub fn contribute(&mut self, amount: u64, slot: u64) -> Result<()> {
        if amount == 0 {
            return Ok(());
        }
        self.amount = add(self.amount, amount)?;
        self.total_contributions = self.total_contributions.saturating_add(amount);
        self.touch(slot);
        Ok(())
    }

    /// What a hit pays now (base units): the pot less its reserve, and at most the mean
    /// contribution between hits. A game that contributes `c` hits with probability
    /// `c / mean`, so whoever plays, and whoever made the rules, expects at most `c`.
    pub fn award(&self, mean: u64, reserve_bps: u16) -> u64 {
        let reserve = bps_of(self.amount, reserve_bps);
        self.amount.saturating_sub(reserve).min(mean)
    }

    /// Takes an award out of the pot.
    pub fn hit(&mut self, game: &Address, ticket: u32, award: u64, clock: &Clock) -> Result<()> {
        self.amount = self
            .amount
            .checked_sub(award)
            .ok_or(LotteryError::Overflow)?;
        self.total_won = self.total_won.saturating_add(award);
        self.hits = self.hits.saturating_add(1);
        self.last_game = *game;
        self.last_winner = Address::default();
        self.last_ticket = ticket;
        self.last_won_amount = award;
        self.last_won_at = clock.unix_timestamp;
        self.touch(clock.slot);
        Ok(())
    }

    /// Records that the contents changed.
    pub fn touch(&mut self, slot: u64) {
        // A counter of changes cannot overflow within the life of a chain.
        self.revision = self.revision.wrapping_add(1);
        self.last_modified_slot = slot;
    }
}

impl Holder for Jackpot {
    fn signer(&self) -> PdaSigner {
        PdaSigner::new(seeds::JACKPOT, self.house, &[self.tier], self.bump)
    }

    fn vault(&self) -> &Address {
        &self.vault
    }

    fn lamports_reserved(&self) -> Result<u64> {
        Ok(self.rent_reserve)
    }

    fn owed(&self) -> Result<u64> {
        Ok(self.amount)
    }
}
