//! The rows of games and entries that came and went while nobody looked, made of what the
//! ledger has of them, and checked against the hash over all entries that the program kept.
//! Pure.

mod event;
mod field;

use std::collections::HashMap;

use anchor_lang::bytemuck::Zeroable as _;
use lottery::{
    draw::{first_entries_hash, next_entries_hash},
    events::{EVENT_VERSION, GameCreated, Payment},
    state::{Entry, Game, GameParams, GameStatus, LAYOUT_VERSION},
};
use lottery_client::{address, history::take_rules};
use serde_json::Value;
use solana_pubkey::Pubkey;

use super::{event::Event, replay};
use crate::{
    source::END_OF_TOLD,
    store::{
        U64,
        entries::EntryBody,
        games::GameBody,
        incomplete::{History, Join, Made},
        table::{self, Head},
        told::Told as Row,
    },
};

pub use event::told;
use field::{bytes, key, number, numbers};

/// Why the ledger does not suffice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RebuildError {
    #[error("the ledger does not have its creation; backfill from a node that keeps it")]
    NoCreation,
    #[error("the ledger does not have its end")]
    NoEnd,
    #[error(
        "the ledger does not have all that led to its end; look at the dead letters, or backfill"
    )]
    NoOutcome,
    #[error("the node did not tell which joins of a batch were done")]
    Unsure,
    #[error("the time of a transaction is not known")]
    NoTime,
    #[error("{0} is missing, or not as this build knows it")]
    Field(&'static str),
    #[error(
        "its {found} entries are not all of those it was closed with; backfill from a node that \
         keeps all transactions"
    )]
    Entries { found: usize },
}

/// Rows of a game and its entries; `row` is the game's own, if it has one already.
///
/// # Errors
/// When the ledger does not have all of it.
pub fn make(
    address: &Pubkey,
    history: &History,
    row: Option<&table::Row<GameBody>>,
) -> Result<Made, RebuildError> {
    let entries = entries(address, history, row.map(|row| row.body.entry_fee.0))?;
    let closed = history.told.iter().find(|told| told.kind == "game_closed");
    let end = match closed {
        Some(closed) => (
            bytes(&closed.body, "entries_hash")?,
            number(&closed.body, "entries")?,
        ),
        None => {
            let row = row.filter(|_| !history.is_gone);
            let row = row.ok_or(RebuildError::NoEnd)?;
            (row.body.entries_hash, row.body.entries)
        }
    };
    let hash = entries.iter().fold(first_entries_hash(address), |hash, e| {
        let e = &e.body;
        next_entries_hash(&hash, &e.player, e.nonce, e.first_ticket, e.tickets)
    });
    if (hash, u32::try_from(entries.len()).ok()) != (end.0, Some(end.1)) {
        return Err(RebuildError::Entries {
            found: entries.len(),
        });
    }
    let (game, known) = match row {
        // What is closed stays as it is: the ledger has the last word.
        Some(row) if closed.is_some() => (None, Some(corrected(game(address, history)?, row))),
        Some(_) => (None, None),
        None => (Some(game(address, history)?), None),
    };
    Ok(Made {
        game,
        known,
        entries,
        refunded: paid_out(history, Payment::REFUND).collect(),
        closed: closed.map(|told| told.slot),
        closed_entries: paid_out(history, Payment::RENT).collect(),
    })
}

/// Entries to which payments of a kind were made, and when.
fn paid_out(history: &History, kind: u8) -> impl Iterator<Item = (Pubkey, i64)> {
    let paid = history.paid.iter();
    paid.filter(move |paid| paid.kind == kind)
        .map(|paid| (paid.entry, paid.slot))
}

/// The entries in the order they were made.
fn entries(
    game: &Pubkey,
    history: &History,
    fee: Option<u64>,
) -> Result<Vec<table::Row<EntryBody>>, RebuildError> {
    let (arguments, _) = history.creation.as_ref().ok_or(RebuildError::NoCreation)?;
    let fee = match fee {
        Some(fee) => fee,
        None => params(arguments)?.entry_fee,
    };
    let bounty = number(&created_body(history)?.body, "bounty")?;
    let refunds: HashMap<Pubkey, i64> = paid_out(history, Payment::REFUND).collect();
    let mut first_ticket = 0u32;
    let mut entries = Vec::with_capacity(history.joins.len());
    for join in &history.joins {
        match (join.is_operation, join.result) {
            (false, _) | (true, Some(0)) => {}
            (true, Some(_)) => continue,
            (true, None) => return Err(RebuildError::Unsure),
        }
        let (address, mut entry) = entry(game, join, fee)?;
        entry.first_ticket = first_ticket;
        entry.bounty = bounty;
        let refunded = refunds.get(&address);
        entry.refunded = refunded.is_some().into();
        first_ticket = first_ticket.saturating_add(entry.tickets);
        entries.push(table::Row {
            head: Head {
                address,
                slot: refunded.copied().unwrap_or(join.slot),
                write_version: refunded.map_or(-1, |_| END_OF_TOLD),
                // It is gone, and with it what it held.
                lamports: U64(0),
            },
            body: EntryBody::from(&entry),
        });
    }
    Ok(entries)
}

