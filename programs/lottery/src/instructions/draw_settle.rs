use anchor_lang::{address_eq, prelude::*};

use crate::{
    draw::{jackpot_hit, jackpot_ticket, round_seed},
    error::LotteryError,
    math::split,
    money::{load_mut, transfer},
    state::{Draw, Game, GameStatus, House, Jackpot, Treasury},
    switchboard::clock,
};

/// Settles one round of each game given, in the order they were bound. Anybody
/// may. After a game's last round its shares move to the jackpots and the
/// treasury, and each jackpot is rolled. Cannot fail for a game whose turn it
/// is, whatever the game's state: everything it computes was bounded when the
/// game was created.
///
/// Remaining accounts: the games, writable.
#[derive(Accounts)]
pub struct SettleDraw {
    pub house: Account<House>,
    #[account(mut, constraint(address_eq(&treasury.house, house.address()) @ LotteryError::ForeignHouse))]
    pub treasury: Account<Treasury>,
    #[account(mut, constraint(address_eq(&minor.house, house.address()) @ LotteryError::ForeignHouse), constraint(minor.tier == 0 @ LotteryError::UnknownTier))]
    pub minor: Account<Jackpot>,
    #[account(mut, constraint(address_eq(&major.house, house.address()) @ LotteryError::ForeignHouse), constraint(major.tier == 1 @ LotteryError::UnknownTier))]
    pub major: Account<Jackpot>,
    #[account(mut, constraint(address_eq(&mega.house, house.address()) @ LotteryError::ForeignHouse), constraint(mega.tier == 2 @ LotteryError::UnknownTier))]
    pub mega: Account<Jackpot>,
    #[account(mut, constraint(address_eq(&draw.house, house.address()) @ LotteryError::ForeignHouse))]
    pub draw: Account<Draw>,
    /// Gets the draw's rent back when its last game is settled.
    #[account(mut, constraint(address_eq(draw_payer.address(), &draw.payer) @ LotteryError::ForeignPayer))]
    pub draw_payer: UncheckedAccount,
}

impl SettleDraw {
    pub fn run(&mut self, games: &[AccountView]) -> Result<()> {
        let clock = clock()?;
        require!(
            self.draw.state == Draw::REVEALED,
            LotteryError::DrawNotRevealed
        );
        require!(!games.is_empty(), LotteryError::NoGames);
        for view in games {
            let mut game = load_mut::<Game>(*view)?;
            self.settle_round(&mut game, &clock)?;
        }
        self.treasury.invariant(self.treasury.get_lamports())?;
        self.minor.invariant(self.minor.get_lamports())?;
        self.major.invariant(self.major.get_lamports())?;
        self.mega.invariant(self.mega.get_lamports())?;
        if self.draw.settled == self.draw.games {
            self.draw.close(*self.draw_payer.account())?;
        }
        Ok(())
    }

    #[inline(never)]
    fn settle_round(&mut self, game: &mut Account<Game>, clock: &Clock) -> Result<()> {
        require!(
            game.is(GameStatus::Drawing) && address_eq(&game.draw, self.draw.address()),
            LotteryError::ForeignDraw
        );
        require!(
            game.draw_index == self.draw.settled,
            LotteryError::SettleOrder
        );
        self.draw.settled = self
            .draw
            .settled
            .checked_add(1)
            .ok_or(LotteryError::Overflow)?;

        let round = game.rounds_settled;
        let seed = round_seed(&self.draw.value, game.address(), round);
        *game
            .round_seeds
            .get_mut(usize::from(round))
            .ok_or(LotteryError::RoundCount)? = seed;
        game.rounds_settled = round.checked_add(1).ok_or(LotteryError::Overflow)?;
        game.draw = Address::default();
        game.draw_attempts = 0;
        if game.rounds_settled < game.rounds {
            game.set_status(GameStatus::Playing);
            game.next_round_at = clock
                .unix_timestamp
                .saturating_add(i64::from(game.round_interval));
            return game.invariant(game.get_lamports());
        }
        self.settle_game(game, &seed, clock)
    }

    #[inline(never)]
    fn settle_game(
        &mut self,
        game: &mut Account<Game>,
        seed: &[u8; 32],
        clock: &Clock,
    ) -> Result<()> {
        let shares = split(game.gross(), &game.jackpot_bps, game.treasury_bps);
        game.prize_pool = shares.prize_pool;
        game.treasury_share = shares.treasury;
        game.jackpot_contributions = shares.jackpots;
        game.set_status(GameStatus::Settled);
        game.settled_at = clock.unix_timestamp;

        self.treasury.accrue(shares.treasury)?;
        transfer(game.account(), self.treasury.account(), shares.treasury)?;
        feed_and_roll(game, &mut self.minor, seed, clock)?;
        feed_and_roll(game, &mut self.major, seed, clock)?;
        feed_and_roll(game, &mut self.mega, seed, clock)?;
        game.note_if_paid()?;
        game.invariant(game.get_lamports())
    }
}

/// Moves a game's contribution into a jackpot and rolls it; on a hit the award
/// moves into the game, to be claimed there.
#[inline(never)]
fn feed_and_roll(
    game: &mut Account<Game>,
    jackpot: &mut Account<Jackpot>,
    seed: &[u8; 32],
    clock: &Clock,
) -> Result<()> {
    let tier = jackpot.tier;
    let index = usize::from(tier);
    let contribution = game.jackpot_contributions[index];
    jackpot.contribute(contribution, clock.slot)?;
    transfer(game.account(), jackpot.account(), contribution)?;
    if !jackpot_hit(seed, tier, game.jackpot_mean[index], contribution) {
        return Ok(());
    }
    let ticket = jackpot_ticket(seed, tier, game.tickets);
    let address = *game.address();
    let award = jackpot.hit(&address, ticket, game.reserve_bps[index], clock)?;
    game.jackpot_awards[index] = award;
    game.jackpot_tickets[index] = ticket;
    game.set_flag(Game::FLAG_JACKPOT_HIT);
    transfer(jackpot.account(), game.account(), award)
}
