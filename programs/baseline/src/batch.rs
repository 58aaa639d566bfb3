use anchor_lang::{prelude::*, Discriminator};

use crate::{
    events,
    lists::{
        CloseAt, Closed, JoinAt, List, Move, PaymentAt, Reader, CLOSED, MOST, MOST_CLOSED,
        MOST_MOVES, MOVES, RESULTS,
    },
    payouts::{covers, owed_once_settled},
    purchase::{owed_while_open, Purchase},
    state::{Entry, Game, GameStatus, House, Jackpot},
    tell::{Head, Writer},
    till::{self, Paid},
    view::{
        close, event_accounts, is_zero, load, load_mut, move_lamports, payer, same, system_program,
        writable, Input, Outcome, Refusal, Rent, Walk,
    },
    LotteryError,
};

/// Where the event's count of payments is.
const COUNT: usize = size_of::<Head>() + 32;

struct Batch<'a> {
    signer: AccountView,
    authority: AccountView,
    accounts: &'a [AccountView],
    clock: Clock,
    rent: Rent,
    event: Writer,
    payments: u32,
    bounty: u64,
    /// Of the payments not told of yet.
    game: Option<AccountView>,
    moves: List<Move, MOST_MOVES>,
    /// Entries to close at the end, with whom their last lamports belong to.
    closed: List<Closed, MOST_CLOSED>,
    /// Entries have been refunded, and have bounties to give away.
    refunded: bool,
    /// Positions already found to hold a writable game.
    games: u64,
}

#[inline(never)]
pub unsafe fn batch(input: &Input) -> Outcome {
    let mut walk = unsafe { Walk::<128>::new(input, 4)? };
    accounts!(walk: signer, system, authority, this);
    let accounts = unsafe { &*(walk.rest()? as *const [AccountView]) };
    payer(signer)?;
    system_program(system)?;
    event_accounts(authority, this)?;
    let mut reader = Reader {
        at: input.data,
        left: input.len,
    };
    let operations = reader.take::<u32>()? as usize;
    demand!(operations > 0, LotteryError::BatchEmpty);
    demand!(
        operations <= MOST && reader.left > 0,
        ProgramError::InvalidInstructionData
    );
    let all_or_nothing = unsafe { input.data.add(input.len.wrapping_sub(1)).read() };
    demand!(all_or_nothing <= 1, ProgramError::InvalidInstructionData);
    let mut batch = Batch {
        signer,
        authority,
        accounts,
        clock: Clock::get()?,
        rent: Rent::get()?,
        event: Writer::new(),
        payments: 0,
        bounty: 0,
        game: None,
        moves: List::at(MOVES),
        closed: List::at(CLOSED),
        refunded: false,
        games: 0,
    };
    let mut results = List::<u32, MOST>::at(RESULTS);
    let (mut first, mut done) = (None, false);
    for _ in 0..operations {
        let result = match batch.execute(&mut reader)? {
            Ok(()) => {
                done = true;
                0
            }
            Err(refusal) if all_or_nothing == 1 => return Err(refusal),
            Err(refusal) => {
                first.get_or_insert(refusal);
                refusal.reported()
            }
        };
        results.push(result)?;
    }
    demand!(reader.left == 1, ProgramError::InvalidInstructionData);
    match first {
        Some(refusal) if !done => return Err(refusal),
        _ => {}
    }
    batch.finish()?;
    pinocchio::cpi::set_return_data(bytemuck::cast_slice(results.items()));
    Ok(())
}

