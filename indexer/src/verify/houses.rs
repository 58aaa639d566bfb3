//! The houses' sums: what games paid in is what treasuries and jackpots took.

use lottery::state::MEGA;
use sqlx::{FromRow, PgConnection};

use super::report::Report;
use crate::store::U64;

/// Settled games, from their rows or, where they were closed unseen, their events.
const SETTLED: &str = "WITH settled AS (
    SELECT house, treasury_share AS share, jackpot_contributions::numeric[] AS contributions,
           expired::numeric AS expired
    FROM games WHERE status = 'settled'
    UNION ALL
    SELECT e.house, (e.body->>'treasury_share')::numeric,
           ARRAY(SELECT c::numeric FROM jsonb_array_elements_text(e.body->'contributions') AS c),
           COALESCE((SELECT sum(x.amount) FROM game_events x
                     WHERE x.kind = 'prizes_expired' AND x.game = e.game), 0)
    FROM game_events e
    WHERE e.kind = 'game_settled'
      AND NOT EXISTS (SELECT FROM games g WHERE g.address = e.game AND g.status = 'settled'))";

/// A treasury, and what its house's games sum up to.
#[derive(FromRow)]
struct Treasury {
    house: String,
    games_created: U64,
    games_settled: U64,
    accrued: U64,
    total_accrued: U64,
    total_withdrawn: U64,
    /// Games with a row.
    rows: U64,
    /// Settled games with a row or an event.
    settled: U64,
    shares: U64,
    withdrawn: U64,
    /// The ledger has the house's whole history, up to this state.
    whole: bool,
}

/// A jackpot, and what was paid into it.
#[derive(FromRow)]
struct Jackpot {
    address: String,
    house: String,
    amount: U64,
    total_contributions: U64,
    total_won: U64,
    contributed: U64,
    funded: U64,
    whole: bool,
}

/// Whether the ledger has all transactions of a house, from its creation to a slot.
fn whole(slot: &str, house: &str) -> String {
    format!(
        "(EXISTS (SELECT FROM instructions i WHERE i.name = 'create_house' AND i.success
                      AND i.house = {house})
          AND EXISTS (SELECT FROM ledger_cursor c WHERE c.slot >= {slot})) AS whole"
    )
}

/// Checks every house's counters against its games and its events.
pub(super) async fn check(view: &mut PgConnection, report: &mut Report) -> Result<(), sqlx::Error> {
    let treasuries: Vec<Treasury> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{SETTLED}
         SELECT t.house, t.games_created, t.games_settled, t.accrued, t.total_accrued,
                t.total_withdrawn, s.settled, s.shares, {},
                (SELECT count(*)::numeric FROM games WHERE games.house = t.house) AS rows,
                (SELECT COALESCE(sum(amount), 0) FROM game_events e
                 WHERE e.kind = 'treasury_withdrawn' AND e.house = t.house) AS withdrawn
         FROM treasuries t CROSS JOIN LATERAL (
             SELECT count(*)::numeric AS settled, COALESCE(sum(share), 0) AS shares
             FROM settled WHERE settled.house = t.house) s
         WHERE t.closed_at_slot IS NULL ORDER BY t.house",
        whole("t.slot", "t.house")
    )))
    .fetch_all(&mut *view)
    .await?;
    let mut complete = Vec::new();
    for treasury in &treasuries {
        if check_treasury(treasury, report) {
            complete.push(treasury.house.clone());
        }
    }
    let jackpots: Vec<Jackpot> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "{SETTLED}
         SELECT j.address, j.house, j.amount, j.total_contributions, j.total_won, {},
                (SELECT COALESCE(sum(contributions[j.tier + 1]
                                     + CASE WHEN j.tier = {MEGA} THEN expired ELSE 0 END), 0)
                 FROM settled WHERE settled.house = j.house) AS contributed,
                (SELECT COALESCE(sum(c.amount), 0) FROM jackpot_contributions c
                 WHERE c.source = 'gift' AND c.house = j.house AND c.tier = j.tier) AS funded
         FROM jackpots j WHERE j.closed_at_slot IS NULL ORDER BY j.address",
        whole("j.last_modified_slot", "j.house")
    )))
    .fetch_all(view)
    .await?;
    for jackpot in &jackpots {
        check_jackpot(jackpot, complete.contains(&jackpot.house), report);
    }
    Ok(())
}

/// Notes what is wrong; returns whether all settled games are known.
fn check_treasury(treasury: &Treasury, report: &mut Report) -> bool {
    let place = ("house", treasury.house.as_str());
    let unseen = treasury.games_created.0.saturating_sub(treasury.rows.0);
    report.checked.unseen_games = report.checked.unseen_games.saturating_add(unseen);
    let rows = U64(treasury.rows.0.saturating_add(unseen));
    report.expect(place, "games created", &treasury.games_created, &rows);
    let complete = unseen == 0 || treasury.settled == treasury.games_settled;
    if complete {
        report.expect(
            place,
            "games settled",
            &treasury.games_settled,
            &treasury.settled,
        );
        report.expect(
            place,
            "treasury shares",
            &treasury.total_accrued,
            &treasury.shares,
        );
    } else {
        let most = (treasury.games_settled, treasury.total_accrued);
        let fits = treasury.settled <= most.0 && treasury.shares <= most.1;
        report.expect(place, "shares of games seen", &true, &fits);
    }
    let accrued = treasury
        .total_accrued
        .0
        .checked_sub(treasury.total_withdrawn.0);
    report.expect(place, "accrued", &accrued.map(U64), &Some(treasury.accrued));
    if treasury.whole {
        report.expect(
            place,
            "withdrawals",
            &treasury.total_withdrawn,
            &treasury.withdrawn,
        );
    }
    complete
}

fn check_jackpot(jackpot: &Jackpot, complete: bool, report: &mut Report) {
    let place = ("jackpot", jackpot.address.as_str());
    let left = jackpot
        .total_contributions
        .0
        .checked_sub(jackpot.total_won.0);
    report.expect(place, "amount", &left.map(U64), &Some(jackpot.amount));
    let total = jackpot.total_contributions;
    let known = U64(jackpot.contributed.0.saturating_add(jackpot.funded.0));
    if complete && jackpot.whole {
        report.expect(place, "contributions", &total, &known);
    } else if known > total {
        report.note(
            place,
            "contributions",
            format!("at least {known}"),
            format!("{total}"),
        );
    }
}
