//! What pays players and sells them tickets, alone or in a batch.

use lottery::{LotteryError as E, draw::next_entries_hash, state};
use lottery_client::address;
use solana_pubkey::Pubkey;

use super::{Codes, houses::bytes, money::Moves};
use crate::model::{
    action::{Named, Payment},
    state::{Entry, Game, Model, Status},
    why::Why,
};

/// What an instruction pays, and closes, at its end.
#[derive(Default)]
struct Till {
    moves: Moves,
    /// Entries, by index.
    closed: Vec<usize>,
    /// A batch loads every account to write it.
    batch: bool,
}

/// Fee and closing of an entry each earn a bounty.
const ENTRY_BOUNTIES: u64 = 2;

impl Model {
    pub(super) fn pay_alone(&mut self, key: Pubkey, payment: &Payment) -> Result<(), Why> {
        let mut till = Till::default();
        self.execute_payment(key, payment, &mut till)?;
        self.finish(till)
    }

    pub(super) fn batch(
        &mut self,
        key: Pubkey,
        payments: &[Payment],
        all_or_nothing: bool,
    ) -> Result<Codes, Why> {
        let mut till = Till {
            batch: true,
            ..Till::default()
        };
        let mut codes = Codes::new();
        let mut first_refusal = None;
        for payment in payments {
            let before = self.clone();
            let moves = till.moves.len();
            match self.execute_payment(key, payment, &mut till) {
                Ok(()) => codes.push(0),
                Err(refusal) if all_or_nothing || refusal.is_fatal() => return Err(refusal),
                Err(refusal) => {
                    *self = before;
                    till.moves.truncate(moves);
                    codes.push(refusal.code());
                    first_refusal.get_or_insert(refusal);
                }
            }
        }
        if codes.iter().all(|code| *code != 0) {
            return Err(first_refusal.unwrap_or_else(|| E::BatchEmpty.into()));
        }
        self.finish(till)?;
        Ok(codes)
    }

    fn finish(&mut self, till: Till) -> Result<(), Why> {
        self.ledger.make(till.moves)?;
        for entry in till.closed {
            let entry = &mut self.entries[entry];
            entry.gone = true;
            self.ledger.close(entry.address, entry.player);
        }
        Ok(())
    }

    fn execute_payment(
        &mut self,
        key: Pubkey,
        payment: &Payment,
        till: &mut Till,
    ) -> Result<(), Why> {
        match *payment {
            Payment::Join {
                game,
                tickets,
                nonce,
                max_total,
            } => self.join(key, game, tickets, nonce, max_total, till),
            Payment::Claim { named, ticket } => self.claim(key, named, ticket, till),
            Payment::ClaimJackpot { named, tier } => self.claim_jackpot(key, named, tier, till),
            Payment::Refund { named } => self.refund(key, named, till),
            Payment::CloseEntry { named } => self.close_entry(key, named, till),
        }
    }

