use anchor_lang::prelude::*;

use crate::{
    addresses::{require_derived, STATE_SEED},
    layout::{self, State, STATE_LEN},
    StandInError,
};

#[derive(Accounts)]
pub struct StateInit {
    /// `["STATE"]`, created here.
    #[account(mut)]
    pub state: UncheckedAccount,
    /// Pays the rent and becomes the state's authority.
    #[account(mut)]
    pub payer: Signer,
    pub system_program: Program<System>,
}

impl StateInit {
    #[inline(never)]
    pub fn handle(&mut self) -> Result<()> {
        require!(
            !self.state.owned_by(&crate::ID),
            StandInError::AlreadyInitialized
        );
        let bump = require_derived(
            &[STATE_SEED],
            &crate::ID,
            self.state.address(),
            StandInError::StateAccount,
        )?;
        create_account_signed(
            self.payer.account(),
            self.state.account(),
            STATE_LEN,
            &crate::ID,
            &[STATE_SEED, &[bump]],
        )?;
        let authority = layout::key(self.payer.address());
        layout::create::<State>(self.state.account(), |state| {
            state.bump = bump;
            state.authority = authority;
            Ok(())
        })
    }
}
