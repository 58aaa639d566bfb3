//! Which draw settled a round: proven by recomputing the round's seed from the draw's value.

use solana_pubkey::Pubkey;
use sqlx::{PgPool, Row as _};

use super::{ReadColumn as _, begin};

/// A settled round and a draw that may have settled it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub game: Pubkey,
    pub round: u8,
    pub seed: [u8; 32],
    pub draw: String,
    pub value: [u8; 32],
}

/// Most candidates that are looked at together.
const CANDIDATES: i64 = 10_000;

/// Rounds without a proven draw, with the revealed draws their game was bound to, from
/// after a round on: some of them, in order.
///
/// # Errors
/// The database's.
pub async fn candidates(
    pool: &PgPool,
    after: &(String, i16),
) -> Result<Vec<Candidate>, sqlx::Error> {
    sqlx::query(
        "SELECT r.game, r.round, r.seed, d.address, d.value
         FROM game_rounds r JOIN draw_games b ON b.game = r.game
              JOIN draws d ON d.address = b.draw
         WHERE r.draw IS NULL AND d.value IS NOT NULL AND (r.game, r.round) > ($1, $2)
         ORDER BY r.game, r.round LIMIT $3",
    )
    .bind(&after.0)
    .bind(after.1)
    .bind(CANDIDATES)
    .fetch_all(pool)
    .await?
    .iter()
    .map(|row| {
        Ok(Candidate {
            game: Pubkey::read(row, "game")?,
            round: u8::read(row, "round")?,
            seed: <[u8; 32]>::read(row, "seed")?,
            draw: row.try_get("address")?,
            value: <[u8; 32]>::read(row, "value")?,
        })
    })
    .collect()
}

/// Records the draws that rounds were proven to be settled by.
///
/// # Errors
/// The database's.
pub async fn prove(pool: &PgPool, proven: &[&Candidate]) -> Result<(), sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let mut transaction = begin(&mut connection).await?;
    sqlx::query(
        "UPDATE game_rounds AS r SET draw = p.draw
         FROM UNNEST($1::text[], $2::int2[], $3::text[], $4::bytea[]) AS p(game, round, draw, seed)
         WHERE r.game = p.game AND r.round = p.round AND r.seed = p.seed",
    )
    .bind(
        proven
            .iter()
            .map(|c| c.game.to_string())
            .collect::<Vec<_>>(),
    )
    .bind(
        proven
            .iter()
            .map(|c| i16::from(c.round))
            .collect::<Vec<_>>(),
    )
    .bind(proven.iter().map(|c| c.draw.clone()).collect::<Vec<_>>())
    .bind(proven.iter().map(|c| c.seed.to_vec()).collect::<Vec<_>>())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}

/// Marks draws closed that have settled, or released, all their games: the program
/// closes a draw's account with its last game, and no stream tells of it.
///
/// # Errors
/// The database's.
pub async fn close_done_draws(pool: &PgPool) -> Result<u64, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let mut transaction = begin(&mut connection).await?;
    let done = sqlx::query(
        "WITH undone AS (SELECT address FROM draws
                         WHERE closed_at_slot IS NULL OR settled <> games),
              ends AS (SELECT r.draw, r.game, g.slot
                       FROM game_rounds r JOIN games g ON g.address = r.game
                       WHERE r.draw IN (SELECT address FROM undone)
                       UNION ALL
                       SELECT draw, game, COALESCE(settled_at_slot, released_at_slot)
                       FROM draw_games
                       WHERE draw IN (SELECT address FROM undone)
                         AND (settled_at_slot IS NOT NULL OR released_at_slot IS NOT NULL))
         UPDATE draws AS d SET settled = d.games, slot = GREATEST(d.slot, s.slot),
             closed_at_slot = COALESCE(d.closed_at_slot, GREATEST(d.slot, s.slot))
         FROM (SELECT draw, count(DISTINCT game) AS games, max(slot) AS slot
               FROM ends GROUP BY draw) AS s
         WHERE d.address = s.draw AND s.games = d.games
           AND (d.closed_at_slot IS NULL OR d.settled <> d.games)",
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(done.rows_affected())
}