    fn join(
        &mut self,
        key: Pubkey,
        index: usize,
        tickets: u32,
        nonce: u16,
        max_total: u64,
        till: &mut Till,
    ) -> Result<(), Why> {
        let now = self.now;
        let game = self.alive(index)?;
        let (address, left) = (game.address, game.params.max_tickets - game.tickets);
        let price = u128::from(game.params.entry_fee) * u128::from(tickets);
        let entry = address::entry(&address, &key, nonce);
        let refusals = [
            (self.house.pause_joins, E::JoinsPaused),
            (game.status != Status::Open, E::GameNotOpen),
            (now < game.params.opens_at, E::GameNotYetOpen),
            (now >= game.params.closes_at, E::GameClosed),
            (tickets == 0, E::TicketsZero),
            (
                tickets > game.params.max_tickets_per_entry,
                E::TicketsAboveEntryCap,
            ),
            (tickets > left, E::SoldOut),
            (price > u128::from(max_total), E::PriceAboveMax),
            (
                self.entries
                    .iter()
                    .any(|one| !one.gone && one.address == entry),
                E::EntryExists,
            ),
        ];
        if let Some((_, refusal)) = refusals.into_iter().find(|(refused, _)| *refused) {
            return Err(refusal.into());
        }
        let native = self.cast.token.is_none();
        if let Some(account) = self.cast.associated(&key) {
            if self.any_frozen(&[address]) {
                return Err(E::VaultFrozen.into());
            }
            match self.ledger.tokens.get(&account) {
                None => return Err(E::TokenAccount.into()),
                Some(tokens) if tokens.frozen => return Err(E::TokenAccountFrozen.into()),
                Some(tokens) if u128::from(tokens.amount) < price => {
                    return Err(E::InsufficientFunds.into());
                }
                Some(_) => {}
            }
        }
        let price = price as u64;
        let bounty = game.terms.bounty;
        let rent = self.ledger.rent(bytes::<state::Entry>());
        let missing = rent.saturating_sub(self.ledger.lamports(&entry));
        let carried = ENTRY_BOUNTIES * bounty;
        let carried = u128::from(carried) + if native { u128::from(price) } else { 0 };
        let Ok(needed) = u64::try_from(u128::from(missing) + carried) else {
            return Err(E::Overflow.into());
        };
        if self.ledger.lamports(&key) < needed {
            return Err(E::InsufficientFunds.into());
        }
        self.ledger.transfer(key, entry, needed)?;
        self.ledger.create(key, entry, bytes::<state::Entry>())?;
        if native {
            till.moves.push((entry, address, price));
        } else {
            self.collect(key, address, price)?;
        }
        let game = &mut self.games[index];
        game.hash = next_entries_hash(&game.hash, &key, nonce, game.tickets, tickets);
        self.entries.push(Entry {
            address: entry,
            game: index,
            player: key,
            nonce,
            first_ticket: game.tickets,
            tickets,
            price: u128::from(price),
            bounty,
            refunded: false,
            gone: false,
        });
        game.tickets += tickets;
        game.entries += 1;
        if game.sold_out() {
            game.next_round_at = now;
        }
        Ok(())
    }

    /// An entry, its game and its player, if they belong together.
    fn open(&self, named: Named, written: bool) -> Result<(&Game, &Entry), Why> {
        let game = self.alive(named.game)?;
        let entry = self.named_entry(named, written)?;
        Ok((game, entry))
    }

    fn named_entry(&self, named: Named, written: bool) -> Result<&Entry, Why> {
        let entry = self.entries.get(named.entry).filter(|entry| !entry.gone);
        let entry = match entry {
            Some(entry) => entry,
            None if written => return Err(Why::GONE),
            None => return Err(self.missing(&self.entry_address(named))),
        };
        if entry.game != named.game {
            return Err(E::ForeignGame.into());
        }
        if entry.player != named.player {
            return Err(E::ForeignPlayer.into());
        }
        Ok(entry)
    }

    fn require_claimable(&self, game: &Game, entry: &Entry, ticket: u32) -> Result<(), Why> {
        if game.status != Status::Settled {
            return Err(E::GameNotSettled.into());
        }
        if self.now >= game.claims_end() {
            return Err(E::ClaimsEnded.into());
        }
        if !(entry.first_ticket..entry.first_ticket + entry.tickets).contains(&ticket) {
            return Err(E::TicketNotInEntry.into());
        }
        Ok(())
    }

    fn require_reward(&self, key: &Pubkey, bounty: u64) -> Result<(), Why> {
        if bounty == 0 {
            return Ok(());
        }
        self.ledger.require_payable(key, bounty)
    }