impl Batch<'_> {
    /// Reads an operation and does it; the outer outcome is that of the reading.
    #[inline(always)]
    fn execute(&mut self, reader: &mut Reader) -> Outcome<Outcome> {
        match reader.take::<u8>()? {
            0 => {
                let at = reader.take()?;
                Ok(self.join(at))
            }
            1 => {
                let (at, ticket) = (reader.take()?, reader.take()?);
                Ok(self.claim(at, ticket))
            }
            2 => {
                let (at, jackpot) = (reader.take()?, reader.take()?);
                Ok(self.award(at, jackpot))
            }
            3 => {
                let at = reader.take()?;
                Ok(self.refund(at))
            }
            4 => {
                let at = reader.take()?;
                Ok(self.close(at))
            }
            _ => Err(ProgramError::InvalidInstructionData.into()),
        }
    }

    #[inline(always)]
    fn account(&self, position: u8) -> Outcome<AccountView> {
        let account = self.accounts.get(usize::from(position));
        Ok(*account.ok_or(LotteryError::BatchAccount)?)
    }

    /// Checked once, however often it is named.
    #[inline(always)]
    fn game<'a>(&mut self, position: u8) -> Outcome<(AccountView, &'a mut Game)> {
        let view = self.account(position)?;
        let bit = if position < 64 {
            1u64.wrapping_shl(u32::from(position))
        } else {
            0
        };
        if self.games & bit != 0 {
            let data = view.data_ptr().cast_mut();
            return Ok((view, unsafe { &mut *data.add(8).cast::<Game>() }));
        }
        let game = load_mut(view)?;
        self.games |= bit;
        Ok((view, game))
    }

    #[inline(always)]
    fn join(&mut self, at: JoinAt) -> Outcome {
        let house_view = self.account(at.house)?;
        let house: &House = load(house_view)?;
        let (game_view, game) = self.game(at.game)?;
        demand!(
            same(&game.house, house_view.address()),
            LotteryError::ForeignHouse
        );
        let entry = self.account(at.entry)?;
        demand!(is_zero(&game.vault), Refusal::UNWRITTEN);
        let mut purchase = Purchase {
            house,
            player: self.signer,
            entry,
            game_view,
            game,
            payment: None,
            order: at.order,
            now: self.clock.unix_timestamp,
            rent: self.rent,
        };
        let price = purchase.make()?;
        self.push(entry, game_view, price)
    }

    #[inline(always)]
    fn open<'a>(&mut self, at: PaymentAt) -> Outcome<Open<'a>> {
        let view = self.account(at.game)?;
        self.turn_to(view);
        let (view, game) = self.game(at.game)?;
        let (entry_view, entry) = self.entry(view, at.entry)?;
        let player = self.account(at.player)?;
        demand!(
            same(player.address(), &entry.player),
            LotteryError::ForeignPlayer
        );
        demand!(is_zero(&game.vault), Refusal::UNWRITTEN);
        Ok(Open {
            view,
            game,
            entry_view,
            entry,
            player,
        })
    }

    #[inline(always)]
    fn entry<'a>(&self, game: AccountView, at: u8) -> Outcome<(AccountView, &'a mut Entry)> {
        let view = self.account(at)?;
        let entry: &mut Entry = load_mut(view)?;
        demand!(same(&entry.game, game.address()), LotteryError::ForeignGame);
        Ok((view, entry))
    }

    #[inline(always)]
    fn claim(&mut self, at: PaymentAt, ticket: u32) -> Outcome {
        let open = self.open(at)?;
        let parties = (open.player, self.signer);
        let (now, rent) = (self.clock.unix_timestamp, self.rent);
        let paid = till::prize(open.game, open.entry, parties, ticket, (now, rent))?;
        self.note(&open, &paid, open.view)
    }

    #[inline(always)]
    fn award(&mut self, at: PaymentAt, jackpot: u8) -> Outcome {
        let jackpot: &mut Jackpot = load_mut(self.account(jackpot)?)?;
        let open = self.open(at)?;
        let parties = (open.player, self.signer);
        let around = (&self.clock, self.rent);
        let paid = till::award(open.view, open.game, open.entry, parties, jackpot, around)?;
        self.note(&open, &paid, open.view)
    }

    #[inline(always)]
    fn refund(&mut self, at: PaymentAt) -> Outcome {
        let open = self.open(at)?;
        let parties = (open.player, self.signer);
        self.refunded = true;
        let paid = till::refund(open.game, open.entry, parties, self.rent)?;
        self.note(&open, &paid, open.entry_view)
    }

    #[inline(always)]
    fn note(&mut self, open: &Open, paid: &Paid, pays_bounty: AccountView) -> Outcome {
        self.push(open.view, open.player, paid.amount)?;
        self.push(pays_bounty, self.signer, paid.bounty)?;
        self.bounty = crate::view::add(self.bounty, paid.bounty)?;
        self.tell_of(open.view, open.entry_view, open.entry, paid);
        Ok(())
    }

    #[inline(always)]
    fn tell_of(&mut self, game: AccountView, view: AccountView, entry: &Entry, paid: &Paid) {
        if self.payments == 0 {
            self.event = Writer::new();
            self.event.push(Head::of::<events::PlayersPaid>());
            self.event.push(*game.address());
            self.event.push(0u32);
        }
        self.event.push(paid.payment(view, entry));
        self.payments = self.payments.wrapping_add(1);
    }

    #[inline(always)]
    fn close(&mut self, at: CloseAt) -> Outcome {
        let view = self.account(at.game)?;
        self.turn_to(view);
        let player = self.account(at.player)?;
        let entry_view = self.account(at.entry)?;
        demand!(
            !self
                .closed
                .items()
                .iter()
                .any(|(closed, _)| same(closed.address(), entry_view.address())),
            LotteryError::AlreadyPaid
        );
        let (entry_view, entry) = self.entry(view, at.entry)?;
        demand!(
            same(player.address(), &entry.player),
            LotteryError::ForeignPlayer
        );
        let game = if view.data_len() == 0 {
            None
        } else {
            Some(self.game(at.game)?.1)
        };
        let pending = self.pending(entry_view);
        let paid = till::rent(
            game,
            (entry_view, entry, pending),
            (player, self.signer),
            self.rent,
        )?;
        self.push(entry_view, self.signer, paid.bounty)?;
        self.bounty = crate::view::add(self.bounty, paid.bounty)?;
        self.tell_of(view, entry_view, entry, &paid);
        self.closed.push((entry_view, player))
    }

    #[inline(always)]
    fn push(&mut self, from: AccountView, to: AccountView, amount: u64) -> Outcome {
        if amount == 0 {
            return Ok(());
        }
        self.moves.push((from, to, amount))
    }

    /// Lamports that an entry still has to give away (of a refund's bounty).
    #[inline(always)]
    fn pending(&self, entry: AccountView) -> u64 {
        if !self.refunded {
            return 0;
        }
        let entry = entry.account_ptr();
        let moves = self.moves.items().iter();
        moves
            .filter(|(from, ..)| from.account_ptr() == entry)
            .fold(0, |sum, (.., amount)| amount.wrapping_add(sum))
    }

    #[inline(always)]
    fn turn_to(&mut self, game: AccountView) {
        let last = self.game.map(|last| last.account_ptr());
        if last != Some(game.account_ptr()) {
            self.tell();
            self.game = Some(game);
        }
    }

    #[inline(never)]
    fn tell(&mut self) {
        let (Some(view), 1..) = (self.game, self.payments) else {
            return;
        };
        // Payments of a game that is still there were made after it was checked.
        let (paid_out, refunded) = if view.data_len() == 0 {
            (0, 0)
        } else {
            let game: &Game = unsafe { &*view.data_ptr().add(8).cast() };
            (game.paid_out, game.refunded)
        };
        self.event.set(COUNT, self.payments);
        self.event.push([paid_out, refunded]);
        self.event.push(*self.signer.address());
        self.event.push(self.bounty);
        self.event.send(&self.authority);
        self.payments = 0;
        self.bounty = 0;
    }

    /// Moves the lamports, closes what was closed, and checks every game.
    #[inline(always)]
    fn finish(&mut self) -> Outcome {
        self.tell();
        for (from, to, amount) in self.moves.items() {
            move_lamports(*from, *to, *amount)?;
        }
        for (entry, player) in self.closed.items() {
            close(*entry, *player)?;
        }
        for view in self.accounts {
            if !is_game(*view) {
                continue;
            }
            let game: &Game = unsafe { &*view.data_ptr().add(8).cast() };
            // Of a token house, which nothing was done to here.
            if !is_zero(&game.vault) {
                continue;
            }
            let owed = if game.is(GameStatus::Settled) {
                owed_once_settled(game)?
            } else {
                owed_while_open(game)?
            };
            covers(*view, game, owed)?;
        }
        Ok(())
    }
}

/// A writable game; told from other accounts by what is cheapest to see.
#[inline(always)]
fn is_game(view: AccountView) -> bool {
    const LEN: usize = size_of::<Game>() + 8;
    view.data_len() == LEN
        && writable(view).is_ok()
        && unsafe { view.data_ptr().cast::<u64>().read() }
            == const { crate::view::word(Game::DISCRIMINATOR) }
        && view.owned_by(&crate::ID)
}

/// What a payment needs.
struct Open<'a> {
    view: AccountView,
    game: &'a mut Game,
    entry_view: AccountView,
    entry: &'a mut Entry,
    player: AccountView,
}
