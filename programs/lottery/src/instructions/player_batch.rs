use anchor_lang::{address_eq, prelude::*};

use super::nested::*;
use super::{
    entry_close::{note_closed, require_over},
    game_join::Purchase,
    till::Till,
    Order,
};
use crate::{
    clock::clock,
    error::LotteryError,
    events::EventAccounts,
    money::{is_native, load_mut, Currency, Payout, Purse, TokenAccounts},
    state::{Entry, Game, House, Jackpot},
};

/// Several joins, claims, refunds and closes in one instruction, of one game or of
/// many. Claims, refunds and closes may be anybody's; joins are the signer's.
///
/// An operation that is refused is left out and its error code returned, so that one
/// frozen account, one game settled meanwhile, does not hold up the others; only if
/// all are refused, or `all_or_nothing` is asked for, the transaction fails with the
/// first one's reason. Return data: one `u32` (little-endian) per operation, 0 for done,
/// else the error's code.
///
/// Remaining accounts: what the operations name, by position.
#[derive(Accounts)]
pub struct PlayerBatch {
    /// Buys what is joined; gets the bounties. May be a player of the batch too.
    #[account(mut, unsafe(dup))]
    pub signer: Signer,
    pub system_program: Program<System>,
    /// Of the token houses in the batch, which must share one mint.
    pub currency: Nested<TokenAccounts>,
    pub events: Nested<EventAccounts>,
}

/// One operation; accounts are positions among the remaining accounts. Vaults and
/// token accounts are not looked at in houses that play for native SOL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SchemaRead, SchemaWrite, IdlType)]
pub enum Operation {
    Join {
        house: u8,
        game: u8,
        entry: u8,
        vault: u8,
        tokens: u8,
        order: Order,
    },
    Claim {
        game: u8,
        entry: u8,
        player: u8,
        vault: u8,
        tokens: u8,
        ticket: u32,
    },
    ClaimJackpot {
        game: u8,
        entry: u8,
        player: u8,
        vault: u8,
        tokens: u8,
        jackpot: u8,
    },
    Refund {
        game: u8,
        entry: u8,
        player: u8,
        vault: u8,
        tokens: u8,
    },
    CloseEntry {
        game: u8,
        entry: u8,
        player: u8,
    },
}

/// Who is paid, from where, by positions.
#[derive(Clone, Copy)]
struct Positions {
    game: u8,
    entry: u8,
    player: u8,
    vault: u8,
    tokens: u8,
}

impl PlayerBatch {
    pub fn run(
        &mut self,
        operations: &[Operation],
        all_or_nothing: bool,
        accounts: &[AccountView],
    ) -> Result<()> {
        require!(!operations.is_empty(), LotteryError::BatchEmpty);
        let mut batch = Batch {
            signer: *self.signer.account(),
            currency: &self.currency,
            events: &self.events,
            accounts,
            till: Till::new(self.signer.account(), &clock()?),
            game: None,
            closed: Vec::new(),
        };
        let mut results = Vec::with_capacity(operations.len().wrapping_mul(4));
        let mut first_refusal = None;
        let mut done = false;
        for operation in operations {
            let code = match batch.execute(operation) {
                Ok(()) => {
                    done = true;
                    0
                }
                Err(refusal) if all_or_nothing => return Err(refusal),
                Err(refusal) => {
                    let code = error_code(&refusal);
                    first_refusal.get_or_insert(refusal);
                    code
                }
            };
            results.extend_from_slice(&code.to_le_bytes());
        }
        match first_refusal {
            Some(refusal) if !done => return Err(refusal),
            _ => {}
        }
        batch.finish()?;
        set_return_data(&results);
        Ok(())
    }
}

/// A batch under way.
struct Batch<'a> {
    signer: AccountView,
    currency: &'a TokenAccounts,
    events: &'a EventAccounts,
    accounts: &'a [AccountView],
    till: Till,
    /// The game of the payments in the till.
    game: Option<AccountView>,
    /// Entries to close at the end, with whom their last lamports belong to.
    closed: Vec<(AccountView, AccountView)>,
}

impl Batch<'_> {
    fn execute(&mut self, operation: &Operation) -> Result<()> {
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
                self.till.prize(&mut game, &entry, &payout, ticket)
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
                self.till.award(&mut game, &entry, &payout, &mut jackpot)
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

    #[inline(never)]
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
            currency: Currency::of(&game.vault, self.currency)?,
            order,
            now: self.till.now,
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
    #[inline(never)]
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
            currency: Currency::of(&game.vault, self.currency)?,
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
        require!(
            !self
                .closed
                .iter()
                .any(|(closed, _)| address_eq(closed.address(), entry_view.address())),
            LotteryError::AlreadyPaid
        );
        let entry = load_mut::<Entry>(entry_view)?;
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
            self.till.tell(self.events, view.address(), None);
            return Ok(());
        }
        let game = load_mut::<Game>(view)?;
        self.till.tell(self.events, view.address(), Some(&game));
        Ok(())
    }

    /// Moves the lamports, closes what was closed, and checks every game.
    #[inline(never)]
    fn finish(mut self) -> Result<()> {
        self.tell()?;
        self.till.moves.make()?;
        for (entry, player) in &self.closed {
            load_mut::<Entry>(*entry)?.close(*player)?;
        }
        for view in self.accounts {
            if view.owned_by(&crate::ID) && view.is_writable() {
                if let Ok(game) = load_mut::<Game>(*view) {
                    let vault = self
                        .accounts
                        .iter()
                        .find(|vault| address_eq(vault.address(), &game.vault));
                    // A token house's game whose vault was not given paid nobody.
                    if is_native(&game.vault) || vault.is_some() {
                        Purse::of(&game, vault)?.check(&*game)?;
                    }
                }
            }
        }
        Ok(())
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

/// The code that a transaction would fail with.
fn error_code(error: &Error) -> u32 {
    match error {
        ProgramError::Custom(code) => *code,
        // Builtin errors have their number in the upper half of 64 bits.
        other => (u64::from(other.clone()) >> 32) as u32,
    }
}

fn set_return_data(data: &[u8]) {
    anchor_lang::pinocchio::cpi::set_return_data(data);
}
