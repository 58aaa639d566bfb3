//! What a settled game divided, awarded and paid.

use std::collections::{BTreeMap, HashMap};

use lottery::{
    draw::{Fate, Rules, fate, jackpot_hit, jackpot_ticket},
    math::split,
    state::GameStatus,
};
use sqlx::PgConnection;

use super::{
    games::{EntryRow, Life, add},
    report::Report,
};
use crate::{
    fate::{self as fates, Outcome, Played},
    ledger::replay::owed,
    store::{U64, games::GameBody, table::Row},
};

/// The winners' rows, each held against the chain's own function as well.
pub(super) async fn check_winners(
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
pub(super) fn check_settlement(
    game: &Row<GameBody>,
    life: Life,
    played: &Played,
    report: &mut Report,
) {
    let body = &game.body;
    check_paid(game, life, report);
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

/// A game is marked as paid when it owes nothing any more, and closed only then.
fn check_paid(game: &Row<GameBody>, life: Life, report: &mut Report) {
    let body = &game.body;
    let address = game.head.address.to_string();
    let place = ("game", address.as_str());
    let over = matches!(body.status, GameStatus::Settled | GameStatus::Cancelled);
    let paid = over && owed(body) == 0;
    report.expect(place, "fully_paid", &paid, &body.fully_paid);
    if matches!(life, Life::Closed(_)) {
        report.expect(
            place,
            "owed when it was closed",
            &(true, 0),
            &(over, owed(body)),
        );
    }
    // Prizes expire all at once.
    if body.status == GameStatus::Settled && body.expired.0 > 0 {
        report.expect(place, "owed after prizes expired", &0, &owed(body));
    }
}
