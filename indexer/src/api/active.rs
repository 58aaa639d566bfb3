//! `GET /api/games/active`: the games that go on, soonest to close first.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder};

use super::{
    ApiError,
    page::{Cursor, Page, Parameters, limit},
    summary::{COLUMNS, Summary},
};

/// What may be asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    limit: Option<String>,
    cursor: Option<String>,
}

/// A game that goes on.
#[derive(Debug, Serialize, FromRow)]
pub struct Active {
    #[serde(flatten)]
    #[sqlx(flatten)]
    game: Summary,
    /// Different players.
    players: i64,
}

pub async fn list(
    State(pool): State<PgPool>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Json<Page<Active>>, ApiError> {
    let limit = limit(filter.limit.as_deref())?;
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(
        ", (SELECT count(DISTINCT player) FROM entries WHERE entries.game = games.address)
             AS players
         FROM games
         WHERE status IN ('open', 'drawing', 'playing') AND closed_at_slot IS NULL",
    );
    if let Some(text) = &filter.cursor {
        let cursor = Cursor::parse(text)?;
        query
            .push(" AND (closes_at, address) > (")
            .push_bind(cursor.time)
            .push(", ")
            .push_bind(cursor.address)
            .push(")");
    }
    query
        .push(" ORDER BY closes_at, address LIMIT ")
        .push_bind(i64::from(limit).saturating_add(1));
    let rows: Vec<Active> = query.build_query_as().fetch_all(&pool).await?;
    Ok(Json(Page::of(rows, limit, |active| Cursor {
        time: active.game.closes_at,
        address: active.game.address.clone(),
    })))
}