    /// Pays `amount` of a game to a player, and the game's bounty to who asked.
    fn disburse(
        &mut self,
        key: Pubkey,
        named: Named,
        amount: u128,
        till: &mut Till,
    ) -> Result<(), Why> {
        let game = &mut self.games[named.game];
        game.paid_out += amount;
        game.note_if_paid();
        let from = game.address;
        let bounty = game.take_bounty();
        self.pay(from, named.player, amount, &mut till.moves)?;
        till.moves.push((from, key, bounty));
        Ok(())
    }

    fn claim(
        &mut self,
        key: Pubkey,
        named: Named,
        ticket: u32,
        till: &mut Till,
    ) -> Result<(), Why> {
        let (game, entry) = self.open(named, till.batch)?;
        self.require_claimable(game, entry, ticket)?;
        let place = game.place(ticket).ok_or(E::TicketLost)?;
        if game.places_paid.contains(&place) {
            return Err(E::AlreadyPaid.into());
        }
        let prize = game.prizes()[place as usize];
        self.require_payout(&game.address, &named.player, prize)?;
        self.require_reward(&key, game.terms.bounty)?;
        self.games[named.game].places_paid.insert(place);
        self.disburse(key, named, prize, till)
    }

    fn claim_jackpot(
        &mut self,
        key: Pubkey,
        named: Named,
        tier: u8,
        till: &mut Till,
    ) -> Result<(), Why> {
        let (game, entry) = self.open(named, till.batch)?;
        if game.status != Status::Settled {
            return Err(E::GameNotSettled.into());
        }
        let at = usize::from(tier);
        let award = game.awards[at];
        if award == 0 {
            return Err(E::NoAward.into());
        }
        self.require_claimable(game, entry, game.award_tickets[at])?;
        if game.awards_paid.contains(&tier) {
            return Err(E::AlreadyPaid.into());
        }
        self.require_payout(&game.address, &named.player, award)?;
        self.require_reward(&key, game.terms.bounty)?;
        let address = game.address;
        if self.house.jackpots[at].last_game == address {
            self.house.jackpots[at].last_winner = named.player;
        }
        self.games[named.game].awards_paid.insert(tier);
        self.disburse(key, named, award, till)
    }

    fn refund(&mut self, key: Pubkey, named: Named, till: &mut Till) -> Result<(), Why> {
        let (game, entry) = self.open(named, true)?;
        if game.status != Status::Cancelled {
            return Err(E::GameNotCancelled.into());
        }
        if entry.refunded {
            return Err(E::AlreadyPaid.into());
        }
        let (price, bounty, address) = (entry.price, entry.bounty, entry.address);
        self.require_payout(&game.address, &named.player, price)?;
        self.require_reward(&key, bounty)?;
        let game = &mut self.games[named.game];
        game.refunded += price;
        game.note_if_paid();
        let from = game.address;
        self.entries[named.entry].refunded = true;
        self.pay(from, named.player, price, &mut till.moves)?;
        till.moves.push((address, key, bounty));
        Ok(())
    }

    fn close_entry(&mut self, key: Pubkey, named: Named, till: &mut Till) -> Result<(), Why> {
        if till.closed.contains(&named.entry) {
            return Err(E::AlreadyPaid.into());
        }
        let entry = self.named_entry(named, true)?;
        let (address, bounty) = (entry.address, entry.bounty);
        let game = &self.games[named.game];
        if !game.gone && !game.paid && !self.entries[named.entry].refunded {
            return Err(E::GameStillOwes.into());
        }
        // What the same instruction has promised already is not there any more.
        let promised: u64 = till
            .moves
            .iter()
            .filter(|(from, _, _)| *from == address)
            .map(|(_, _, amount)| amount)
            .sum();
        let rest = self.ledger.lamports(&address) - promised - bounty;
        self.ledger.require_payable(&named.player, rest)?;
        self.require_reward(&key, bounty)?;
        till.moves.push((address, key, bounty));
        till.moves.push((address, named.player, rest));
        if !self.games[named.game].gone {
            self.games[named.game].entries_closed += 1;
        }
        till.closed.push(named.entry);
        Ok(())
    }
}
