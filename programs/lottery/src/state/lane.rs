use anchor_lang::prelude::*;

use crate::{money::PdaSigner, seeds};

/// One randomness account and the one draw that may be waiting for it. A house
/// opens as many lanes as it wants draws to wait at the same time.
#[account]
#[derive(Debug, PartialEq, Eq)]
pub struct Lane {
    pub house: Address,
    /// Switchboard randomness account; its authority is this lane.
    pub randomness: Address,
    /// Who paid for the lane.
    pub payer: Address,
    /// Id of the next draw. It starts at the slot the lane was opened in: a
    /// lane makes at most one draw a slot, so no id comes twice even if a lane
    /// of the same index is closed and opened again.
    pub next_draw: u64,
    /// Draws ever revealed.
    pub draws_revealed: u64,
    /// `Lane::IDLE` or `Lane::COMMITTED`.
    pub state: u8,
    pub index: u8,
    pub version: u8,
    pub bump: u8,
    /// Bump of the randomness account's address.
    pub randomness_bump: u8,
    pub reserved: [u8; 59],
}

impl Lane {
    /// Free for the next draw.
    pub const IDLE: u8 = 0;
    /// Draw `next_draw - 1` waits for its value.
    pub const COMMITTED: u8 = 1;

    /// How it signs for its randomness account.
    pub fn signer(&self) -> PdaSigner {
        PdaSigner::new(seeds::LANE, self.house, &[self.index], self.bump)
    }

    /// Id of the draw that was requested last, if any was.
    pub fn current_draw(&self) -> Option<u64> {
        (self.state == Self::COMMITTED).then(|| self.next_draw.wrapping_sub(1))
    }
}
