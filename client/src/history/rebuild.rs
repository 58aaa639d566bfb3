//! What a game's transactions tell of it and of its entries: enough to build again what
//! was closed. Pure.

use std::collections::HashSet;

use anchor_lang::wincode::error::ReadError;
use bytemuck::Zeroable as _;
use lottery::{
    Operation, Order,
    events::{GameClosed, GameCreated, Payment},
    instruction as program,
    state::{Entry, Game, GameParams, GameStatus, LAYOUT_VERSION},
};
use solana_pubkey::Pubkey;

use super::{
    events::{Event, next},
    transactions::{Called, Fetched},
};

/// Accounts of `player_batch` before those that its operations name.
const BATCH_ACCOUNTS: usize = 4;

/// A purchase that was made.
#[derive(Clone, Copy, Debug)]
struct Joined {
    player: Pubkey,
    entry: Pubkey,
    order: Order,
    /// Unix seconds.
    time: i64,
}

/// Everything that happened to a game, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub transactions: usize,
    /// The arguments of its creation.
    pub params: Option<GameParams>,
    pub created: Option<GameCreated>,
    pub closed: Option<GameClosed>,
    pub payments: Vec<Payment>,
    joins: Vec<Joined>,
    /// With the time of their transactions (unix seconds).
    events: Vec<(Event, i64)>,
}

impl Ledger {
    /// Of a game's transactions, oldest first.
    pub fn of(game: &Pubkey, transactions: &[Fetched]) -> Self {
        let mut ledger = Self {
            transactions: transactions.len(),
            ..Self::default()
        };
        for transaction in transactions {
            for called in &transaction.calls {
                ledger.take(game, transaction, called);
            }
        }
        ledger
    }

    fn take(&mut self, game: &Pubkey, transaction: &Fetched, called: &Called) {
        let time = transaction.time.unwrap_or_default();
        let account = |position: usize| called.accounts.get(position).copied();
        if let Some(event) = Event::of(called) {
            match &event {
                Event::PlayersPaid(e) if e.game == *game => {
                    self.payments.extend_from_slice(&e.payments);
                }
                Event::GameCreated(e) if e.game == *game => self.created = Some(e.clone()),
                Event::GameClosed(e) if e.game == *game => self.closed = Some(e.clone()),
                _ => {}
            }
            self.events.push((event, time));
        } else if let Some(mut arguments) = called.arguments::<program::CreateGame>() {
            if account(3) == Some(*game) {
                self.params = next(&mut arguments).ok();
            }
        } else if let Some(mut arguments) = called.arguments::<program::Join>() {
            if let (Some(player), Some(entry), Ok(order)) =
                (account(0), account(3), next(&mut arguments))
                && account(2) == Some(*game)
            {
                self.joins.push(Joined {
                    player,
                    entry,
                    order,
                    time,
                });
            }
        } else if let Some(arguments) = called.arguments::<program::PlayerBatch>() {
            let joins = batch_joins(game, transaction, called, arguments, time);
            self.joins.extend(joins.unwrap_or_default());
        }
    }

    /// The entries of a game at this price of a ticket, in the order they were made.
    pub fn entries(&self, game: &Pubkey, fee: u64) -> Vec<(Pubkey, Entry)> {
        let refunds = self.payments.iter().filter(|p| p.kind == Payment::REFUND);
        let refunded: HashSet<Pubkey> = refunds.map(|payment| payment.entry).collect();
        let mut first_ticket = 0u32;
        let mut entries = Vec::with_capacity(self.joins.len());
        for joined in &self.joins {
            let mut entry = enter(game, fee, first_ticket, joined);
            entry.refunded = refunded.contains(&joined.entry).into();
            first_ticket = first_ticket.saturating_add(entry.tickets);
            entries.push((joined.entry, entry));
        }
        entries
    }

    /// The game as it was when it was closed. What its entries must add up to is the
    /// program's word, not taken from them.
    pub fn game(&self, params: &GameParams, created: &GameCreated, closed: &GameClosed) -> Game {
        let mut game = Game::zeroed();
        game.version = LAYOUT_VERSION;
        take_rules(&mut game, params, created);
        for (event, time) in &self.events {
            apply(&mut game, &created.game, event, *time);
        }
        for payment in &self.payments {
            match payment.kind {
                Payment::RENT => game.entries_closed = game.entries_closed.saturating_add(1),
                Payment::PRIZE => game.places_paid |= 1u32.wrapping_shl(payment.index.into()),
                Payment::AWARD => game.awards_paid |= 1u8.wrapping_shl(payment.index.into()),
                _ => {}
            }
        }
        game.entries_hash = closed.entries_hash;
        game.tickets = closed.tickets;
        game.entries = closed.entries;
        game
    }
}

