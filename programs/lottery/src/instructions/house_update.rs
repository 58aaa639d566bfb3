use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use crate::{
    error::LotteryError,
    events::{EventAccounts, HouseChanged, EVENT_VERSION},
    state::{House, HouseRules},
};

/// What the authority does to its house: new rules for later games, pauses, and
/// handing itself over.
#[derive(Accounts)]
pub struct AdministerHouse {
    #[account(constraint(address_eq(authority.address(), &house.authority) @ LotteryError::NotAuthority))]
    pub authority: Signer,
    #[account(mut)]
    pub house: Account<House>,
    pub events: Nested<EventAccounts>,
}

impl AdministerHouse {
    /// Games that exist keep the rules they were created with.
    pub fn update(&mut self, rules: &HouseRules) -> Result<()> {
        rules.validate()?;
        self.house.apply(rules);
        self.tell()
    }

    /// Pauses or resumes new games and new entries. Nothing else can be paused:
    /// draws, claims, refunds and the return of rent never ask.
    pub fn set_pause(&mut self, games: bool, joins: bool) -> Result<()> {
        let mut flags = self.house.flags & !House::PAUSE_FLAGS;
        if games {
            flags |= House::FLAG_PAUSE_GAMES;
        }
        if joins {
            flags |= House::FLAG_PAUSE_JOINS;
        }
        self.house.flags = flags;
        self.tell()
    }

    /// Names who may take the authority over; the zero address withdraws the offer.
    pub fn propose(&mut self, successor: Address) -> Result<()> {
        self.house.pending_authority = successor;
        self.tell()
    }

    fn tell(&self) -> Result<()> {
        self.events
            .emit(&self.house.changed(self.house.address()))?;
        Ok(())
    }
}

/// The second step of a handover: the successor shows that it can sign.
#[derive(Accounts)]
pub struct AcceptAuthority {
    #[account(constraint(address_eq(successor.address(), &house.pending_authority) @ LotteryError::NotPendingAuthority))]
    pub successor: Signer,
    #[account(mut)]
    pub house: Account<House>,
    pub events: Nested<EventAccounts>,
}

impl AcceptAuthority {
    pub fn run(&mut self) -> Result<()> {
        self.house.authority = *self.successor.address();
        self.house.pending_authority = Address::default();
        self.events
            .emit(&self.house.changed(self.house.address()))?;
        Ok(())
    }
}

impl House {
    /// The event of its present state.
    pub fn changed(&self, address: &Address) -> HouseChanged {
        HouseChanged {
            version: EVENT_VERSION,
            house: *address,
            authority: self.authority,
            pending_authority: self.pending_authority,
            treasury_wallet: self.treasury_wallet,
            vrf_queue: self.vrf_queue,
            mint: self.mint,
            jackpot_mean: self.jackpot_mean,
            bounty: self.bounty,
            draw_timeout: self.draw_timeout,
            claim_window: self.claim_window,
            prize_bps: self.prize_bps,
            treasury_bps: self.treasury_bps,
            jackpot_bps: self.jackpot_bps,
            reserve_bps: self.reserve_bps,
            flags: self.flags,
        }
    }
}
