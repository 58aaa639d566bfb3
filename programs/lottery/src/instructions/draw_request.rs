use anchor_lang::{address_eq, pinocchio::instruction::InstructionAccount, prelude::*};

use crate::{
    error::LotteryError,
    money::load_mut,
    seeds,
    state::{Draw, Game, GameStatus, House, Lane, LAYOUT_VERSION},
    switchboard::{self, clock, ExpectedRandomness},
};

/// Freezes the games given, binds them to a new draw and commits to a value
/// that nobody can know yet, all in one. Anybody may.
///
/// Remaining accounts: the games, writable.
#[derive(Accounts)]
pub struct RequestDraw {
    /// Pays the draw's rent until it is settled.
    #[account(mut)]
    pub payer: Signer,
    pub house: Account<House>,
    #[account(mut, constraint(address_eq(&lane.house, house.address()) @ LotteryError::ForeignHouse))]
    pub lane: Account<Lane>,
    #[account(init, payer = payer, seeds = [seeds::DRAW, lane.address().as_ref(), &lane.next_draw.to_le_bytes()], bump)]
    pub draw: Account<Draw>,
    #[account(mut, constraint(address_eq(randomness.address(), &lane.randomness) @ LotteryError::RandomnessAccount))]
    pub randomness: UncheckedAccount,
    #[account(constraint(address_eq(queue.address(), &house.vrf_queue) @ LotteryError::RandomnessQueue))]
    pub queue: UncheckedAccount,
    #[account(mut)]
    pub oracle: UncheckedAccount,
    #[account(address = switchboard::SLOT_HASHES)]
    pub slot_hashes: UncheckedAccount,
    #[account(constraint(address_eq(switchboard.address(), &switchboard::PROGRAM_ID) @ LotteryError::RandomnessProgram))]
    pub switchboard: UncheckedAccount,
    pub system_program: Program<System>,
}

impl RequestDraw {
    pub fn run(&mut self, bump: u8, games: &[AccountView]) -> Result<()> {
        let clock = clock()?;
        require!(self.lane.state == Lane::IDLE, LotteryError::LaneBusy);
        require!(!games.is_empty(), LotteryError::NoGames);
        switchboard::require_live_oracle(
            self.oracle.account(),
            &self.house.vrf_queue,
            clock.unix_timestamp,
        )?;
        let count = u16::try_from(games.len()).map_err(|_| LotteryError::Overflow)?;

        let lane = &mut self.lane;
        let draw = &mut self.draw;
        draw.house = lane.house;
        draw.lane = *lane.address();
        draw.oracle = *self.oracle.address();
        draw.payer = *self.payer.address();
        draw.id = lane.next_draw;
        draw.seed_slot = clock.slot.checked_sub(1).ok_or(LotteryError::Overflow)?;
        draw.requested_at = clock.unix_timestamp;
        draw.games = count;
        draw.state = Draw::PENDING;
        draw.version = LAYOUT_VERSION;
        draw.bump = bump;
        lane.state = Lane::COMMITTED;
        lane.next_draw = lane
            .next_draw
            .checked_add(1)
            .ok_or(LotteryError::Overflow)?;

        for (index, view) in games.iter().enumerate() {
            let mut game = load_mut::<Game>(*view)?;
            // `games.len()` fits 16 bits.
            self.bind(&mut game, index as u16, clock.unix_timestamp)?;
        }
        self.commit();
        switchboard::require_committed(
            self.randomness.account(),
            &ExpectedRandomness {
                lane: self.lane.address(),
                queue: &self.house.vrf_queue,
                oracle: self.oracle.address(),
                seed_slot: self.draw.seed_slot,
            },
        )
    }

    /// Freezes a game: from here until the settlement nobody can enter it.
    fn bind(&self, game: &mut Account<Game>, index: u16, now: i64) -> Result<()> {
        require!(
            address_eq(&game.house, self.house.address()),
            LotteryError::ForeignHouse
        );
        match game.status() {
            Some(GameStatus::Open) => {
                require!(game.sales_ended(now), LotteryError::GameStillOpen);
                require!(
                    game.tickets >= game.min_tickets,
                    LotteryError::TooFewTickets
                );
            }
            Some(GameStatus::Playing) => {
                require!(now >= game.next_round_at, LotteryError::RoundNotDue);
            }
            _ => return Err(LotteryError::GameNotDrawable.into()),
        }
        game.set_status(GameStatus::Drawing);
        game.draw = *self.draw.address();
        game.draw_index = index;
        game.last_oracle = *self.oracle.address();
        game.draw_attempts = game
            .draw_attempts
            .checked_add(1)
            .ok_or(LotteryError::Overflow)?;
        Ok(())
    }

    fn commit(&self) {
        let metas = [
            InstructionAccount::writable(self.randomness.address()),
            InstructionAccount::readonly(self.queue.address()),
            InstructionAccount::writable(self.oracle.address()),
            InstructionAccount::readonly(self.slot_hashes.address()),
            InstructionAccount::readonly_signer(self.lane.address()),
        ];
        let handles = [
            self.randomness.cpi_handle(),
            self.queue.cpi_handle(),
            self.oracle.cpi_handle(),
            self.slot_hashes.cpi_handle(),
            self.lane.cpi_handle(),
        ];
        switchboard::invoke(
            &switchboard::COMMIT,
            &metas,
            &handles,
            &[&[
                seeds::LANE,
                self.house.address().as_ref(),
                &[self.lane.index],
                &[self.lane.bump],
            ]],
        );
    }
}