/// The joins of a batch that were not left out: each that was made called the System
/// program to create its entry.
fn batch_joins(
    game: &Pubkey,
    transaction: &Fetched,
    called: &Called,
    mut arguments: &[u8],
    time: i64,
) -> Result<Vec<Joined>, ReadError> {
    let operations: Vec<Operation> = next(&mut arguments)?;
    let account = |position: u8| {
        let position = BATCH_ACCOUNTS.saturating_add(position.into());
        called.accounts.get(position).copied()
    };
    let was_made = |entry: &Pubkey| {
        transaction.calls.iter().any(|inner| {
            inner.top == called.top
                && inner.program == solana_system_interface::program::ID
                && inner.names(entry)
        })
    };
    Ok(operations
        .into_iter()
        .filter_map(|operation| {
            let Operation::Join {
                game: joined,
                entry,
                order,
                ..
            } = operation
            else {
                return None;
            };
            let (player, entry) = (*called.accounts.first()?, account(entry)?);
            (account(joined)? == *game && was_made(&entry)).then_some(Joined {
                player,
                entry,
                order,
                time,
            })
        })
        .collect())
}

/// Does what the program did when a player joined.
fn enter(game: &Pubkey, fee: u64, first_ticket: u32, joined: &Joined) -> Entry {
    let Order {
        tickets,
        nonce,
        bump,
        ..
    } = joined.order;
    let mut entry = Entry::zeroed();
    entry.version = LAYOUT_VERSION;
    entry.game = *game;
    entry.player = joined.player;
    // Creation made sure that a sold-out game's takings fit.
    entry.paid = fee.saturating_mul(u64::from(tickets));
    entry.joined_at = joined.time;
    entry.first_ticket = first_ticket;
    entry.tickets = tickets;
    entry.nonce = nonce;
    entry.bump = bump;
    entry
}

fn apply(game: &mut Game, address: &Pubkey, event: &Event, time: i64) {
    match event {
        Event::DrawSettled(settled) => {
            let rounds = settled.rounds.iter().filter(|round| round.game == *address);
            for round in rounds {
                if let Some(seed) = game.round_seeds.get_mut(usize::from(round.round)) {
                    *seed = round.seed;
                    game.rounds_settled = round.round.saturating_add(1);
                }
                // The last round's event follows that of the settlement.
                if game.is(GameStatus::Open) {
                    game.set_status(GameStatus::Playing);
                }
            }
        }
        Event::GameSettled(settled) if settled.game == *address => {
            game.set_status(GameStatus::Settled);
            game.settled_at = time;
            game.prize_pool = settled.prize_pool;
            game.treasury_share = settled.treasury_share;
            game.jackpot_contributions = settled.contributions;
            game.jackpot_awards = settled.awards;
            game.jackpot_tickets = settled.award_tickets;
        }
        Event::GameCancelled(cancelled) if cancelled.game == *address => {
            game.set_status(GameStatus::Cancelled);
            game.settled_at = time;
        }
        Event::PlayersPaid(paid) if paid.game == *address => {
            // Closes of entries whose game is gone tell zeros.
            game.paid_out = game.paid_out.max(paid.paid_out);
            game.refunded = game.refunded.max(paid.refunded);
        }
        Event::PrizesExpired(expired) if expired.game == *address => {
            game.expired = game.expired.saturating_add(expired.amount);
        }
        _ => {}
    }
}

/// Fills in the rules that a game was created with: its own and its house's.
pub fn take_rules(game: &mut Game, params: &GameParams, created: &GameCreated) {
    game.house = created.house;
    game.creator = created.creator;
    game.vault = created.vault;
    game.id = params.id;
    game.entry_fee = params.entry_fee;
    game.opens_at = params.opens_at;
    game.closes_at = params.closes_at;
    game.min_tickets = params.min_tickets;
    game.max_tickets = params.max_tickets;
    game.max_tickets_per_entry = params.max_tickets_per_entry;
    game.round_interval = params.round_interval;
    game.rounds = params.rounds;
    game.winners = params.winners;
    game.keep_bps = params.keep_bps;
    game.place_bps = params.place_bps;
    game.prize_bps = created.prize_bps;
    game.treasury_bps = created.treasury_bps;
    game.jackpot_bps = created.jackpot_bps;
    game.jackpot_mean = created.jackpot_mean;
    game.reserve_bps = created.reserve_bps;
    game.bounty = created.bounty;
    game.claim_window = created.claim_window;
}

#[cfg(test)]
mod tests;
