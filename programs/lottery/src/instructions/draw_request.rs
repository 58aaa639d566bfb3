use anchor_lang::{address_eq, pinocchio::instruction::InstructionAccount, prelude::*};

use super::nested::*;
use crate::{
    clock::clock,
    error::LotteryError,
    events::{DrawRequested, EventAccounts, EVENT_VERSION},
    money::{add, load_mut, move_lamports, pay_lamports},
    seeds,
    state::{Draw, Game, GameStatus, House, Lane, LAYOUT_VERSION},
    switchboard::{self, ExpectedRandomness},
};

/// Freezes the games given, binds them to a new draw and commits to a value
/// that nobody can know yet, all in one. Anybody may. A game that is not due is left
/// out; only if none is due the request is refused, for the first one's reason.
///
/// Remaining accounts: the games, writable.
#[derive(Accounts)]
pub struct RequestDraw {
    /// Pays the draw's rent until it is settled, and gets the bounties.
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
    pub events: Nested<EventAccounts>,
}

/// What a request's games pay.
#[derive(Default)]
struct Bounties {
    request: u64,
    reveal: u64,
}

impl RequestDraw {
    pub fn run(&mut self, bump: u8, games: &[AccountView]) -> Result<()> {
        let clock = clock()?;
        require!(self.lane.state == Lane::IDLE, LotteryError::LaneBusy);
        switchboard::require_live_oracle(
            self.oracle.account(),
            self.queue.account(),
            clock.unix_timestamp,
        )?;
        self.open(bump, &clock)?;
        let bound = self.bind_all(games, clock.unix_timestamp)?;
        self.commit();
        switchboard::require_committed(
            self.randomness.account(),
            &ExpectedRandomness {
                lane: self.lane.address(),
                queue: &self.house.vrf_queue,
                oracle: self.oracle.address(),
                seed_slot: self.draw.seed_slot,
            },
        )?;
        // Lamports move after the last call that carries accounts which hold some.
        let room = bound.len().wrapping_mul(32);
        let games = bound.iter().map(|game| *game.address()).collect();
        let bounties = self.pay_bounties(bound)?;
        self.events.emit_with(
            &DrawRequested {
                version: EVENT_VERSION,
                house: *self.house.address(),
                draw: *self.draw.address(),
                oracle: *self.oracle.address(),
                games,
                cranker: *self.payer.address(),
                bounty: bounties.request,
                reveal_bounty: bounties.reveal,
            },
            room,
        )?;
        Ok(())
    }

    fn open(&mut self, bump: u8, clock: &Clock) -> Result<()> {
        let lane = &mut self.lane;
        let draw = &mut self.draw;
        draw.house = lane.house;
        draw.lane = *lane.address();
        draw.oracle = *self.oracle.address();
        draw.payer = *self.payer.address();
        draw.id = lane.next_draw;
        draw.seed_slot = clock.slot.checked_sub(1).ok_or(LotteryError::Overflow)?;
        draw.timeout_slot = add(clock.slot, self.house.draw_timeout)?;
        draw.requested_at = clock.unix_timestamp;
        draw.state = Draw::PENDING;
        draw.version = LAYOUT_VERSION;
        draw.bump = bump;
        lane.state = Lane::COMMITTED;
        lane.next_draw = add(lane.next_draw, 1)?;
        Ok(())
    }

    /// Binds the games that are due and returns them.
    fn bind_all(&mut self, games: &[AccountView], now: i64) -> Result<Vec<Account<Game>>> {
        let mut bound = Vec::with_capacity(games.len());
        let mut first_refusal = None;
        for view in games {
            match load_mut::<Game>(*view).and_then(|game| self.bind(game, now)) {
                Ok(game) => bound.push(game),
                Err(refusal) => {
                    first_refusal.get_or_insert(refusal);
                }
            }
        }
        if bound.is_empty() {
            return Err(first_refusal.unwrap_or(LotteryError::NoGames.into()));
        }
        Ok(bound)
    }

    /// Freezes a game: from here until the settlement nobody can enter it.
    #[inline(always)]
    fn bind(&mut self, mut game: Account<Game>, now: i64) -> Result<Account<Game>> {
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
            Some(GameStatus::Playing) if !game.awaits_settlement() => {
                require!(now >= game.next_round_at, LotteryError::RoundNotDue);
            }
            _ => return Err(LotteryError::GameNotDrawable.into()),
        }
        let oracle = *self.oracle.address();
        require!(
            !game
                .tried_oracles
                .iter()
                .any(|tried| address_eq(tried, &oracle)),
            LotteryError::OracleTriedBefore
        );
        let attempt = usize::from(game.draw_attempts);
        *game
            .tried_oracles
            .get_mut(attempt)
            .ok_or(LotteryError::GameNotDrawable)? = oracle;
        game.draw_attempts = game.draw_attempts.saturating_add(1);
        game.set_status(GameStatus::Drawing);
        game.draw = *self.draw.address();
        game.draw_index = self.draw.games;
        self.draw.games = self
            .draw
            .games
            .checked_add(1)
            .ok_or(LotteryError::Overflow)?;
        Ok(game)
    }

    /// From each game one bounty to who requests, and one into the draw for who reveals.
    fn pay_bounties(&mut self, games: Vec<Account<Game>>) -> Result<Bounties> {
        let rent = Rent::get()?;
        let mut paid = Bounties::default();
        for mut game in games {
            let request = game.take_bounty();
            let reveal = game.take_bounty();
            pay_lamports(game.account(), self.payer.account(), request, &rent)?;
            move_lamports(game.account(), self.draw.account(), reveal)?;
            game.covered_by_lamports(game.get_lamports())?;
            paid.request = add(paid.request, request)?;
            paid.reveal = add(paid.reveal, reveal)?;
        }
        self.draw.bounty = paid.reveal;
        Ok(paid)
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
            &[&self.lane.signer().seeds()],
        );
    }
}
