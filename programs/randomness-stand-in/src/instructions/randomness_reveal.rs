use anchor_lang::prelude::*;

use super::{require_held, require_oracle, require_state};
use crate::{
    addresses::{require_oracle_stats, require_reward_escrow, SLOT_HASHES, WRAPPED_SOL},
    layout::{self, OracleAccountData, Pubkey, RandomnessAccountData},
    signature::{require_signed_by, reveal_message},
    StandInError,
};

#[derive(Accounts)]
pub struct RandomnessReveal {
    #[account(mut)]
    pub randomness: UncheckedAccount,
    pub oracle: UncheckedAccount,
    pub queue: UncheckedAccount,
    /// `["OracleRandomnessStats", oracle]`; need not exist.
    #[account(mut)]
    pub stats: UncheckedAccount,
    pub authority: Signer,
    /// Pays for the statistics in the real program. May be the authority too.
    #[account(mut, unsafe(dup))]
    pub payer: Signer,
    #[account(address = SLOT_HASHES @ StandInError::SlotHashesSysvar)]
    pub recent_slothashes: UncheckedAccount,
    pub system_program: Program<System>,
    #[account(mut)]
    pub reward_escrow: UncheckedAccount,
    pub token_program: Program<Token>,
    #[account(address = WRAPPED_SOL @ StandInError::WrappedSolMint)]
    pub wrapped_sol_mint: UncheckedAccount,
    pub program_state: UncheckedAccount,
}

impl RandomnessReveal {
    #[inline(never)]
    pub fn handle(
        &mut self,
        signature: &[u8; 64],
        recovery_id: u8,
        value: &[u8; 32],
    ) -> Result<()> {
        require_state(self.program_state.account())?;
        require_reward_escrow(self.randomness.address(), self.reward_escrow.address())?;
        require_oracle_stats(self.oracle.address(), self.stats.address())?;
        require_oracle(self.oracle.account(), self.queue.address())?;
        let slot = super::clock()?.slot;

        layout::write::<RandomnessAccountData>(self.randomness.account(), |randomness| {
            require_held(randomness, self.authority.address(), self.queue.address())?;
            require!(randomness.seed_slot != 0, StandInError::NothingCommitted);
            require!(randomness.reveal_slot == 0, StandInError::AlreadyRevealed);
            require!(
                layout::same(&randomness.oracle, self.oracle.address()),
                StandInError::ForeignOracle
            );
            require!(slot > randomness.seed_slot, StandInError::TooEarly);

            let digest = reveal_message(
                self.randomness.address().as_array(),
                &randomness.seed_slothash,
                randomness.seed_slot,
                value,
            );
            layout::read::<OracleAccountData>(self.oracle.account(), |oracle| {
                let key = &oracle.enclave.secp256k1_signer;
                require_signed_by(key, &digest, signature, recovery_id)
            })?;

            randomness.value = *value;
            randomness.reveal_slot = slot;
            randomness.oracle = Pubkey::new_from_array([0; 32]);
            Ok(())
        })
    }
}
