use anchor_lang::prelude::*;

use crate::{
    layout::{self, OracleAccountData},
    StandInError,
};

#[derive(Accounts)]
pub struct OracleHeartbeat {
    #[account(mut)]
    pub oracle: UncheckedAccount,
    /// The oracle's authority.
    pub authority: Signer,
}

impl OracleHeartbeat {
    #[inline(never)]
    pub fn handle(&mut self, valid_until: Option<i64>) -> Result<()> {
        let now = super::clock()?.unix_timestamp;
        layout::write::<OracleAccountData>(self.oracle.account(), |oracle| {
            require!(
                layout::same(&oracle.authority, self.authority.address()),
                StandInError::WrongAuthority
            );
            oracle.last_heartbeat = now;
            if let Some(valid_until) = valid_until {
                oracle.enclave.valid_until = valid_until;
            }
            Ok(())
        })
    }
}
