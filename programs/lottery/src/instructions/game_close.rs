use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use crate::{
    clock::clock,
    error::LotteryError,
    events::{EventAccounts, GameClosed, EVENT_VERSION},
    money::{pay_lamports, require_payable, Currency, Moves, Payout, Purse, TokenAccounts},
    state::Game,
};

/// Closes a game that owes nothing to players any more; rent, unspent bounties and
/// whatever was donated return to its creator, whoever asks. While the claim window
/// runs, its entries must be closed first; later they no longer hold it up.
///
/// Token accounts: the game's vault, writable; the creator's token account, writable,
/// needed only if somebody donated tokens.
#[derive(Accounts)]
pub struct CloseGame {
    /// Gets the bounty.
    #[account(mut, unsafe(dup))]
    pub cranker: UncheckedAccount,
    #[account(mut)]
    pub game: Account<Game>,
    /// May be who cranks.
    #[account(mut, unsafe(dup), constraint(address_eq(creator.address(), &game.creator) @ LotteryError::ForeignCreator))]
    pub creator: UncheckedAccount,
    pub events: Nested<EventAccounts>,
}

impl CloseGame {
    pub fn run(&mut self, tokens: TokenAccounts) -> Result<()> {
        let now = clock()?.unix_timestamp;
        require!(self.game.has(Game::FLAG_PAID), LotteryError::GameStillOwes);
        require!(
            self.game.entries_closed >= self.game.entries || now >= self.game.claims_end(),
            LotteryError::EntriesOpen
        );
        let rent = Rent::get()?;
        let bounty = self.game.take_bounty();
        let lamports = self
            .game
            .get_lamports()
            .checked_sub(bounty)
            .ok_or(LotteryError::Insolvent)?;
        require_payable(self.creator.account(), lamports, &rent)?;
        let tokens = self.close_vault(tokens)?;
        self.events.emit(&GameClosed {
            version: EVENT_VERSION,
            house: self.game.house,
            game: *self.game.address(),
            creator: self.game.creator,
            entries_hash: self.game.entries_hash,
            tickets: self.game.tickets,
            entries: self.game.entries,
            lamports,
            tokens,
            cranker: *self.cranker.address(),
            bounty,
        })?;
        pay_lamports(self.game.account(), self.cranker.account(), bounty, &rent)?;
        self.game.close(*self.creator.account())
    }

    /// Empties and closes the vault of a token house's game; returns what was in it.
    fn close_vault(&self, tokens: TokenAccounts) -> Result<u64> {
        let purse = Purse::of(&self.game, tokens.get(0))?;
        let Some(donated) = purse.tokens()? else {
            return Ok(0);
        };
        let payout = Payout {
            currency: Currency::of(&self.game.vault, tokens)?,
            purse: purse.clone(),
            wallet: *self.creator.account(),
            tokens: tokens.get(1).copied(),
        };
        payout.check(donated, &Rent::get()?)?;
        payout.pay(donated, &mut Moves::default())?;
        payout
            .currency
            .close_vault(&purse, self.creator.account())?;
        Ok(donated)
    }
}
