use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use super::settlement::{Settlement, SettlementAccounts};
use crate::{
    clock::clock,
    draw::round_seed,
    error::LotteryError,
    events::{DrawSettled, RoundSettled, EVENT_VERSION},
    money::{add, is_native, load_mut, pay_lamports, Currency, Holder as _, Purse},
    state::{Draw, Game, GameStatus},
};

/// Settles one round of each game given, in the order they were bound; a game whose
/// turn it is not, or that another crank has settled meanwhile, is left out. Anybody
/// may. After a game's last round its shares move to the jackpots and the treasury,
/// and each jackpot is rolled. Cannot fail for a game whose turn it is, whatever the
/// game's state: everything it computes was bounded when the game was created. If a
/// vault is frozen, only the game's money waits (`settle_game`).
///
/// Remaining accounts: in a token house the token accounts of [`SettlementAccounts`]; then
/// the games, writable, in a token house each followed by its vault, writable.
#[derive(Accounts)]
pub struct SettleDraw {
    /// Gets the bounties.
    #[account(mut, unsafe(dup))]
    pub cranker: UncheckedAccount,
    #[account(mut, constraint(address_eq(&draw.house, settlement.house.address()) @ LotteryError::ForeignHouse))]
    pub draw: Account<Draw>,
    /// Gets the draw's rent back when its last game is settled.
    #[account(mut, unsafe(dup), constraint(address_eq(draw_payer.address(), &draw.payer) @ LotteryError::ForeignPayer))]
    pub draw_payer: UncheckedAccount,
    pub settlement: Nested<SettlementAccounts>,
}

impl SettleDraw {
    pub fn run(&mut self, accounts: &[AccountView]) -> Result<()> {
        let clock = clock()?;
        require!(
            self.draw.state == Draw::REVEALED,
            LotteryError::DrawNotRevealed
        );
        let (tokens, games, per_game) = self.settlement.split(accounts);
        let mut rounds = Vec::with_capacity(games.len());
        let mut bounty = 0;
        let mut purses = None;
        let rent = Rent::get()?;
        let mut first_refusal = None;
        for accounts in games.chunks_exact(per_game) {
            let [view, ..] = accounts else { continue };
            let next = load_mut::<Game>(*view).and_then(|game| self.require_next(game));
            let mut game = match next {
                Ok(game) => game,
                Err(refusal) => {
                    first_refusal.get_or_insert(refusal);
                    continue;
                }
            };
            rounds.push(self.settle_round(&mut game, &clock)?);
            let last = game.awaits_settlement();
            // Before the last round only lamports move, and only out of the game's account.
            let purse = if last || !is_native(game.vault()) {
                Some(Purse::of(&game, accounts.get(1))?)
            } else {
                None
            };
            if let Some(purse) = purse.as_ref().filter(|_| last) {
                let house = match purses.take() {
                    Some(house) => house,
                    None => self.settlement.purses(tokens)?,
                };
                let mut settlement = Settlement {
                    accounts: &mut self.settlement,
                    purses: &house,
                    purse,
                    currency: Currency::of(game.vault(), tokens)?,
                    clock: &clock,
                };
                settlement.settle_unless_frozen(&mut game)?;
                purses = Some(house);
            }
            let paid = game.take_bounty();
            pay_lamports(game.account(), self.cranker.account(), paid, &rent)?;
            bounty = add(bounty, paid)?;
            match purse {
                Some(purse) => purse.check(&*game)?,
                None => game.covered_by_lamports(game.get_lamports())?,
            }
        }
        if rounds.is_empty() {
            return Err(first_refusal.unwrap_or(LotteryError::NoGames.into()));
        }
        if let Some(purses) = &purses {
            self.settlement.check(purses)?;
        }
        let room = rounds.len().wrapping_mul(72);
        self.settlement.events.emit_with(
            &DrawSettled {
                version: EVENT_VERSION,
                house: self.draw.house,
                draw: *self.draw.address(),
                rounds,
                cranker: *self.cranker.address(),
                bounty,
            },
            room,
        )?;
        if self.draw.is_done() {
            self.draw.close(*self.draw_payer.account())?;
        }
        Ok(())
    }

    /// The game, if it is the next of this draw.
    fn require_next(&self, game: Account<Game>) -> Result<Account<Game>> {
        require!(
            game.is(GameStatus::Drawing) && address_eq(&game.draw, self.draw.address()),
            LotteryError::ForeignDraw
        );
        require!(
            game.draw_index == self.draw.settled,
            LotteryError::SettleOrder
        );
        Ok(game)
    }

    #[inline(always)]
    fn settle_round(&mut self, game: &mut Account<Game>, clock: &Clock) -> Result<RoundSettled> {
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
        game.tried_oracles = Default::default();
        game.set_status(GameStatus::Playing);
        game.next_round_at = clock
            .unix_timestamp
            .saturating_add(i64::from(game.round_interval));
        Ok(RoundSettled {
            game: *game.address(),
            round,
            survivors: game.survivors(game.rounds_settled),
            seed,
        })
    }
}
