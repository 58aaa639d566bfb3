#![expect(
    unused_variables,
    reason = "the derive binds every argument of #[instruction] wherever it generates code"
)]

use anchor_lang::{address_eq, pinocchio::instruction::InstructionAccount, prelude::*};

use crate::{
    clock::clock,
    error::LotteryError,
    seeds,
    state::{House, Lane, LAYOUT_VERSION},
    switchboard,
};

/// Opens a lane: creates the Switchboard randomness account that only this
/// program can commit and reveal. Anybody may pay for one.
#[derive(Accounts)]
#[instruction(index: u8)]
pub struct OpenLane {
    #[account(mut)]
    pub payer: Signer,
    pub house: Account<House>,
    #[account(init, payer = payer, seeds = [seeds::LANE, house.address().as_ref(), &[index]], bump)]
    pub lane: Account<Lane>,
    #[account(mut, seeds = [seeds::RANDOMNESS, lane.address().as_ref()], bump)]
    pub randomness: UncheckedAccount,
    /// Checked by Switchboard: the randomness account's wrapped SOL account.
    #[account(mut)]
    pub reward_escrow: UncheckedAccount,
    #[account(mut, constraint(address_eq(queue.address(), &house.vrf_queue) @ LotteryError::RandomnessQueue))]
    pub queue: UncheckedAccount,
    /// Checked by Switchboard.
    pub state: UncheckedAccount,
    /// Checked by Switchboard.
    pub lut_signer: UncheckedAccount,
    /// Checked by Switchboard.
    #[account(mut)]
    pub lut: UncheckedAccount,
    #[account(constraint(address_eq(switchboard.address(), &switchboard::PROGRAM_ID) @ LotteryError::RandomnessProgram))]
    pub switchboard: UncheckedAccount,
    pub system_program: Program<System>,
    #[account(address = switchboard::TOKEN_PROGRAM)]
    pub token_program: UncheckedAccount,
    #[account(address = switchboard::ASSOCIATED_TOKEN_PROGRAM)]
    pub associated_token_program: UncheckedAccount,
    #[account(address = switchboard::WRAPPED_SOL)]
    pub wrapped_sol_mint: UncheckedAccount,
    #[account(address = switchboard::LOOKUP_TABLE_PROGRAM)]
    pub lookup_table_program: UncheckedAccount,
}

impl OpenLane {
    pub fn run(&mut self, bumps: &OpenLaneBumps, index: u8, recent_slot: u64) -> Result<()> {
        let lane_address = *self.lane.address();
        let lane = &mut self.lane;
        lane.house = *self.house.address();
        lane.randomness = *self.randomness.address();
        lane.payer = *self.payer.address();
        lane.next_draw = clock()?.slot;
        lane.state = Lane::IDLE;
        lane.index = index;
        lane.version = LAYOUT_VERSION;
        lane.bump = bumps.lane;
        lane.randomness_bump = bumps.randomness;

        let mut data = [0; 16];
        data[..8].copy_from_slice(&switchboard::INIT);
        data[8..].copy_from_slice(&recent_slot.to_le_bytes());
        let house = *self.house.address();
        let signers: &[&[&[u8]]] = &[
            &[seeds::LANE, house.as_ref(), &[index], &[bumps.lane]],
            &[
                seeds::RANDOMNESS,
                lane_address.as_ref(),
                &[bumps.randomness],
            ],
        ];
        let metas = [
            InstructionAccount::writable_signer(self.randomness.address()),
            InstructionAccount::writable(self.reward_escrow.address()),
            InstructionAccount::readonly_signer(self.lane.address()),
            InstructionAccount::writable(self.queue.address()),
            InstructionAccount::writable_signer(self.payer.address()),
            InstructionAccount::readonly(self.system_program.address()),
            InstructionAccount::readonly(self.token_program.address()),
            InstructionAccount::readonly(self.associated_token_program.address()),
            InstructionAccount::readonly(self.wrapped_sol_mint.address()),
            InstructionAccount::readonly(self.state.address()),
            InstructionAccount::readonly(self.lut_signer.address()),
            InstructionAccount::writable(self.lut.address()),
            InstructionAccount::readonly(self.lookup_table_program.address()),
        ];
        let handles = [
            self.randomness.cpi_handle(),
            self.reward_escrow.cpi_handle(),
            self.lane.cpi_handle(),
            self.queue.cpi_handle(),
            self.payer.cpi_handle(),
            self.system_program.cpi_handle(),
            self.token_program.cpi_handle(),
            self.associated_token_program.cpi_handle(),
            self.wrapped_sol_mint.cpi_handle(),
            self.state.cpi_handle(),
            self.lut_signer.cpi_handle(),
            self.lut.cpi_handle(),
            self.lookup_table_program.cpi_handle(),
        ];
        switchboard::invoke(&data, &metas, &handles, signers);
        switchboard::require_owned(
            self.randomness.account(),
            &lane_address,
            &self.house.vrf_queue,
        )
    }
}
