//! Table `draw_games`: which games were bound to which draw.

use sqlx::PgConnection;

use super::arrays::column;

/// Records which draws serve games: pairs of game and draw, sorted.
///
/// # Errors
/// The database's.
pub async fn bind(
    connection: &mut PgConnection,
    bound: &[(String, String)],
) -> Result<(), sqlx::Error> {
    if bound.is_empty() {
        return Ok(());
    }
    let (games, draws): (Vec<_>, Vec<_>) = bound.iter().cloned().unzip();
    sqlx::query(
        "INSERT INTO draw_games (game, draw)
         SELECT game, draw FROM UNNEST($1::text[], $2::text[]) AS b(game, draw)
         ON CONFLICT DO NOTHING",
    )
    .bind(games)
    .bind(draws)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes back what happened in slots that a fork dropped.
///
/// # Errors
/// The database's.
pub async fn drop_slots(connection: &mut PgConnection, slots: &[i64]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE draw_games
         SET settled_at_slot = CASE WHEN settled_at_slot = ANY($1) THEN NULL
                                    ELSE settled_at_slot END,
             released_at_slot = CASE WHEN released_at_slot = ANY($1) THEN NULL
                                     ELSE released_at_slot END
         WHERE settled_at_slot = ANY($1) OR released_at_slot = ANY($1)",
    )
    .bind(slots)
    .execute(connection)
    .await?;
    Ok(())
}

/// Has what the ledger tells of which draws serve games, and how they let go of them.
///
/// # Errors
/// The database's.
pub async fn tell_again(
    connection: &mut PgConnection,
    games: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO draw_games AS d (game, draw, settled_at_slot, released_at_slot)
         SELECT game, draw, max(slot) FILTER (WHERE kind = 'draw_settled'),
                max(slot) FILTER (WHERE kind = 'draw_aborted')
         FROM game_events
         WHERE game = ANY($1) AND kind IN ('draw_requested', 'draw_settled', 'draw_aborted')
         GROUP BY game, draw
         ON CONFLICT (game, draw) DO UPDATE
             SET settled_at_slot = excluded.settled_at_slot,
                 released_at_slot = excluded.released_at_slot
             WHERE d.settled_at_slot IS NULL AND d.released_at_slot IS NULL",
    )
    .bind(games)
    .execute(connection)
    .await?;
    Ok(())
}

/// How a draw let go of a game.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ended {
    pub game: String,
    pub draw: String,
    pub slot: i64,
    /// By an abort, not by settling a round.
    pub released: bool,
}

/// Records how draws let go of their games; sorted, each game and draw once.
///
/// # Errors
/// The database's.
pub async fn end(connection: &mut PgConnection, ended: &[Ended]) -> Result<(), sqlx::Error> {
    if ended.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO draw_games AS d (game, draw, settled_at_slot, released_at_slot)
         SELECT game, draw, CASE WHEN NOT released THEN slot END, CASE WHEN released THEN slot END
         FROM UNNEST($1::text[], $2::text[], $3::int8[], $4::bool[]) AS b(game, draw, slot, released)
         ON CONFLICT (game, draw) DO UPDATE
             SET settled_at_slot = excluded.settled_at_slot,
                 released_at_slot = excluded.released_at_slot
             WHERE d.settled_at_slot IS NULL AND d.released_at_slot IS NULL",
    )
    .bind(column(ended, |e| e.game.as_str()))
    .bind(column(ended, |e| e.draw.as_str()))
    .bind(column(ended, |e| e.slot))
    .bind(column(ended, |e| e.released))
    .execute(connection)
    .await?;
    Ok(())
}
