use anchor_lang::{address_eq, prelude::*};

use crate::{
    error::LotteryError,
    math::{require_split_sums_to_whole, WHOLE_BPS},
    state::TIERS,
};

/// The rules of a family of games. Read-only for players and cranks: the money
/// and the counters that change with every game live in
/// [`Treasury`](super::Treasury), so that joins and settlements of different
/// games never wait for each other's lock on the house.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct House {
    /// Who may create games, pause and withdraw.
    pub authority: Address,
    /// Who created the house; part of its address for ever.
    pub creator: Address,
    /// Wallet that the treasury's share is paid to.
    pub treasury_wallet: Address,
    /// Switchboard queue whose oracles may serve this house's draws.
    pub vrf_queue: Address,
    /// Per tier, mean total contribution between two hits (base units): a game
    /// that contributes `c` hits the tier with probability `c / mean`.
    pub jackpot_mean: [u64; TIERS],
    /// Share of every entry fee for the prize pool (bps).
    pub prize_bps: u16,
    /// Share of every entry fee for the treasury (bps).
    pub treasury_bps: u16,
    /// Share of every entry fee for each jackpot tier (bps).
    pub jackpot_bps: [u16; TIERS],
    /// Part of each jackpot kept back as the next one's start when it is hit (bps).
    pub reserve_bps: [u16; TIERS],
    /// Caller-chosen number that tells one creator's houses apart.
    pub id: u16,
    /// Bit set of `House::FLAG_*`.
    pub flags: u8,
    pub version: u8,
    pub bump: u8,
    pub reserved: [u8; 131],
}

impl House {
    /// No new games.
    pub const FLAG_PAUSE_GAMES: u8 = 1;
    /// No new entries. Draws, claims and refunds go on.
    pub const FLAG_PAUSE_JOINS: u8 = 1 << 1;
    /// Anybody may create games, not the authority alone.
    pub const FLAG_OPEN_CREATION: u8 = 1 << 2;
    /// The flags that a pause may change.
    pub const PAUSE_FLAGS: u8 = Self::FLAG_PAUSE_GAMES | Self::FLAG_PAUSE_JOINS;

    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// What `create_house` fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite, IdlType)]
pub struct HouseParams {
    /// Wallet that the treasury's share is paid to.
    pub treasury_wallet: Address,
    /// Switchboard queue.
    pub vrf_queue: Address,
    /// Share for the prize pool (bps). All five shares sum to 10,000.
    pub prize_bps: u16,
    /// Shares for the jackpots (bps).
    pub jackpot_bps: [u16; TIERS],
    /// Share for the treasury (bps).
    pub treasury_bps: u16,
    /// Mean contribution between hits per tier (base units), at least 1.
    pub jackpot_mean: [u64; TIERS],
    /// Kept back from each award (bps), below 10,000.
    pub reserve_bps: [u16; TIERS],
    /// Whether anybody may create games.
    pub open_creation: bool,
}

impl HouseParams {
    pub fn validate(&self) -> Result<()> {
        require_split_sums_to_whole(self.prize_bps, &self.jackpot_bps, self.treasury_bps)?;
        for tier in 0..TIERS {
            require!(
                self.reserve_bps[tier] < WHOLE_BPS,
                LotteryError::ReserveNotBelowWhole
            );
            require!(self.jackpot_mean[tier] > 0, LotteryError::JackpotMeanZero);
        }
        let zero = Address::default();
        require!(
            !address_eq(&self.treasury_wallet, &zero) && !address_eq(&self.vrf_queue, &zero),
            LotteryError::AddressMissing
        );
        Ok(())
    }
}
