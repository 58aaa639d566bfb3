//! What a game's transactions tell of it and of its entries: enough to build again what
//! was closed. Pure.

use anchor_lang::wincode::error::ReadError;
use bytemuck::Zeroable as _;
use lottery::{
    Operation, Order,
    draw::next_entries_hash,
    events::{HouseChanged, Payment},
    instruction as program,
    state::{Entry, Game, GameParams, GameStatus, LAYOUT_VERSION},
};
use solana_pubkey::Pubkey;
use solana_signature::Signature;

use super::{
    events::{Event, next},
    transactions::{Called, Fetched},
};

/// Accounts of `player_batch` before those that its operations name.
const BATCH_ACCOUNTS: usize = 6;

/// How a game came to be.
#[derive(Clone, Copy, Debug)]
pub struct Created {
    pub signature: Signature,
    pub creator: Pubkey,
    pub house: Pubkey,
    /// Of a house that plays for a token.
    pub vault: Option<Pubkey>,
    pub params: GameParams,
}

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
    pub created: Option<Created>,
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
            if let Event::PlayersPaid(paid) = &event
                && paid.game == *game
            {
                self.payments.extend_from_slice(&paid.payments);
            }
            self.events.push((event, time));
        } else if let Some(mut arguments) = called.arguments::<program::CreateGame>() {
            if let (Some(creator), Some(house), Ok(params)) =
                (account(0), account(1), next(&mut arguments))
                && account(3) == Some(*game)
            {
                self.created = Some(Created {
                    signature: transaction.signature,
                    creator,
                    house,
                    // Anchor puts the program in the place of an account not given.
                    vault: account(7).filter(|vault| *vault != lottery::ID),
                    params,
                });
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

    /// The game as far as its own transactions tell, and its entries.
    pub fn rebuild(&self, address: &Pubkey, fee: u64) -> (Game, Vec<(Pubkey, Entry)>) {
        let mut game = Game::zeroed();
        game.version = LAYOUT_VERSION;
        game.entries_hash = address.to_bytes();
        let mut entries = Vec::with_capacity(self.joins.len());
        for joined in &self.joins {
            entries.push((joined.entry, enter(&mut game, address, fee, joined)));
        }
        for (event, time) in &self.events {
            apply(&mut game, address, event, *time);
        }
        for payment in &self.payments {
            let paid = entries
                .iter_mut()
                .find(|(entry, _)| *entry == payment.entry);
            match (payment.kind, paid) {
                (Payment::REFUND, Some((_, entry))) => entry.refunded = 1,
                (Payment::RENT, _) => game.entries_closed = game.entries_closed.saturating_add(1),
                (Payment::PRIZE, _) => game.places_paid |= 1u32.wrapping_shl(payment.index.into()),
                (Payment::AWARD, _) => game.awards_paid |= 1u8.wrapping_shl(payment.index.into()),
                _ => {}
            }
        }
        (game, entries)
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
fn enter(game: &mut Game, address: &Pubkey, fee: u64, joined: &Joined) -> Entry {
    let Order {
        tickets,
        nonce,
        bump,
        ..
    } = joined.order;
    let mut entry = Entry::zeroed();
    entry.version = LAYOUT_VERSION;
    entry.game = *address;
    entry.player = joined.player;
    // Creation made sure that a sold-out game's takings fit.
    entry.paid = fee.saturating_mul(u64::from(tickets));
    entry.joined_at = joined.time;
    entry.first_ticket = game.tickets;
    entry.tickets = tickets;
    entry.nonce = nonce;
    entry.bump = bump;
    game.entries_hash = next_entries_hash(
        &game.entries_hash,
        &joined.player,
        nonce,
        game.tickets,
        tickets,
    );
    game.tickets = game.tickets.saturating_add(tickets);
    game.entries = game.entries.saturating_add(1);
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
pub fn take_rules(game: &mut Game, created: &Created, rules: &HouseChanged) {
    let params = &created.params;
    game.house = created.house;
    game.creator = created.creator;
    game.vault = created.vault.unwrap_or_default();
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
    game.prize_bps = rules.prize_bps;
    game.treasury_bps = rules.treasury_bps;
    game.jackpot_bps = rules.jackpot_bps;
    game.jackpot_mean = rules.jackpot_mean;
    game.reserve_bps = rules.reserve_bps;
    game.bounty = rules.bounty;
    game.claim_window = rules.claim_window;
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use solana_instruction::Instruction;

    use super::*;
    use crate::instruction::{Batch, Purchase, join};

    fn called(instruction: &Instruction, top: usize) -> Called {
        let accounts = instruction.accounts.iter();
        Called {
            program: instruction.program_id,
            accounts: accounts.map(|meta| meta.pubkey).collect(),
            data: instruction.data.clone(),
            top,
        }
    }

    fn creation(entry: Pubkey, top: usize) -> Called {
        Called {
            program: solana_system_interface::program::ID,
            accounts: vec![Pubkey::new_unique(), entry],
            data: Vec::new(),
            top,
        }
    }

    /// Joins by themselves and in batches; not those of other games, nor those that
    /// their batch left out.
    #[test]
    fn entries_come_back_in_the_order_they_were_made() {
        let (game, house) = (Pubkey::new_unique(), Pubkey::new_unique());
        let purchase = |nonce, tickets, game| Purchase {
            player: Pubkey::new_from_array([7; 32]),
            house,
            game,
            tickets,
            nonce,
            max_total: u64::MAX,
        };
        let alone = purchase(0, 2, game);
        let [made, refused, elsewhere] = [
            purchase(1, 3, game),
            purchase(2, 4, game),
            purchase(3, 5, Pubkey::new_unique()),
        ];
        let mut batch = Batch::new(alone.player);
        for purchase in [&refused, &made, &elsewhere] {
            batch.join(purchase, None).unwrap();
        }
        let entry = |purchase: &Purchase| purchase.order().0;
        let transaction = Fetched {
            signature: Signature::default(),
            slot: 5,
            time: Some(77),
            calls: vec![
                called(&join(&alone, None), 0),
                creation(entry(&alone), 0),
                called(&batch.build(false), 1),
                creation(entry(&made), 1),
                creation(entry(&elsewhere), 1),
            ],
        };
        let ledger = Ledger::of(&game, &[transaction]);
        let (rebuilt, entries) = ledger.rebuild(&game, 10);
        let found: Vec<_> = entries
            .iter()
            .map(|(address, entry)| (*address, entry.first_ticket, entry.tickets, entry.paid))
            .collect();
        assert_eq!(found, [(entry(&alone), 0, 2, 20), (entry(&made), 2, 3, 30)]);
        assert_eq!((rebuilt.tickets, rebuilt.entries), (5, 2));
        assert_eq!(entries[0].1.joined_at, 77);
    }
}
