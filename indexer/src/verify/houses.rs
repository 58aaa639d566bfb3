//! The houses' sums: what games paid in is what treasuries and jackpots took.

use sqlx::PgConnection;

use super::report::Report;
use crate::store::U64;

/// Checks every house's counters against its games.
pub(super) async fn check(view: &mut PgConnection, report: &mut Report) -> Result<(), sqlx::Error> {
    type Columns = (String, U64, U64, U64, U64, U64, U64);
    let rows: Vec<Columns> = sqlx::query_as(
        "SELECT t.house, t.games_created, t.games_settled, t.total_accrued,
                g.created, g.settled, g.shares
         FROM treasuries t CROSS JOIN LATERAL (
             SELECT count(*)::numeric AS created,
                    (count(*) FILTER (WHERE status = 'settled'))::numeric AS settled,
                    COALESCE(sum(treasury_share) FILTER (WHERE status = 'settled'), 0) AS shares
             FROM games WHERE games.house = t.house) g
         WHERE t.closed_at_slot IS NULL ORDER BY t.house",
    )
    .fetch_all(&mut *view)
    .await?;
    for (house, created, settled, accrued, games, games_settled, shares) in rows {
        let place = ("house", house.as_str());
        report.expect(place, "games created", &created, &games);
        report.expect(place, "games settled", &settled, &games_settled);
        report.expect(place, "treasury shares", &accrued, &shares);
    }
    let rows: Vec<(String, U64, U64, U64)> = sqlx::query_as(
        "SELECT address, amount, total_contributions, total_won FROM jackpots
         WHERE closed_at_slot IS NULL ORDER BY address",
    )
    .fetch_all(view)
    .await?;
    for (address, amount, contributed, won) in rows {
        let expected = contributed.0.checked_sub(won.0).map(U64);
        report.expect(("jackpot", &address), "amount", &expected, &Some(amount));
    }
    Ok(())
}
