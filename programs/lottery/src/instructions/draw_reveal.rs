use anchor_lang::{address_eq, pinocchio::instruction::InstructionAccount, prelude::*};

use super::nested::*;
use crate::{
    clock::clock,
    error::LotteryError,
    events::{DrawRevealed, EventAccounts, EVENT_VERSION},
    money::pay_lamports,
    state::{Draw, House, Lane},
    switchboard::{self, ExpectedRandomness},
};

/// Brings the oracle's signed value on chain and frees the lane. Anybody may:
/// the value is fixed by the commitment, so there is nothing to choose.
#[derive(Accounts)]
pub struct RevealDraw {
    /// Pays what Switchboard may charge, and gets the bounties.
    #[account(mut)]
    pub payer: Signer,
    #[account(constraint(address_eq(house.address(), &lane.house) @ LotteryError::ForeignHouse))]
    pub house: Account<House>,
    #[account(mut)]
    pub lane: Account<Lane>,
    #[account(mut, constraint(address_eq(&draw.lane, lane.address()) @ LotteryError::ForeignLane))]
    pub draw: Account<Draw>,
    #[account(mut, constraint(address_eq(randomness.address(), &lane.randomness) @ LotteryError::RandomnessAccount))]
    pub randomness: UncheckedAccount,
    #[account(constraint(address_eq(oracle.address(), &draw.oracle) @ LotteryError::ForeignOracle))]
    pub oracle: UncheckedAccount,
    #[account(constraint(address_eq(queue.address(), &house.vrf_queue) @ LotteryError::RandomnessQueue))]
    pub queue: UncheckedAccount,
    /// Checked by Switchboard.
    #[account(mut)]
    pub stats: UncheckedAccount,
    #[account(address = switchboard::SLOT_HASHES)]
    pub slot_hashes: UncheckedAccount,
    pub system_program: Program<System>,
    /// Checked by Switchboard.
    #[account(mut)]
    pub reward_escrow: UncheckedAccount,
    #[account(address = switchboard::TOKEN_PROGRAM)]
    pub token_program: UncheckedAccount,
    #[account(address = switchboard::WRAPPED_SOL)]
    pub wrapped_sol_mint: UncheckedAccount,
    /// Checked by Switchboard.
    pub state: UncheckedAccount,
    #[account(constraint(address_eq(switchboard.address(), &switchboard::PROGRAM_ID) @ LotteryError::RandomnessProgram))]
    pub switchboard: UncheckedAccount,
    pub events: Nested<EventAccounts>,
}

impl RevealDraw {
    pub fn run(&mut self, signature: &[u8; 64], recovery_id: u8, value: &[u8; 32]) -> Result<()> {
        require!(self.draw.state != Draw::ABORTED, LotteryError::DrawAborted);
        require!(self.draw.state == Draw::PENDING, LotteryError::DrawRevealed);
        require!(
            self.lane.current_draw() == Some(self.draw.id),
            LotteryError::LaneIdle
        );
        let slot = clock()?.slot;
        let lane = *self.lane.address();
        let expected = ExpectedRandomness {
            lane: &lane,
            queue: &self.house.vrf_queue,
            oracle: &self.draw.oracle,
            seed_slot: self.draw.seed_slot,
        };
        switchboard::require_pending(self.randomness.account(), &expected)?;
        self.reveal(signature, recovery_id, value);
        switchboard::require_revealed(self.randomness.account(), &expected, value, slot)?;

        let draw = &mut self.draw;
        draw.value = *value;
        draw.reveal_slot = slot;
        draw.state = Draw::REVEALED;
        let lane = &mut self.lane;
        lane.state = Lane::IDLE;
        // Less than one a slot.
        lane.draws_revealed = lane.draws_revealed.wrapping_add(1);

        let bounty = core::mem::take(&mut self.draw.bounty);
        self.events.emit(&DrawRevealed {
            version: EVENT_VERSION,
            draw: *self.draw.address(),
            value: *value,
            cranker: *self.payer.address(),
            bounty,
        })?;
        let rent = Rent::get()?;
        pay_lamports(self.draw.account(), self.payer.account(), bounty, &rent)
    }

    fn reveal(&self, signature: &[u8; 64], recovery_id: u8, value: &[u8; 32]) {
        let mut data = [0; 105];
        data[..8].copy_from_slice(&switchboard::REVEAL);
        data[8..72].copy_from_slice(signature);
        data[72] = recovery_id;
        data[73..].copy_from_slice(value);
        let metas = [
            InstructionAccount::writable(self.randomness.address()),
            InstructionAccount::readonly(self.oracle.address()),
            InstructionAccount::readonly(self.queue.address()),
            InstructionAccount::writable(self.stats.address()),
            InstructionAccount::readonly_signer(self.lane.address()),
            InstructionAccount::writable_signer(self.payer.address()),
            InstructionAccount::readonly(self.slot_hashes.address()),
            InstructionAccount::readonly(self.system_program.address()),
            InstructionAccount::writable(self.reward_escrow.address()),
            InstructionAccount::readonly(self.token_program.address()),
            InstructionAccount::readonly(self.wrapped_sol_mint.address()),
            InstructionAccount::readonly(self.state.address()),
        ];
        let handles = [
            self.randomness.cpi_handle(),
            self.oracle.cpi_handle(),
            self.queue.cpi_handle(),
            self.stats.cpi_handle(),
            self.lane.cpi_handle(),
            self.payer.cpi_handle(),
            self.slot_hashes.cpi_handle(),
            self.system_program.cpi_handle(),
            self.reward_escrow.cpi_handle(),
            self.token_program.cpi_handle(),
            self.wrapped_sol_mint.cpi_handle(),
            self.state.cpi_handle(),
        ];
        switchboard::invoke(&data, &metas, &handles, &[&self.lane.signer().seeds()]);
    }
}
