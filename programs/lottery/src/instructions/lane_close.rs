use anchor_lang::{address_eq, pinocchio::instruction::InstructionAccount, prelude::*};

use crate::{error::LotteryError, state::Lane, switchboard};

/// Closes an idle lane and its randomness account; the rent of both returns to who
/// paid for them. Draws that are revealed or aborted do not need their lane any more.
#[derive(Accounts)]
pub struct CloseLane {
    #[account(mut, constraint(address_eq(payer.address(), &lane.payer) @ LotteryError::NotLanePayer))]
    pub payer: Signer,
    #[account(mut)]
    pub lane: Account<Lane>,
    #[account(mut, constraint(address_eq(randomness.address(), &lane.randomness) @ LotteryError::RandomnessAccount))]
    pub randomness: UncheckedAccount,
    /// Checked by Switchboard.
    #[account(mut)]
    pub reward_escrow: UncheckedAccount,
    /// Checked by Switchboard.
    pub state: UncheckedAccount,
    pub system_program: Program<System>,
    #[account(address = switchboard::TOKEN_PROGRAM)]
    pub token_program: UncheckedAccount,
    #[account(address = switchboard::WRAPPED_SOL)]
    pub wrapped_sol_mint: UncheckedAccount,
    /// Checked by Switchboard.
    #[account(mut)]
    pub lut: UncheckedAccount,
    /// Checked by Switchboard.
    pub lut_signer: UncheckedAccount,
    #[account(address = switchboard::LOOKUP_TABLE_PROGRAM)]
    pub lookup_table_program: UncheckedAccount,
    #[account(constraint(address_eq(switchboard.address(), &switchboard::PROGRAM_ID) @ LotteryError::RandomnessProgram))]
    pub switchboard: UncheckedAccount,
}

impl CloseLane {
    pub fn run(&mut self) -> Result<()> {
        require!(self.lane.state == Lane::IDLE, LotteryError::LaneBusy);
        self.close_randomness();
        // The randomness account's rent is in the lane now, and goes with its own.
        self.lane.close(*self.payer.account())
    }

    fn close_randomness(&self) {
        let metas = [
            InstructionAccount::writable(self.randomness.address()),
            InstructionAccount::writable(self.reward_escrow.address()),
            InstructionAccount::writable_signer(self.lane.address()),
            InstructionAccount::readonly(self.state.address()),
            InstructionAccount::readonly(self.system_program.address()),
            InstructionAccount::readonly(self.token_program.address()),
            InstructionAccount::readonly(self.wrapped_sol_mint.address()),
            InstructionAccount::writable(self.lut.address()),
            InstructionAccount::readonly(self.lut_signer.address()),
            InstructionAccount::readonly(self.lookup_table_program.address()),
        ];
        let handles = [
            self.randomness.cpi_handle(),
            self.reward_escrow.cpi_handle(),
            self.lane.cpi_handle(),
            self.state.cpi_handle(),
            self.system_program.cpi_handle(),
            self.token_program.cpi_handle(),
            self.wrapped_sol_mint.cpi_handle(),
            self.lut.cpi_handle(),
            self.lut_signer.cpi_handle(),
            self.lookup_table_program.cpi_handle(),
        ];
        switchboard::invoke(
            &switchboard::CLOSE,
            &metas,
            &handles,
            &[&self.lane.signer().seeds()],
        );
    }
}
