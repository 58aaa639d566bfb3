use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use crate::{
    draw::{jackpot_hit, jackpot_ticket},
    error::LotteryError,
    events::{EventAccounts, GameSettled, EVENT_VERSION},
    math::split,
    money::{is_native, Currency, Purse, TokenAccounts},
    state::{Game, GameStatus, House, Jackpot, Treasury},
};

/// Where a settled game's shares go. Token accounts: the vaults of the treasury and of the
/// minor, major and mega jackpot, writable.
#[derive(Accounts)]
pub struct SettlementAccounts {
    pub house: Account<House>,
    #[account(mut, constraint(address_eq(&treasury.house, house.address()) @ LotteryError::ForeignHouse))]
    pub treasury: Account<Treasury>,
    #[account(mut, constraint(address_eq(&minor.house, house.address()) @ LotteryError::ForeignHouse), constraint(minor.tier == 0 @ LotteryError::UnknownTier))]
    pub minor: Account<Jackpot>,
    #[account(mut, constraint(address_eq(&major.house, house.address()) @ LotteryError::ForeignHouse), constraint(major.tier == 1 @ LotteryError::UnknownTier))]
    pub major: Account<Jackpot>,
    #[account(mut, constraint(address_eq(&mega.house, house.address()) @ LotteryError::ForeignHouse), constraint(mega.tier == 2 @ LotteryError::UnknownTier))]
    pub mega: Account<Jackpot>,
    pub events: Nested<EventAccounts>,
}

/// Vaults of a token house's treasury and jackpots.
pub(super) const VAULTS: usize = 4;

/// Purses of the house's holders.
pub(super) struct Purses {
    treasury: Purse,
    minor: Purse,
    major: Purse,
    mega: Purse,
}

impl SettlementAccounts {
    /// The token accounts of the house, the games' accounts that follow them, and how many
    /// accounts each game has: in a token house its vault comes after it.
    pub(super) fn split<'a>(
        &self,
        accounts: &'a [AccountView],
    ) -> (TokenAccounts<'a>, &'a [AccountView], usize) {
        if is_native(&self.house.mint) {
            return (TokenAccounts::NONE, accounts, 1);
        }
        // What is missing is refused where it is wanted.
        let (tokens, games) = accounts
            .split_at_checked(TokenAccounts::FIXED + VAULTS)
            .unwrap_or((accounts, &[]));
        (TokenAccounts(tokens), games, 2)
    }

    #[inline(never)]
    pub(super) fn purses(&self, tokens: TokenAccounts) -> Result<Purses> {
        Ok(Purses {
            treasury: Purse::of(&self.treasury, tokens.get(0))?,
            minor: Purse::of(&self.minor, tokens.get(1))?,
            major: Purse::of(&self.major, tokens.get(2))?,
            mega: Purse::of(&self.mega, tokens.get(3))?,
        })
    }

    /// Every holder of the house covers what it owes.
    #[inline(never)]
    pub(super) fn check(&self, purses: &Purses) -> Result<()> {
        purses.treasury.check(&*self.treasury)?;
        purses.minor.check(&*self.minor)?;
        purses.major.check(&*self.major)?;
        purses.mega.check(&*self.mega)
    }
}

/// The settlement of one game whose rounds are all drawn.
pub(super) struct Settlement<'a> {
    pub accounts: &'a mut SettlementAccounts,
    /// The house's.
    pub purses: &'a Purses,
    /// The game's.
    pub purse: &'a Purse,
    pub currency: Currency,
    pub clock: &'a Clock,
}

impl Settlement<'_> {
    /// Divides the game's money. If the mint's freeze authority has frozen a vault on
    /// the way, nothing happens and the game goes on waiting; its winners are drawn,
    /// and later draws do not wait for it.
    #[inline(never)]
    pub fn settle_unless_frozen(&mut self, game: &mut Account<Game>) -> Result<bool> {
        if !is_native(game.vault()) && self.is_frozen()? {
            return Ok(false);
        }
        self.settle(game)?;
        Ok(true)
    }

    fn is_frozen(&self) -> Result<bool> {
        let purses = self.purses;
        Ok(self.purse.is_frozen()?
            || purses.treasury.is_frozen()?
            || purses.minor.is_frozen()?
            || purses.major.is_frozen()?
            || purses.mega.is_frozen()?)
    }

    fn settle(&mut self, game: &mut Account<Game>) -> Result<()> {
        let purses = self.purses;
        let shares = split(game.gross(), &game.jackpot_bps, game.treasury_bps);
        game.prize_pool = shares.prize_pool;
        game.treasury_share = shares.treasury;
        game.jackpot_contributions = shares.jackpots;
        game.set_status(GameStatus::Settled);
        game.settled_at = self.clock.unix_timestamp;

        let currency = self.currency;
        self.accounts.treasury.accrue(shares.treasury)?;
        currency.transfer(self.purse, &purses.treasury, shares.treasury)?;

        let roll = Roll {
            currency,
            purse: self.purse,
            clock: self.clock,
        };
        let accounts = &mut *self.accounts;
        roll.feed_and_roll(game, &mut accounts.minor, &purses.minor)?;
        roll.feed_and_roll(game, &mut accounts.major, &purses.major)?;
        roll.feed_and_roll(game, &mut accounts.mega, &purses.mega)?;
        game.note_if_paid()?;
        accounts.events.emit(&GameSettled {
            version: EVENT_VERSION,
            house: game.house,
            game: *game.address(),
            prize_pool: game.prize_pool,
            treasury_share: game.treasury_share,
            contributions: game.jackpot_contributions,
            awards: game.jackpot_awards,
            award_tickets: game.jackpot_tickets,
            pots: [
                accounts.minor.amount,
                accounts.major.amount,
                accounts.mega.amount,
            ],
            accrued: accounts.treasury.accrued,
        })?;
        Ok(())
    }
}

/// What the rolls of a game's jackpots share.
struct Roll<'a> {
    currency: Currency,
    /// The game's.
    purse: &'a Purse,
    clock: &'a Clock,
}

impl Roll<'_> {
    /// Moves a game's contribution into a jackpot and rolls it; on a hit the award
    /// moves into the game, to be claimed there.
    #[inline(never)]
    fn feed_and_roll(
        &self,
        game: &mut Account<Game>,
        jackpot: &mut Account<Jackpot>,
        pot: &Purse,
    ) -> Result<()> {
        let tier = jackpot.tier;
        let index = usize::from(tier);
        let contribution = game.jackpot_contributions[index];
        jackpot.contribute(contribution, self.clock.slot)?;
        self.currency.transfer(self.purse, pot, contribution)?;
        let seed = *game.seeds().last().ok_or(LotteryError::RoundCount)?;
        if !jackpot_hit(&seed, tier, game.jackpot_mean[index], contribution) {
            return Ok(());
        }
        let ticket = jackpot_ticket(&seed, tier, game.tickets);
        let address = *game.address();
        let award = jackpot.award(game.jackpot_mean[index], game.reserve_bps[index]);
        jackpot.hit(&address, ticket, award, self.clock)?;
        game.jackpot_awards[index] = award;
        game.jackpot_tickets[index] = ticket;
        game.set_flag(Game::FLAG_JACKPOT_HIT);
        self.currency.transfer(pot, self.purse, award)
    }
}
