//! How the operations of a `player_batch` are carried out.

use anchor_lang::{address_eq, prelude::*};

use super::{
    entry_close::{note_closed, require_over},
    game_join::Purchase,
    till::Till,
    Operation, Order,
};
use crate::{
    error::LotteryError,
    events::EventAccounts,
    money::{is_native, load_mut, Currency, Holder as _, Payout, Purse, TokenAccounts},
    state::{Entry, Game, House, Jackpot},
};

/// Who is paid, from where, by positions.
#[derive(Clone, Copy)]
struct Positions {
    game: u8,
    entry: u8,
    player: u8,
    vault: u8,
    tokens: u8,
}

/// Bytes of a game's account.
const GAME_LEN: usize = 8 + core::mem::size_of::<Game>();

/// A batch under way.
pub(super) struct Batch<'a> {
    pub signer: AccountView,
    pub events: &'a EventAccounts,
    pub accounts: &'a [AccountView],
    pub till: Till,
    pub clock: Clock,
    /// The game of the payments in the till.
    pub game: Option<AccountView>,
    /// Entries to close at the end, with whom their last lamports belong to.
    pub closed: Vec<(AccountView, AccountView)>,
}

impl Batch<'_> {
    pub fn execute(&mut self, operation: &Operation) -> Result<()> {
        match *operation {
            Operation::Join {
                house,
                game,
                entry,
                vault,
                tokens,
                order,
            } => {
                let house = <Account<House> as AnchorAccount>::load(self.account(house)?)?;
                let at = Positions {
                    game,
                    entry,
                    player: 0,
                    vault,
                    tokens,
                };
                self.join(&house, at, &order)
            }
            Operation::Claim {
                game,
                entry,
                player,
                vault,
                tokens,
                ticket,
            } => {
                let at = Positions {
                    game,
                    entry,
                    player,
                    vault,
                    tokens,
                };
                let (mut game, entry, payout) = self.open(at)?;
                self.till
                    .prize(&mut game, &entry, &payout, ticket, &self.clock)
            }
            Operation::ClaimJackpot {
                game,
                entry,
                player,
                vault,
                tokens,
                jackpot,
            } => {
                let at = Positions {
                    game,
                    entry,
                    player,
                    vault,
                    tokens,
                };
                let mut jackpot = load_mut::<Jackpot>(self.account(jackpot)?)?;
                let (mut game, entry, payout) = self.open(at)?;
                self.till
                    .award(&mut game, &entry, &payout, &mut jackpot, &self.clock)
            }
            Operation::Refund {
                game,
                entry,
                player,
                vault,
                tokens,
            } => {
                let at = Positions {
                    game,
                    entry,
                    player,
                    vault,
                    tokens,
                };
                let (mut game, mut entry, payout) = self.open(at)?;
                self.till.refund(&mut game, &mut entry, &payout)
            }
            Operation::CloseEntry {
                game,
                entry,
                player,
            } => self.close(game, entry, player),
        }
    }

    fn join(&mut self, house: &Account<House>, at: Positions, order: &Order) -> Result<()> {
        let mut game = load_mut::<Game>(self.account(at.game)?)?;
        require!(
            address_eq(&game.house, house.address()),
            LotteryError::ForeignHouse
        );
        let entry = self.account(at.entry)?;
        let native = is_native(&game.vault);
        let tokens = if native {
            None
        } else {
            Some(self.account(at.tokens)?)
        };
        let purse = self.purse(&game, at.vault)?;
        let purchase = Purchase {
            house,
            player: &self.signer,
            entry: &entry,
            tokens: tokens.as_ref(),
            currency: self.currency(&game)?,
            order,
            now: self.clock.unix_timestamp,
            rent: crate::money::entry_rent(&self.till.rent)?,
        };
        let price = purchase.check(&game, &purse)?;
        purchase.make(&mut game, &purse, price)?;
        if native {
            self.till.moves.push(&entry, game.account(), price);
        }
        Ok(())
    }

    /// Loads what a payment needs and tells of the last game's payments, if this is
    /// another one.
    fn open(&mut self, at: Positions) -> Result<(Account<Game>, Account<Entry>, Payout)> {
        let view = self.account(at.game)?;
        self.turn_to(view)?;
        let game = load_mut::<Game>(view)?;
        let entry = load_mut::<Entry>(self.account(at.entry)?)?;
        require!(
            address_eq(&entry.game, game.address()),
            LotteryError::ForeignGame
        );
        let wallet = self.account(at.player)?;
        require!(
            address_eq(wallet.address(), &entry.player),
            LotteryError::ForeignPlayer
        );
        let tokens = if is_native(&game.vault) {
            None
        } else {
            Some(self.account(at.tokens)?)
        };
        let payout = Payout {
            currency: self.currency(&game)?,
            purse: self.purse(&game, at.vault)?,
            wallet,
            tokens,
        };
        Ok((game, entry, payout))
    }

    #[inline(never)]
    fn close(&mut self, game: u8, entry: u8, player: u8) -> Result<()> {
        let view = self.account(game)?;
        self.turn_to(view)?;
        let entry_view = self.account(entry)?;
        let player = self.account(player)?;
        let mut entry = load_mut::<Entry>(entry_view)?;
        require!(entry.refunded != Entry::CLOSING, LotteryError::AlreadyPaid);
        require!(
            address_eq(&entry.game, view.address()),
            LotteryError::ForeignGame
        );
        require!(
            address_eq(player.address(), &entry.player),
            LotteryError::ForeignPlayer
        );
        require_over(&view, &entry)?;
        self.till.rent(&entry, &player)?;
        note_closed(&view)?;
        entry.refunded = Entry::CLOSING;
        self.closed.push((entry_view, player));
        Ok(())
    }

    fn turn_to(&mut self, game: AccountView) -> Result<()> {
        let same = self
            .game
            .is_some_and(|last| address_eq(last.address(), game.address()));
        if !same {
            self.tell()?;
            self.game = Some(game);
        }
        Ok(())
    }

    #[inline(never)]
    fn tell(&mut self) -> Result<()> {
        let Some(view) = self.game.filter(|_| self.till.has_payments()) else {
            return Ok(());
        };
        if view.data_len() == 0 {
            return self.till.tell(self.events, view.address(), None);
        }
        let game = load_mut::<Game>(view)?;
        self.till.tell(self.events, view.address(), Some(&game))
    }

    /// Moves the lamports, closes what was closed, and checks every game.
    #[inline(never)]
    pub fn finish(mut self) -> Result<()> {
        self.tell()?;
        core::mem::take(&mut self.till.moves).make()?;
        for (entry, player) in &self.closed {
            load_mut::<Entry>(*entry)?.close(*player)?;
        }
        for view in self.accounts {
            // Most accounts are none of ours, or entries, which loading would find out later.
            if view.data_len() == GAME_LEN && view.is_writable() {
                self.check(*view)?;
            }
        }
        Ok(())
    }

    /// The invariant of a game, if this is one.
    fn check(&self, view: AccountView) -> Result<()> {
        let Ok(game) = load_mut::<Game>(view) else {
            return Ok(());
        };
        if is_native(&game.vault) {
            return game.covered_by_lamports(game.get_lamports());
        }
        let vault = self
            .accounts
            .iter()
            .find(|vault| address_eq(vault.address(), &game.vault));
        match vault {
            Some(_) => Purse::of(&game, vault)?.check(&*game),
            // A token house's game whose vault was not given paid nobody.
            None => Ok(()),
        }
    }

    /// The mint and its program are the last two accounts.
    fn currency(&self, game: &Account<Game>) -> Result<Currency> {
        let last = self.accounts.len().saturating_sub(TokenAccounts::FIXED);
        let tokens = self.accounts.get(last..).unwrap_or_default();
        Currency::of(&game.vault, TokenAccounts(tokens))
    }

    fn purse(&self, game: &Account<Game>, vault: u8) -> Result<Purse> {
        if is_native(&game.vault) {
            return Purse::of(game, None);
        }
        Purse::of(game, Some(&self.account(vault)?))
    }

    fn account(&self, position: u8) -> Result<AccountView> {
        self.accounts
            .get(usize::from(position))
            .copied()
            .ok_or(LotteryError::BatchAccount.into())
    }
}
