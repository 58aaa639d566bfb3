//! Every game recomputed from its entries and its draws, and held against what
//! the tables say.

use std::collections::HashMap;

use lottery::draw::{first_entries_hash, next_entries_hash, round_seed};
use solana_pubkey::Pubkey;
use sqlx::{PgConnection, Row as _};

use super::{
    report::Report,
    settlement::{check_settlement, check_winners},
};
use crate::{
    derive::played,
    fate::{self as fates, EntryFate, FateError, Outcome, Tickets},
    store::{ReadColumn, U64, games::GameBody, table::Row},
};

/// An entry with its fate as the tables have it.
pub(super) struct EntryRow {
    pub address: String,
    pub player: Pubkey,
    nonce: u16,
    pub tickets: Tickets,
    paid: u64,
    refunded: bool,
    closed: bool,
    fate: EntryFate,
}

/// Whether a game's account is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Open,
    /// Gone, but the ledger does not tell how: the row is as it was last seen.
    Gone,
    /// Gone, and its events have brought the row to its end.
    Closed(Sums),
}

/// What a game's entries add up to, by the event of its close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    entries_hash: [u8; 32],
    tickets: u32,
    entries: u32,
}

/// The games whose accounts are gone.
pub(super) async fn gone(view: &mut PgConnection) -> Result<HashMap<Pubkey, Life>, sqlx::Error> {
    sqlx::query(
        "SELECT address, told.*
         FROM games g LEFT JOIN LATERAL (
             SELECT decode(body->>'entries_hash', 'hex') AS told_hash,
                    (body->>'tickets')::bigint AS told_tickets,
                    (body->>'entries')::bigint AS told_entries
             FROM game_events e WHERE e.kind = 'game_closed' AND e.game = g.address LIMIT 1
         ) told ON true
         WHERE closed_at_slot IS NOT NULL",
    )
    .fetch_all(view)
    .await?
    .iter()
    .map(|row| {
        let life = match <Option<[u8; 32]>>::read(row, "told_hash")? {
            None => Life::Gone,
            Some(entries_hash) => Life::Closed(Sums {
                entries_hash,
                tickets: u32::read(row, "told_tickets")?,
                entries: u32::read(row, "told_entries")?,
            }),
        };
        Ok((Pubkey::read(row, "address")?, life))
    })
    .collect()
}

/// Recomputes one game.
pub(super) async fn check(
    view: &mut PgConnection,
    game: &Row<GameBody>,
    life: Life,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let address = game.head.address.to_string();
    let place = ("game", address.as_str());
    let entries = entries(view, &address).await?;
    report.checked.games = report.checked.games.saturating_add(1);
    report.checked.entries = add(report.checked.entries, entries.len());
    report.checked.tickets = report
        .checked
        .tickets
        .saturating_add(u64::from(game.body.tickets));
    check_entries(game, life, &entries, report);

    let played = played(&game.body);
    let outcome = match fates::play(&played) {
        Ok(outcome) => outcome,
        Err(FateError::TooLarge(_)) => {
            report.checked.too_large = report.checked.too_large.saturating_add(1);
            return Ok(());
        }
        Err(error) => {
            report.note(
                place,
                "rules",
                "rules that can be played",
                error.to_string(),
            );
            return Ok(());
        }
    };
    check_rounds(view, game, &outcome, report).await?;
    for entry in &entries {
        let expected = outcome.entry(&played, entry.tickets);
        report.expect(("entry", &entry.address), "fate", &expected, &entry.fate);
    }
    check_winners(view, game, &played, &outcome, &entries, report).await?;
    check_settlement(game, life, &played, report);
    Ok(())
}

pub(super) fn add(sum: u64, more: usize) -> u64 {
    sum.saturating_add(u64::try_from(more).unwrap_or(u64::MAX))
}

async fn entries(view: &mut PgConnection, game: &str) -> Result<Vec<EntryRow>, sqlx::Error> {
    sqlx::query(
        "SELECT address, player, nonce, first_ticket, tickets, paid, refunded, eliminated_round,
                closed_at_slot IS NOT NULL AS closed, place, prize, jackpot_awards::numeric[] AS jackpot_awards
         FROM entries WHERE game = $1 ORDER BY first_ticket",
    )
    .bind(game)
    .fetch_all(view)
    .await?
    .iter()
    .map(|row| {
        let awards: Option<Vec<U64>> = row.try_get("jackpot_awards")?;
        let small = |name: &str| -> Result<Option<u8>, sqlx::Error> {
            let value: Option<i16> = row.try_get(name)?;
            Ok(value.and_then(|v| u8::try_from(v).ok()))
        };
        Ok(EntryRow {
            address: row.try_get("address")?,
            player: Pubkey::read(row, "player")?,
            nonce: u16::read(row, "nonce")?,
            tickets: Tickets {
                first: u32::read(row, "first_ticket")?,
                count: u32::read(row, "tickets")?,
            },
            paid: U64::read(row, "paid")?.0,
            refunded: row.try_get("refunded")?,
            closed: row.try_get("closed")?,
            fate: EntryFate {
                eliminated_round: small("eliminated_round")?,
                place: small("place")?,
                prize: <Option<U64>>::read(row, "prize")?.map(|prize| prize.0),
                jackpot_awards: awards.and_then(|awards| {
                    let awards: Vec<u64> = awards.into_iter().map(|award| award.0).collect();
                    awards.try_into().ok()
                }),
            },
        })
    })
    .collect()
}

