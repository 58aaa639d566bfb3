use anchor_lang::{address_eq, prelude::*};

use crate::{error::LotteryError, state::House};

/// Pauses or resumes new games and new entries. Nothing else can be paused:
/// draws, claims and refunds never ask.
#[derive(Accounts)]
pub struct SetPause {
    #[account(constraint(address_eq(authority.address(), &house.authority) @ LotteryError::NotAuthority))]
    pub authority: Signer,
    #[account(mut)]
    pub house: Account<House>,
}

impl SetPause {
    pub fn run(&mut self, games: bool, joins: bool) -> Result<()> {
        let mut flags = self.house.flags & !House::PAUSE_FLAGS;
        if games {
            flags |= House::FLAG_PAUSE_GAMES;
        }
        if joins {
            flags |= House::FLAG_PAUSE_JOINS;
        }
        self.house.flags = flags;
        Ok(())
    }
}
