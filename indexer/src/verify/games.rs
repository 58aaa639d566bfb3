//! Every game recomputed from its entries and its draws, and held against what
//! the tables say.

use std::collections::{BTreeMap, HashMap};

use lottery::{
    draw::{
        Fate, Rules, fate, first_entries_hash, jackpot_hit, jackpot_ticket, next_entries_hash,
        round_seed,
    },
    math::split,
    state::GameStatus,
};
use solana_pubkey::Pubkey;
use sqlx::{PgConnection, Row as _};

use super::report::Report;
use crate::{
    derive::played,
    fate::{self as fates, EntryFate, Outcome, Played, Tickets},
    store::{Column, U64, games::GameBody, table::Row},
};

/// An entry with its fate as the tables have it.
struct EntryRow {
    address: String,
    player: Pubkey,
    nonce: u16,
    tickets: Tickets,
    paid: u64,
    refunded: bool,
    fate: EntryFate,
}

/// Recomputes one game.
pub(super) async fn check(
    view: &mut PgConnection,
    game: &Row<GameBody>,
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
    check_entries(game, &entries, report);

    let played = played(&game.body);
    let outcome = match fates::play(&played) {
        Ok(outcome) => outcome,
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
    check_settlement(game, &played, report);
    Ok(())
}

fn add(sum: u64, more: usize) -> u64 {
    sum.saturating_add(u64::try_from(more).unwrap_or(u64::MAX))
}

async fn entries(view: &mut PgConnection, game: &str) -> Result<Vec<EntryRow>, sqlx::Error> {
    sqlx::query(
        "SELECT address, player, nonce, first_ticket, tickets, paid, refunded, eliminated_round,
                place, prize, jackpot_awards::numeric[] AS jackpot_awards
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

/// The entries are all the game's tickets, in order, paid for, and hash to what
/// the chain has.
fn check_entries(game: &Row<GameBody>, entries: &[EntryRow], report: &mut Report) {
    let address = game.head.address.to_string();
    let place = ("game", address.as_str());
    let body = &game.body;
    let (mut next, mut paid, mut refunded) = (0u64, 0u64, 0u64);
    let mut hash = first_entries_hash(&game.head.address);
    for entry in entries {
        let first = u64::from(entry.tickets.first);
        report.expect(("entry", &entry.address), "first_ticket", &next, &first);
        next = first.saturating_add(u64::from(entry.tickets.count));
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
    let gross = body.entry_fee.0.saturating_mul(u64::from(body.tickets));
    report.expect(place, "tickets", &u64::from(body.tickets), &next);
    report.expect(
        place,
        "entries",
        &u64::from(body.entries),
        &add(0, entries.len()),
    );
    report.expect(place, "sum of paid", &gross, &paid);
    report.expect(place, "sum of refunded", &body.refunded.0, &refunded);
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

/// The winners' rows, each held against the chain's own function as well.
async fn check_winners(
    view: &mut PgConnection,
    game: &Row<GameBody>,
    played: &Played,
    outcome: &Outcome,
    entries: &[EntryRow],
    report: &mut Report,
) -> Result<(), sqlx::Error> {
    let address = game.head.address.to_string();
    let place = ("game", address.as_str());
    let rules = Rules {
        tickets: played.tickets,
        rounds: played.rounds,
        winners: played.winners,
        keep_bps: &played.keep_bps,
    };
    type Winner = (i64, Option<String>, Option<String>, U64);
    let mut expected: BTreeMap<i16, Winner> = BTreeMap::new();
    for (prize_place, ticket) in (0u8..).zip(&outcome.winning_tickets) {
        let by_chain = fate(&rules, &played.seeds, *ticket);
        report.expect(
            place,
            &format!("fate of ticket {ticket}"),
            &Fate::Alive(u32::from(prize_place)),
            &by_chain,
        );
        let holder = entries.iter().find(|e| fates::holds(e.tickets, *ticket));
        expected.insert(
            i16::from(prize_place),
            (
                i64::from(*ticket),
                holder.map(|e| e.address.clone()),
                holder.map(|e| e.player.to_string()),
                U64(fates::prize(played, prize_place)),
            ),
        );
    }
    report.checked.winners = add(report.checked.winners, expected.len());
    type Columns = (i16, i64, Option<String>, Option<String>, U64);
    let rows: Vec<Columns> =
        sqlx::query_as("SELECT place, ticket, entry, player, prize FROM winners WHERE game = $1")
            .bind(&address)
            .fetch_all(&mut *view)
            .await?;
    let found: BTreeMap<i16, Winner> = rows
        .into_iter()
        .map(|(place, ticket, entry, player, prize)| (place, (ticket, entry, player, prize)))
        .collect();
    report.expect(place, "winners", &expected, &found);

    let rows: Vec<(i16, i64, U64)> =
        sqlx::query_as("SELECT tier, ticket, award FROM jackpot_wins WHERE game = $1")
            .bind(&address)
            .fetch_all(view)
            .await?;
    let found: HashMap<i16, (i64, U64)> = rows
        .into_iter()
        .map(|(tier, ticket, award)| (tier, (ticket, award)))
        .collect();
    let expected: HashMap<i16, (i64, U64)> = (0i16..)
        .zip(played.jackpot_tickets)
        .zip(played.jackpot_awards)
        .filter(|(_, award)| *award > 0)
        .map(|((tier, ticket), award)| (tier, (i64::from(ticket), U64(award))))
        .collect();
    report.expect(place, "jackpot wins", &expected, &found);
    Ok(())
}

/// The split of the takings, the jackpots' rolls and what was paid.
fn check_settlement(game: &Row<GameBody>, played: &Played, report: &mut Report) {
    let body = &game.body;
    let (GameStatus::Settled, Some(seed)) = (body.status, played.seeds.last()) else {
        return;
    };
    let address = game.head.address.to_string();
    let place = ("game", address.as_str());
    let gross = body.entry_fee.0.saturating_mul(u64::from(body.tickets));
    let shares = split(gross, &body.jackpot_bps, body.treasury_bps);
    report.expect(
        place,
        "prize_pool",
        &U64(shares.prize_pool),
        &body.prize_pool,
    );
    report.expect(
        place,
        "treasury_share",
        &U64(shares.treasury),
        &body.treasury_share,
    );
    let contributions = shares.jackpots.map(U64);
    report.expect(
        place,
        "jackpot_contributions",
        &contributions,
        &body.jackpot_contributions,
    );

    let mut any = false;
    let mut paid = 0u64;
    let tiers = (0u8..)
        .zip(body.jackpot_mean)
        .zip(shares.jackpots)
        .zip(body.jackpot_awards)
        .zip(body.jackpot_tickets);
    for ((((tier, mean), contribution), award), ticket) in tiers {
        if jackpot_hit(seed, tier, mean.0, contribution) {
            any = true;
            let expected = jackpot_ticket(seed, tier, body.tickets);
            report.expect(
                place,
                &format!("ticket of jackpot {tier}"),
                &expected,
                &ticket,
            );
        } else {
            let none = U64(0);
            report.expect(place, &format!("award of jackpot {tier}"), &none, &award);
        }
        if (body.awards_paid >> tier) & 1 == 1 {
            paid = paid.saturating_add(award.0);
        }
    }
    report.expect(place, "jackpot_hit", &any, &body.jackpot_hit);
    for prize_place in 0..body.winners.min(32) {
        if (body.places_paid >> prize_place) & 1 == 1 {
            paid = paid.saturating_add(fates::prize(played, prize_place));
        }
    }
    report.expect(place, "paid_out", &U64(paid), &body.paid_out);
}
