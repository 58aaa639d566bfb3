//! Lotteries with rounds of elimination and three progressive jackpots.
//!
//! Players join games, a verifiable random function (Switchboard On-Demand)
//! settles every round, winners are paid, and a game that cannot be played is
//! refunded. `docs/protocol.md` is the contract; this crate is also the one
//! source of layouts, seeds and the draw for everything off chain.

#![deny(clippy::arithmetic_side_effects)]

use anchor_lang::prelude::*;

pub mod clock;
pub mod draw;
pub mod error;
pub mod events;
pub mod instructions;
pub mod math;
#[cfg(target_os = "solana")]
#[expect(unsafe_code, reason = "a C function by its nature")]
mod memory;
pub mod money;
pub mod seeds;
pub mod state;
pub mod switchboard;

pub use error::LotteryError;
use instructions::*;
pub use instructions::{Operation, Order};
use money::{is_native, TokenAccounts};
use state::{GameParams, HouseParams, HouseRules};

// Whom to tell of a weakness; the values are the builder's (`.cargo/config.toml`).
#[cfg(not(feature = "no-entrypoint"))]
solana_security_txt::security_txt! {
    name: "Lottery",
    project_url: env!("LOTTERY_PROJECT_URL"),
    contacts: env!("LOTTERY_SECURITY_CONTACTS"),
    policy: env!("LOTTERY_SECURITY_POLICY"),
    source_revision: env!("LOTTERY_SOURCE_REVISION")
}

declare_id!("LottoRounds11111111111111111111111111111111");

/// Runs an instruction with the token accounts that follow its own. In houses that play
/// for native SOL there are none to walk; and, told apart here, the compiler leaves out
/// of their code whatever is for tokens.
macro_rules! run_in {
    ($ctx:ident, $($vault:ident).+ $(, $argument:expr)*) => {{
        if is_native(&$ctx.accounts.$($vault).+) {
            return $ctx.accounts.run($($argument,)* TokenAccounts::NONE);
        }
        let tokens = trailing($ctx)?;
        $ctx.accounts.run($($argument,)* TokenAccounts(&tokens))
    }};
}

/// What follows an instruction's own accounts.
#[inline(never)]
fn trailing<T: Bumps>(ctx: &mut Context<T>) -> Result<Vec<AccountView>> {
    ctx.remaining_accounts()
}

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
        let tokens = trailing(ctx)?;
        let bumps = &ctx.bumps;
        ctx.accounts.run(bumps, id, &params, TokenAccounts(&tokens))
    }

    /// Changes the rules of games created later.
    #[inline(never)]
    pub fn update_house(ctx: &mut Context<AdministerHouse>, rules: HouseRules) -> Result<()> {
        ctx.accounts.update(&rules)
    }

    /// Pauses or resumes new games and new entries.
    #[inline(never)]
    pub fn set_pause(ctx: &mut Context<AdministerHouse>, games: bool, joins: bool) -> Result<()> {
        ctx.accounts.set_pause(games, joins)
    }

    /// Offers the house's authority to a successor.
    #[inline(never)]
    pub fn propose_authority(ctx: &mut Context<AdministerHouse>, successor: Address) -> Result<()> {
        ctx.accounts.propose(successor)
    }

    /// Takes over the authority that was offered.
    #[inline(never)]
    pub fn accept_authority(ctx: &mut Context<AcceptAuthority>) -> Result<()> {
        ctx.accounts.run()
    }

    /// Pays accrued shares to the treasury wallet.
    #[inline(never)]
    pub fn withdraw_treasury(ctx: &mut Context<WithdrawTreasury>, amount: u64) -> Result<()> {
        run_in!(ctx, treasury.vault, amount)
    }

    /// Gives money to a jackpot.
    #[inline(never)]
    pub fn fund_jackpot(ctx: &mut Context<FundJackpot>, amount: u64) -> Result<()> {
        run_in!(ctx, jackpot.vault, amount)
    }

    /// Opens a lane of draws.
    #[inline(never)]
    pub fn open_lane(ctx: &mut Context<OpenLane>, index: u8, recent_slot: u64) -> Result<()> {
        let bumps = &ctx.bumps;
        ctx.accounts.run(bumps, index, recent_slot)
    }

    /// Closes an idle lane.
    #[inline(never)]
    pub fn close_lane(ctx: &mut Context<CloseLane>) -> Result<()> {
        ctx.accounts.run()
    }

    /// Creates the house's next game.
    #[inline(never)]
    pub fn create_game(ctx: &mut Context<CreateGame>, params: GameParams) -> Result<()> {
        let bump = ctx.bumps.game;
        run_in!(ctx, house.mint, bump, &params)
    }

    /// Buys tickets.
    #[inline(never)]
    pub fn join(ctx: &mut Context<Join>, order: Order) -> Result<()> {
        run_in!(ctx, game.vault, &order)
    }

    /// Freezes games and commits to their randomness.
    #[inline(never)]
    pub fn request_draw(ctx: &mut Context<RequestDraw>) -> Result<()> {
        let games = trailing(ctx)?;
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
        let games = trailing(ctx)?;
        ctx.accounts.run(&games)
    }

    /// Gives up a draw whose oracle did not answer in time.
    #[inline(never)]
    pub fn abort_draw(ctx: &mut Context<AbortDraw>) -> Result<()> {
        let games = trailing(ctx)?;
        ctx.accounts.run(&games)
    }

    /// Divides the money of a game whose settlement met a frozen vault.
    #[inline(never)]
    pub fn settle_game(ctx: &mut Context<SettleGame>) -> Result<()> {
        run_in!(ctx, game.vault)
    }

    /// Pays a winning ticket's prize to its player.
    #[inline(never)]
    pub fn claim(ctx: &mut Context<Claim>, ticket: u32) -> Result<()> {
        run_in!(ctx, game.vault, ticket)
    }

    /// Pays a jackpot that the game hit to the winning ticket's player.
    #[inline(never)]
    pub fn claim_jackpot(ctx: &mut Context<ClaimJackpot>) -> Result<()> {
        run_in!(ctx, game.vault)
    }

    /// Cancels a game that sold too few tickets.
    #[inline(never)]
    pub fn cancel_game(ctx: &mut Context<CancelGame>) -> Result<()> {
        ctx.accounts.run()
    }

    /// Returns an entry's price after its game was cancelled.
    #[inline(never)]
    pub fn refund(ctx: &mut Context<Refund>) -> Result<()> {
        run_in!(ctx, game.vault)
    }

    /// Moves unclaimed prizes to the mega jackpot.
    #[inline(never)]
    pub fn expire_prizes(ctx: &mut Context<ExpirePrizes>) -> Result<()> {
        run_in!(ctx, game.vault)
    }

    /// Returns an entry's rent.
    #[inline(never)]
    pub fn close_entry(ctx: &mut Context<CloseEntry>) -> Result<()> {
        ctx.accounts.run()
    }

    /// Returns a game's rent and unspent bounties.
    #[inline(never)]
    pub fn close_game(ctx: &mut Context<CloseGame>) -> Result<()> {
        run_in!(ctx, game.vault)
    }

    /// Several joins, claims, refunds and closes at once.
    #[inline(never)]
    pub fn player_batch(
        ctx: &mut Context<PlayerBatch>,
        operations: Vec<Operation>,
        all_or_nothing: bool,
    ) -> Result<()> {
        let accounts = trailing(ctx)?;
        ctx.accounts.run(&operations, all_or_nothing, &accounts)
    }
}