/// Entries that may be missing because they were closed before this database saw them.
fn may_be_unseen(body: &GameBody, life: Life, entries: &[EntryRow]) -> u64 {
    let seen = add(0, entries.len());
    let missing = u64::from(body.entries).saturating_sub(seen);
    if life != Life::Open {
        // Entries may close after their game, which counts them no more.
        return missing;
    }
    let closed = entries.iter().filter(|entry| entry.closed).count();
    missing.min(u64::from(body.entries_closed).saturating_sub(add(0, closed)))
}

/// The entries are all the game's tickets, in order, paid for, and hash to what
/// the chain has.
fn check_entries(game: &Row<GameBody>, life: Life, entries: &[EntryRow], report: &mut Report) {
    let address = game.head.address.to_string();
    let place = ("game", address.as_str());
    let body = &game.body;
    if let Life::Closed(told) = life {
        let found = Sums {
            entries_hash: body.entries_hash,
            tickets: body.tickets,
            entries: body.entries,
        };
        report.expect(place, "entries when it was closed", &told, &found);
    }
    let unseen = may_be_unseen(body, life, entries);
    report.checked.unseen_entries = report.checked.unseen_entries.saturating_add(unseen);
    let (mut next, mut paid, mut refunded) = (0u64, 0u64, 0u64);
    let mut hash = first_entries_hash(&game.head.address);
    for entry in entries {
        let first = u64::from(entry.tickets.first);
        // Unseen entries leave gaps, but nothing may overlap.
        let expected = if unseen > 0 { next.max(first) } else { next };
        report.expect(("entry", &entry.address), "first_ticket", &expected, &first);
        next = first.saturating_add(u64::from(entry.tickets.count));
        let price = body
            .entry_fee
            .0
            .saturating_mul(u64::from(entry.tickets.count));
        report.expect(("entry", &entry.address), "paid", &price, &entry.paid);
        paid = paid.saturating_add(entry.paid);
        if entry.refunded {
            refunded = refunded.saturating_add(entry.paid);
        }
        hash = next_entries_hash(
            &hash,
            &entry.player,
            entry.nonce,
            entry.tickets.first,
            entry.tickets.count,
        );
    }
    let seen = add(unseen, entries.len());
    report.expect(place, "entries", &u64::from(body.entries), &seen);
    if unseen > 0 {
        let fits = next <= u64::from(body.tickets) && refunded <= body.refunded.0;
        report.expect(place, "tickets and refunds seen", &true, &fits);
        return;
    }
    let gross = body.entry_fee.0.saturating_mul(u64::from(body.tickets));
    report.expect(place, "tickets", &u64::from(body.tickets), &next);
    report.expect(place, "sum of paid", &gross, &paid);
    if life != Life::Gone {
        report.expect(place, "sum of refunded", &body.refunded.0, &refunded);
    }
    let hashes = (hex::encode(body.entries_hash), hex::encode(hash));
    report.expect(place, "entries_hash", &hashes.0, &hashes.1);
}

/// Every settled round has its row, and its seed comes from its draw's value.
async fn check_rounds(
    view: &mut PgConnection,
    game: &Row<GameBody>,
    outcome: &Outcome,
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let address = game.head.address.to_string();
    let place = ("game", address.as_str());
    let rows = sqlx::query(
        "SELECT r.round, r.tickets, r.survivors, r.seed, r.draw, d.value
         FROM game_rounds r LEFT JOIN draws d ON d.address = r.draw
         WHERE r.game = $1 ORDER BY r.round",
    )
    .bind(&address)
    .fetch_all(view)
    .await?;
    report.expect(place, "rounds", &outcome.rounds.len(), &rows.len());
    for (row, round) in rows.iter().zip(&outcome.rounds) {
        let name = format!("round {}", round.round);
        let found = fates::Round {
            round: u8::read(row, "round")?,
            tickets: u32::read(row, "tickets")?,
            survivors: u32::read(row, "survivors")?,
            seed: <[u8; 32]>::read(row, "seed")?,
        };
        report.expect(place, &name, round, &found);
        report.checked.rounds = report.checked.rounds.saturating_add(1);
        match <Option<[u8; 32]>>::read(row, "value")? {
            None => report.note(place, &name, "the draw that settled it", "none"),
            Some(value) => {
                let seed = round_seed(&value, &game.head.address, round.round);
                report.expect(place, &format!("{name} seed"), &seed, &found.seed);
            }
        }
    }
    Ok(())
}