fn entry(game: &Pubkey, join: &Join, fee: u64) -> Result<(Pubkey, Entry), RebuildError> {
    let mut entry = Entry::zeroed();
    entry.version = LAYOUT_VERSION;
    entry.game = *game;
    entry.player = join.player.ok_or(RebuildError::Field("player"))?;
    entry.tickets = join.tickets.ok_or(RebuildError::Field("tickets"))?;
    entry.nonce = join.nonce.ok_or(RebuildError::Field("nonce"))?;
    entry.bump = join.bump.ok_or(RebuildError::Field("bump"))?;
    // Creation made sure that a sold-out game's takings fit.
    entry.paid = fee.saturating_mul(u64::from(entry.tickets));
    entry.joined_at = join.block_time.ok_or(RebuildError::NoTime)?;
    Ok((join.entry.ok_or(RebuildError::Field("entry"))?, entry))
}

fn created_body(history: &History) -> Result<&Row, RebuildError> {
    let mut told = history.told.iter();
    told.find(|told| told.kind == "game_created")
        .ok_or(RebuildError::NoCreation)
}

fn params(arguments: &Value) -> Result<GameParams, RebuildError> {
    let params = arguments
        .get("params")
        .ok_or(RebuildError::Field("params"))?;
    Ok(GameParams {
        id: number(params, "id")?,
        entry_fee: number(params, "entry_fee")?,
        opens_at: number(params, "opens_at")?,
        closes_at: number(params, "closes_at")?,
        min_tickets: number(params, "min_tickets")?,
        max_tickets: number(params, "max_tickets")?,
        max_tickets_per_entry: number(params, "max_tickets_per_entry")?,
        round_interval: number(params, "round_interval")?,
        rounds: number(params, "rounds")?,
        winners: number(params, "winners")?,
        keep_bps: numbers(params, "keep_bps")?,
        place_bps: numbers(params, "place_bps")?,
    })
}

/// The game as its creation and its events tell it.
fn game(address: &Pubkey, history: &History) -> Result<table::Row<GameBody>, RebuildError> {
    let (arguments, accounts) = history.creation.as_ref().ok_or(RebuildError::NoCreation)?;
    let params = params(arguments)?;
    let account = |name: &'static str| key(accounts.get(name).and_then(Value::as_str), name);
    let body = &created_body(history)?.body;
    let created = GameCreated {
        version: EVENT_VERSION,
        house: account("house")?,
        game: *address,
        creator: account("creator")?,
        vault: key(body.get("vault").and_then(Value::as_str), "vault")?,
        id: params.id,
        bounty_escrow: number(body, "bounty_escrow")?,
        jackpot_mean: numbers(body, "jackpot_mean")?,
        bounty: number(body, "bounty")?,
        claim_window: number(body, "claim_window")?,
        prize_bps: number(body, "prize_bps")?,
        treasury_bps: number(body, "treasury_bps")?,
        jackpot_bps: numbers(body, "jackpot_bps")?,
        reserve_bps: numbers(body, "reserve_bps")?,
    };
    let mut game = Game::zeroed();
    game.version = LAYOUT_VERSION;
    game.bump = address::game_with_bump(&created.house, params.id).1;
    take_rules(&mut game, &params, &created);
    let mut body = GameBody::from(&game);
    for told in told(address, &history.told, &history.paid)? {
        let is_end = matches!(told.event, Event::GameSettled(_) | Event::GameCancelled(_));
        if is_end && told.time.is_none() {
            return Err(RebuildError::NoTime);
        }
        replay::apply(&mut body, address, &told);
    }
    // Entries may close after their game.
    let closed = history.told.iter().find(|told| told.kind == "game_closed");
    let last = closed.or(history.told.last());
    let is_played = body.status == GameStatus::Cancelled || body.rounds_settled == body.rounds;
    if closed.is_some() && !(replay::is_over(&body) && is_played) {
        return Err(RebuildError::NoOutcome);
    }
    body.entries_closed =
        paid_out(history, Payment::RENT).fold(0, |sum: u32, _| sum.saturating_add(1));
    Ok(table::Row {
        head: Head {
            address: *address,
            slot: last.map_or(0, |told| told.slot),
            write_version: -1,
            lamports: U64(0),
        },
        body,
    })
}

/// What the ledger makes of a game that has a row: of what the ledger does not tell, the row's.
fn corrected(mut made: table::Row<GameBody>, row: &table::Row<GameBody>) -> table::Row<GameBody> {
    let (body, known) = (&mut made.body, &row.body);
    body.bounty_escrow = known.bounty_escrow;
    body.rent_reserve = known.rent_reserve;
    body.next_round_at = known.next_round_at;
    body.draw_index = known.draw_index;
    body.entries_closed = body.entries_closed.max(known.entries_closed);
    if (body.status, body.round_seeds) == (known.status, known.round_seeds) {
        body.settled_at = known.settled_at;
        body.draw_attempts = known.draw_attempts;
        body.tried_oracles = known.tried_oracles;
    }
    made.head.lamports = row.head.lamports;
    made
}
