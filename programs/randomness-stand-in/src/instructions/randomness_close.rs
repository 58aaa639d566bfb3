use anchor_lang::prelude::*;

use super::require_state;
use crate::{
    addresses::{require_reward_escrow, LOOKUP_TABLE_PROGRAM, WRAPPED_SOL},
    layout::{self, RandomnessAccountData},
    StandInError,
};

/// The list is Switchboard's; the escrow and the lookup table are only checked.
#[derive(Accounts)]
pub struct RandomnessClose {
    #[account(mut)]
    pub randomness: UncheckedAccount,
    #[account(mut)]
    pub reward_escrow: UncheckedAccount,
    /// Gets the rent.
    #[account(mut)]
    pub authority: Signer,
    pub program_state: UncheckedAccount,
    pub system_program: Program<System>,
    pub token_program: Program<Token>,
    #[account(address = WRAPPED_SOL @ StandInError::WrappedSolMint)]
    pub wrapped_sol_mint: UncheckedAccount,
    #[account(mut)]
    pub lut: UncheckedAccount,
    pub lut_signer: UncheckedAccount,
    #[account(address = LOOKUP_TABLE_PROGRAM @ StandInError::LookupTable)]
    pub address_lookup_table_program: UncheckedAccount,
}

impl RandomnessClose {
    #[inline(never)]
    pub fn handle(&mut self) -> Result<()> {
        require_state(self.program_state.account())?;
        require_reward_escrow(self.randomness.address(), self.reward_escrow.address())?;
        layout::read::<RandomnessAccountData>(self.randomness.account(), |randomness| {
            require!(
                layout::same(&randomness.authority, self.authority.address()),
                StandInError::WrongAuthority
            );
            Ok(())
        })?;

        let mut from = *self.randomness.account();
        let mut to = *self.authority.account();
        let Some(sum) = to.lamports().checked_add(from.lamports()) else {
            return Err(StandInError::Overflow.into());
        };
        to.set_lamports(sum);
        from.set_lamports(0);
        from.close()
    }
}
