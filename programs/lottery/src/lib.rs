//! Lotteries with rounds of elimination and three progressive jackpots.
//!
//! Players join games, a verifiable random function (Switchboard On-Demand)
//! settles every round, winners are paid, and a game that cannot be played is
//! refunded. `docs/protocol.md` is the contract; this crate is also the one
//! source of layouts, seeds and the draw for everything off chain.

#![deny(clippy::arithmetic_side_effects)]

use anchor_lang::prelude::*;

pub mod draw;
pub mod error;
pub mod instructions;
pub mod math;
mod money;
pub mod seeds;
pub mod state;
pub mod switchboard;

pub use error::LotteryError;
pub use instructions::Order;
use instructions::*;
use state::{GameParams, HouseParams};

declare_id!("LottoRounds11111111111111111111111111111111");

#[program]
pub mod lottery {
    use super::*;

    /// Creates a house with its treasury and its three jackpots.
    #[inline(never)]
    pub fn create_house(
        ctx: &mut Context<CreateHouse>,
        id: u16,
        params: HouseParams,
    ) -> Result<()> {
        let bumps = &ctx.bumps;
        ctx.accounts.run(bumps, id, &params)
    }

    /// Pauses or resumes new games and new entries.
    #[inline(never)]
    pub fn set_pause(ctx: &mut Context<SetPause>, games: bool, joins: bool) -> Result<()> {
        ctx.accounts.run(games, joins)
    }

    /// Opens a lane of draws.
    #[inline(never)]
    pub fn open_lane(ctx: &mut Context<OpenLane>, index: u8, recent_slot: u64) -> Result<()> {
        let bumps = &ctx.bumps;
        ctx.accounts.run(bumps, index, recent_slot)
    }

    /// Creates the house's next game.
    #[inline(never)]
    pub fn create_game(ctx: &mut Context<CreateGame>, params: GameParams) -> Result<()> {
        let bumps = &ctx.bumps;
        ctx.accounts.run(bumps, &params)
    }

    /// Buys tickets.
    #[inline(never)]
    pub fn join(ctx: &mut Context<Join>, order: Order) -> Result<()> {
        ctx.accounts.run(&order)
    }

    /// Freezes games and commits to their randomness.
    #[inline(never)]
    pub fn request_draw(ctx: &mut Context<RequestDraw>) -> Result<()> {
        let games = ctx.remaining_accounts()?;
        let bump = ctx.bumps.draw;
        ctx.accounts.run(bump, &games)
    }

    /// Brings the oracle's value on chain.
    #[inline(never)]
    pub fn reveal_draw(
        ctx: &mut Context<RevealDraw>,
        signature: [u8; 64],
        recovery_id: u8,
        value: [u8; 32],
    ) -> Result<()> {
        ctx.accounts.run(&signature, recovery_id, &value)
    }

    /// Settles a round of each game given.
    #[inline(never)]
    pub fn settle_draw(ctx: &mut Context<SettleDraw>) -> Result<()> {
        let games = ctx.remaining_accounts()?;
        ctx.accounts.run(&games)
    }

    /// Pays a winning ticket's prize to its player.
    #[inline(never)]
    pub fn claim(ctx: &mut Context<Claim>, ticket: u32) -> Result<()> {
        ctx.accounts.run(ticket)
    }

    /// Pays a jackpot that the game hit to the winning ticket's player.
    #[inline(never)]
    pub fn claim_jackpot(ctx: &mut Context<ClaimJackpot>, tier: u8) -> Result<()> {
        ctx.accounts.run(tier)
    }

    /// Cancels a game that sold too few tickets.
    #[inline(never)]
    pub fn cancel_game(ctx: &mut Context<CancelGame>) -> Result<()> {
        ctx.accounts.run()
    }

    /// Returns an entry's price after its game was cancelled.
    #[inline(never)]
    pub fn refund(ctx: &mut Context<Refund>) -> Result<()> {
        ctx.accounts.run()
    }
}
