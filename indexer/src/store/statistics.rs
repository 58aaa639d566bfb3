//! The materialized views of statistics, and table `statistics_refreshes`.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, PgConnection};

/// Their names.
pub const VIEWS: [&str; 3] = ["player_stats", "jackpot_stats", "daily_stats"];

/// Computes a view anew. Readers see the old rows until the new ones are there, but for
/// the first time, when there are none.
///
/// # Errors
/// The database's.
pub async fn refresh(
    connection: &mut PgConnection,
    view: &'static str,
) -> Result<Duration, sqlx::Error> {
    let start = Instant::now();
    let filled: bool =
        sqlx::query_scalar("SELECT relispopulated FROM pg_class WHERE oid = to_regclass($1)")
            .bind(view)
            .fetch_one(&mut *connection)
            .await?;
    let beside = if filled { "CONCURRENTLY " } else { "" };
    let sql = format!("REFRESH MATERIALIZED VIEW {beside}{view}");
    sqlx::query(AssertSqlSafe(sql))
        .execute(&mut *connection)
        .await?;
    let took = start.elapsed();
    sqlx::query(
        "INSERT INTO statistics_refreshes (name, refreshed_at, seconds) VALUES ($1, now(), $2)
         ON CONFLICT (name) DO UPDATE
             SET refreshed_at = excluded.refreshed_at, seconds = excluded.seconds",
    )
    .bind(view)
    .bind(took.as_secs_f64())
    .execute(connection)
    .await?;
    Ok(took)
}
