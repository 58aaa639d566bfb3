//! What a game's tickets won.

use lottery::state::TIER_NAMES;
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use crate::store::U64;

#[derive(Serialize, FromRow)]
pub struct Winner {
    /// 0 is the first prize.
    place: i16,
    ticket: i64,
    player: Option<String>,
    entry: Option<String>,
    prize: U64,
    paid: bool,
    /// Nobody claimed it in time: it went to the mega jackpot.
    expired: bool,
}

#[derive(Serialize)]
pub struct JackpotWin {
    tier: &'static str,
    ticket: i64,
    player: Option<String>,
    entry: Option<String>,
    award: U64,
    paid: bool,
    /// Nobody claimed it in time: it went to the mega jackpot.
    expired: bool,
}

pub(super) async fn winners(
    view: &mut PgConnection,
    game: &str,
) -> Result<Vec<Winner>, sqlx::Error> {
    sqlx::query_as(
        "SELECT w.place, w.ticket, w.player, w.entry, w.prize,
                (g.places_paid >> w.place) & 1 = 1 AS paid,
                (g.places_paid >> w.place) & 1 = 0 AND g.expired > 0 AS expired
         FROM winners w JOIN games g ON g.address = w.game WHERE w.game = $1 ORDER BY w.place",
    )
    .bind(game)
    .fetch_all(view)
    .await
}

pub(super) async fn jackpots(
    view: &mut PgConnection,
    game: &str,
) -> Result<Vec<JackpotWin>, sqlx::Error> {
    type Columns = (i16, i64, Option<String>, Option<String>, U64, bool, bool);
    let rows: Vec<Columns> = sqlx::query_as(
        "SELECT w.tier, w.ticket, w.player, w.entry, w.award,
                (g.awards_paid >> w.tier) & 1 = 1 AS paid,
                (g.awards_paid >> w.tier) & 1 = 0 AND g.expired > 0 AS expired
         FROM jackpot_wins w JOIN games g ON g.address = w.game WHERE w.game = $1 ORDER BY w.tier",
    )
    .bind(game)
    .fetch_all(view)
    .await?;
    Ok(rows
        .into_iter()
        .map(
            |(tier, ticket, player, entry, award, paid, expired)| JackpotWin {
                tier: usize::try_from(tier)
                    .ok()
                    .and_then(|tier| TIER_NAMES.get(tier))
                    .copied()
                    .unwrap_or("unknown"),
                ticket,
                player,
                entry,
                award,
                paid,
                expired,
            },
        )
        .collect())
}
