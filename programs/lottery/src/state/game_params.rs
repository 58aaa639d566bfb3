use anchor_lang::prelude::*;

use super::{House, MAX_PLACES, MAX_ROUND_INTERVAL, MAX_SALES};
use crate::{
    draw::MAX_ROUNDS,
    error::LotteryError,
    math::{bps_of, checked_mul, WHOLE_BPS},
    state::TIERS,
};

/// What `create_game` fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite, IdlType)]
pub struct GameParams {
    /// Number of games the house has created so far.
    pub id: u64,
    /// Price of a ticket (base units).
    pub entry_fee: u64,
    /// First second of sales (unix).
    pub opens_at: i64,
    /// First second after sales (unix), at most a year ahead.
    pub closes_at: i64,
    /// Fewer tickets than this at the close cancel the game.
    pub min_tickets: u32,
    pub max_tickets: u32,
    pub max_tickets_per_entry: u32,
    /// Pause between rounds (seconds).
    pub round_interval: u32,
    /// Rounds of elimination, 1 to 8.
    pub rounds: u8,
    /// Winning tickets, 1 to 32.
    pub winners: u8,
    /// Survivors of each round but the last (bps); 0 beyond.
    pub keep_bps: [u16; MAX_ROUNDS],
    /// Prize of each place (bps); 0 beyond.
    pub place_bps: [u16; MAX_PLACES],
}

impl GameParams {
    /// Refuses rules that no game can be played by.
    pub fn validate(&self, now: i64) -> Result<()> {
        require!(self.entry_fee > 0, LotteryError::FeeZero);
        require!(
            checked_mul(self.entry_fee, u64::from(self.max_tickets)).is_some(),
            LotteryError::GrossOverflow
        );
        require!(
            self.opens_at < self.closes_at
                && now < self.closes_at
                && self.closes_at.saturating_sub(now) <= MAX_SALES,
            LotteryError::GameTimes
        );
        require!(
            self.rounds >= 1 && usize::from(self.rounds) <= MAX_ROUNDS,
            LotteryError::RoundCount
        );
        require!(
            self.winners >= 1 && usize::from(self.winners) <= MAX_PLACES,
            LotteryError::WinnerCount
        );
        require!(
            u32::from(self.winners) <= self.min_tickets
                && self.min_tickets <= self.max_tickets
                && self.max_tickets_per_entry >= 1
                && self.max_tickets_per_entry <= self.max_tickets,
            LotteryError::TicketBounds
        );
        require!(
            self.round_interval <= MAX_ROUND_INTERVAL,
            LotteryError::RoundInterval
        );
        self.validate_rounds()?;
        self.validate_places()
    }

    /// Refuses a game that could pay more into a jackpot than its mean contribution
    /// between hits: beyond it the chance would no longer grow with what is paid in.
    pub fn validate_contributions(&self, house: &House) -> Result<()> {
        let most = checked_mul(self.entry_fee, u64::from(self.max_tickets))
            .ok_or(LotteryError::GrossOverflow)?;
        for tier in 0..TIERS {
            require!(
                bps_of(most, house.jackpot_bps[tier]) <= house.jackpot_mean[tier],
                LotteryError::ContributionAboveMean
            );
        }
        Ok(())
    }

    fn validate_rounds(&self) -> Result<()> {
        // The last round keeps exactly the winners and has no rate.
        let rated = usize::from(self.rounds).saturating_sub(1);
        for (round, keep) in self.keep_bps.iter().enumerate() {
            let valid = if round < rated {
                *keep >= 1 && *keep <= WHOLE_BPS
            } else {
                *keep == 0
            };
            require!(valid, LotteryError::KeepBps);
        }
        Ok(())
    }

    fn validate_places(&self) -> Result<()> {
        let mut sum = 0u32;
        for (place, bps) in self.place_bps.iter().enumerate() {
            let paid = place < usize::from(self.winners);
            require!((*bps >= 1) == paid, LotteryError::PrizeBps);
            // 32 * 65,535 fits.
            sum = sum.wrapping_add(u32::from(*bps));
        }
        require!(sum == u32::from(WHOLE_BPS), LotteryError::PrizeBps);
        Ok(())
    }
}
