//! What a game owes to whom: found first, then marked as paid. Nothing changes
//! between the two, so that a payment which cannot be made leaves no trace.

use anchor_lang::prelude::*;

use super::{Entry, Game, GameStatus, TIERS};
use crate::{
    draw::{fate, Fate},
    error::LotteryError,
    math::place_prize,
};

impl Game {
    /// Place and prize (base units) of a ticket, if its prize can be claimed `now`
    /// (unix seconds).
    pub fn prize_due(&self, entry: &Entry, ticket: u32, now: i64) -> Result<(u8, u64)> {
        self.require_claimable(entry, ticket, now)?;
        let Fate::Alive(place) = fate(&self.rules(), self.seeds(), ticket) else {
            return Err(LotteryError::TicketLost.into());
        };
        // Places are below 32, the number of bits.
        let bit = 1u32.wrapping_shl(place);
        require!(self.places_paid & bit == 0, LotteryError::AlreadyPaid);
        let prize = place_prize(self.prize_pool, &self.place_bps, place as usize);
        Ok((place as u8, prize))
    }

    /// Notes that a place was paid.
    pub fn note_prize(&mut self, place: u8, prize: u64) -> Result<()> {
        self.places_paid |= 1u32.wrapping_shl(u32::from(place));
        self.note_payment(prize)
    }

    /// Award (base units) of a tier that the entry holds the winning ticket of, if it
    /// can be claimed `now` (unix seconds).
    pub fn award_due(&self, entry: &Entry, tier: u8, now: i64) -> Result<u64> {
        let index = usize::from(tier);
        require!(index < TIERS, LotteryError::UnknownTier);
        self.require_settled()?;
        let award = self.jackpot_awards[index];
        require!(award > 0, LotteryError::NoAward);
        self.require_claimable(entry, self.jackpot_tickets[index], now)?;
        let bit = 1u8.wrapping_shl(u32::from(tier));
        require!(self.awards_paid & bit == 0, LotteryError::AlreadyPaid);
        Ok(award)
    }

    /// Notes that a tier's award was paid.
    pub fn note_award(&mut self, tier: u8, award: u64) -> Result<()> {
        self.awards_paid |= 1u8.wrapping_shl(u32::from(tier));
        self.note_payment(award)
    }

    /// What an entry gets back (base units).
    pub fn refund_due(&self, entry: &Entry) -> Result<u64> {
        require!(
            self.is(GameStatus::Cancelled),
            LotteryError::GameNotCancelled
        );
        require!(entry.refunded == 0, LotteryError::AlreadyPaid);
        Ok(entry.paid)
    }

    /// Notes that an entry got its money back.
    pub fn note_refund(&mut self, entry: &mut Entry) -> Result<()> {
        entry.refunded = 1;
        self.refunded = self
            .refunded
            .checked_add(entry.paid)
            .ok_or(LotteryError::Overflow)?;
        self.note_if_paid()
    }

    fn require_settled(&self) -> Result<()> {
        require!(self.is(GameStatus::Settled), LotteryError::GameNotSettled);
        Ok(())
    }

    fn require_claimable(&self, entry: &Entry, ticket: u32, now: i64) -> Result<()> {
        self.require_settled()?;
        require!(now < self.claims_end(), LotteryError::ClaimsEnded);
        require!(entry.holds(ticket), LotteryError::TicketNotInEntry);
        Ok(())
    }

    fn note_payment(&mut self, amount: u64) -> Result<()> {
        self.paid_out = self
            .paid_out
            .checked_add(amount)
            .ok_or(LotteryError::Overflow)?;
        self.note_if_paid()
    }
}
