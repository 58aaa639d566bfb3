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
    /// Who may create games, pause, change the rules of later games and withdraw.
    pub authority: Address,
    /// Who may take the authority over; all zero while nobody may.
    pub pending_authority: Address,
    /// Who created the house; part of its address for ever.
    pub creator: Address,
    /// Wallet that the treasury's share is paid to.
    pub treasury_wallet: Address,
    /// Switchboard queue whose oracles may serve this house's draws. Fixed: whoever
    /// could change it could choose the outcome of running games.
    pub vrf_queue: Address,
    /// Mint of the token that the house plays for; all zero for native SOL. Fixed.
    pub mint: Address,
    /// Per tier, mean total contribution between two hits (base units): a game
    /// that contributes `c` hits the tier with probability `c / mean`. Also the most
    /// that a hit pays, so that nobody expects more than was paid in.
    pub jackpot_mean: [u64; TIERS],
    /// Reward of a crank (lamports, whatever the currency).
    pub bounty: u64,
    /// How long a draw waits for its oracle before it may be aborted (slots). Fixed.
    pub draw_timeout: u64,
    /// How long prizes may be claimed after the settlement (seconds).
    pub claim_window: u32,
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
    pub reserved: [u8; 63],
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

/// Highest bounty a house may set (lamports): 200 times the fee of a signature.
pub const MAX_BOUNTY: u64 = 1_000_000;
/// Shortest and longest claim window (seconds): an hour and a year.
pub const MIN_CLAIM_WINDOW: u32 = 3_600;
pub const MAX_CLAIM_WINDOW: u32 = 31_536_000;
/// Shortest and longest draw timeout (slots). The longest, a day at 400 ms a slot, is well
/// below `DRAW_GRACE`, so that lanes which wait for silent oracles are free again long
/// before a game may be cancelled for want of one.
pub const MIN_DRAW_TIMEOUT: u64 = 100;
pub const MAX_DRAW_TIMEOUT: u64 = 216_000;

/// What a house's authority may change; it applies to games created later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite, IdlType)]
pub struct HouseRules {
    /// Wallet that the treasury's share is paid to.
    pub treasury_wallet: Address,
    /// Mean contribution between hits, and the most a hit pays, per tier (base units),
    /// at least 1.
    pub jackpot_mean: [u64; TIERS],
    /// Reward of each crank (lamports), at most `MAX_BOUNTY`.
    pub bounty: u64,
    /// How long prizes may be claimed (seconds).
    pub claim_window: u32,
    /// Share for the prize pool (bps). All five shares sum to 10,000.
    pub prize_bps: u16,
    /// Shares for the jackpots (bps).
    pub jackpot_bps: [u16; TIERS],
    /// Share for the treasury (bps).
    pub treasury_bps: u16,
    /// Kept back from each award (bps), below 10,000.
    pub reserve_bps: [u16; TIERS],
    /// Whether anybody may create games.
    pub open_creation: bool,
}

/// What `create_house` fixes for ever, and the rules it starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite, IdlType)]
pub struct HouseParams {
    /// Switchboard queue.
    pub vrf_queue: Address,
    /// How long a draw waits for its oracle before it may be aborted (slots).
    pub draw_timeout: u64,
    pub rules: HouseRules,
}

impl HouseParams {
    pub fn validate(&self) -> Result<()> {
        require!(
            !address_eq(&self.vrf_queue, &Address::default()),
            LotteryError::AddressMissing
        );
        require!(
            (MIN_DRAW_TIMEOUT..=MAX_DRAW_TIMEOUT).contains(&self.draw_timeout),
            LotteryError::DrawTimeout
        );
        self.rules.validate()
    }
}

impl HouseRules {
    #[inline(never)]
    pub fn validate(&self) -> Result<()> {
        require_split_sums_to_whole(self.prize_bps, &self.jackpot_bps, self.treasury_bps)?;
        for tier in 0..TIERS {
            require!(
                self.reserve_bps[tier] < WHOLE_BPS,
                LotteryError::ReserveNotBelowWhole
            );
            require!(self.jackpot_mean[tier] > 0, LotteryError::JackpotMeanZero);
        }
        require!(
            !address_eq(&self.treasury_wallet, &Address::default()),
            LotteryError::AddressMissing
        );
        require!(self.bounty <= MAX_BOUNTY, LotteryError::BountyTooHigh);
        require!(
            (MIN_CLAIM_WINDOW..=MAX_CLAIM_WINDOW).contains(&self.claim_window),
            LotteryError::ClaimWindow
        );
        Ok(())
    }
}

impl House {
    /// Takes over rules for games created from here on.
    #[inline(never)]
    pub fn apply(&mut self, rules: &HouseRules) {
        self.treasury_wallet = rules.treasury_wallet;
        self.jackpot_mean = rules.jackpot_mean;
        self.bounty = rules.bounty;
        self.claim_window = rules.claim_window;
        self.prize_bps = rules.prize_bps;
        self.jackpot_bps = rules.jackpot_bps;
        self.treasury_bps = rules.treasury_bps;
        self.reserve_bps = rules.reserve_bps;
        self.flags &= !Self::FLAG_OPEN_CREATION;
        if rules.open_creation {
            self.flags |= Self::FLAG_OPEN_CREATION;
        }
    }
}
