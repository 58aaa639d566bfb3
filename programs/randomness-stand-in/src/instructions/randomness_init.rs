use anchor_lang::{
    pinocchio::instruction::InstructionAccount, prelude::*, programs::AssociatedToken,
    unchecked_invoke_signed_fixed,
};

use crate::{
    addresses::{
        require_derived, require_reward_escrow, LOOKUP_TABLE_PROGRAM, LUT_SIGNER_SEED, STATE_SEED,
        WRAPPED_SOL,
    },
    layout::{self, QueueAccountData, RandomnessAccountData, State, RANDOMNESS_LEN},
    StandInError,
};

/// `create_idempotent` of the associated token account program: anybody may have created
/// the account before, and it outlives the randomness account.
const CREATE_TOKEN_ACCOUNT: [u8; 1] = [1];
/// `create` of the lookup table program; a recent slot (u64) and a bump (u8) follow.
const CREATE_LOOKUP_TABLE: [u8; 4] = [0; 4];

#[derive(Accounts)]
pub struct RandomnessInit {
    /// The account to create: a keypair, or an address of the calling program.
    #[account(mut)]
    pub randomness: Signer,
    /// Its wrapped SOL account, created here if it is not there.
    #[account(mut)]
    pub reward_escrow: UncheckedAccount,
    /// Who may commit, reveal and close.
    pub authority: Signer,
    #[account(mut)]
    pub queue: UncheckedAccount,
    /// May be the authority too.
    #[account(mut, unsafe(dup))]
    pub payer: Signer,
    pub system_program: Program<System>,
    pub token_program: Program<Token>,
    pub associated_token_program: Program<AssociatedToken>,
    #[account(address = WRAPPED_SOL @ StandInError::WrappedSolMint)]
    pub wrapped_sol_mint: UncheckedAccount,
    /// `["STATE"]`
    pub program_state: UncheckedAccount,
    /// `["LutSigner", randomness]`
    pub lut_signer: UncheckedAccount,
    /// The lookup table of that signer and the recent slot, created here.
    #[account(mut)]
    pub lut: UncheckedAccount,
    #[account(address = LOOKUP_TABLE_PROGRAM @ StandInError::LookupTable)]
    pub address_lookup_table_program: UncheckedAccount,
}

impl RandomnessInit {
    #[inline(never)]
    pub fn handle(&mut self, recent_slot: u64) -> Result<()> {
        layout::read::<QueueAccountData>(self.queue.account(), |_| Ok(()))?;
        require_state(self.program_state.account())?;
        require!(
            !self.randomness.owned_by(&crate::ID),
            StandInError::AlreadyInitialized
        );
        self.create_randomness(recent_slot)?;
        self.create_reward_escrow()?;
        self.create_lookup_table(recent_slot)
    }

    #[inline(never)]
    fn create_randomness(&self, recent_slot: u64) -> Result<()> {
        create_account(
            self.payer.account(),
            self.randomness.account(),
            RANDOMNESS_LEN,
            &crate::ID,
        )?;
        let authority = layout::key(self.authority.address());
        let queue = layout::key(self.queue.address());
        layout::create::<RandomnessAccountData>(self.randomness.account(), |randomness| {
            randomness.authority = authority;
            randomness.queue = queue;
            Ok(())
        })?;
        // The crate's struct keeps this field to itself.
        let mut view = *self.randomness.account();
        let mut data = view.try_borrow_mut()?;
        let (_, rest) = data.split_at_mut(layout::LUT_SLOT_OFFSET);
        let (slot, _) = rest.split_at_mut(8);
        slot.copy_from_slice(&recent_slot.to_le_bytes());
        Ok(())
    }

    #[inline(never)]
    fn create_reward_escrow(&self) -> Result<()> {
        require_reward_escrow(self.randomness.address(), self.reward_escrow.address())?;
        unchecked_invoke_signed_fixed(
            self.associated_token_program.address(),
            &CREATE_TOKEN_ACCOUNT,
            &[
                InstructionAccount::writable_signer(self.payer.address()),
                InstructionAccount::writable(self.reward_escrow.address()),
                InstructionAccount::readonly(self.randomness.address()),
                InstructionAccount::readonly(self.wrapped_sol_mint.address()),
                InstructionAccount::readonly(self.system_program.address()),
                InstructionAccount::readonly(self.token_program.address()),
            ],
            &[
                self.payer.cpi_handle(),
                self.reward_escrow.cpi_handle(),
                self.randomness.cpi_handle(),
                self.wrapped_sol_mint.cpi_handle(),
                self.system_program.cpi_handle(),
                self.token_program.cpi_handle(),
            ],
            &[],
        );
        Ok(())
    }

    #[inline(never)]
    fn create_lookup_table(&self, recent_slot: u64) -> Result<()> {
        let slot = recent_slot.to_le_bytes();
        let signer_seeds = [LUT_SIGNER_SEED, self.randomness.address().as_ref()];
        let signer_bump = require_derived(
            &signer_seeds,
            &crate::ID,
            self.lut_signer.address(),
            StandInError::LookupTableSigner,
        )?;
        let table_bump = require_derived(
            &[self.lut_signer.address().as_ref(), &slot],
            &LOOKUP_TABLE_PROGRAM,
            self.lut.address(),
            StandInError::LookupTable,
        )?;
        let mut data = [0; 13];
        let (tag, rest) = data.split_at_mut(4);
        tag.copy_from_slice(&CREATE_LOOKUP_TABLE);
        let (recent, bump) = rest.split_at_mut(8);
        recent.copy_from_slice(&slot);
        bump.copy_from_slice(&[table_bump]);
        unchecked_invoke_signed_fixed(
            self.address_lookup_table_program.address(),
            &data,
            &[
                InstructionAccount::writable(self.lut.address()),
                InstructionAccount::readonly_signer(self.lut_signer.address()),
                InstructionAccount::writable_signer(self.payer.address()),
                InstructionAccount::readonly(self.system_program.address()),
            ],
            &[
                self.lut.cpi_handle(),
                self.lut_signer.cpi_handle(),
                self.payer.cpi_handle(),
                self.system_program.cpi_handle(),
            ],
            &[&[
                LUT_SIGNER_SEED,
                self.randomness.address().as_ref(),
                &[signer_bump],
            ]],
        );
        Ok(())
    }
}

/// The state account, by address and by what it is.
#[inline(never)]
pub(crate) fn require_state(state: &AccountView) -> Result<()> {
    require_derived(
        &[STATE_SEED],
        &crate::ID,
        state.address(),
        StandInError::StateAccount,
    )?;
    layout::read::<State>(state, |_| Ok(()))
}
