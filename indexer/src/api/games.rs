//! `GET /api/games`: all games, newest first.

use axum::{Json, extract::State};
use serde::Deserialize;
use sqlx::{PgPool, Postgres, QueryBuilder};

use super::{
    ApiError,
    page::{Cursor, Page, Parameters, address, limit},
    summary::{COLUMNS, Summary},
};
use crate::store::column::{status_from_name, status_name};

/// What may be asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// `open`, `drawing`, `playing`, `settled` or `cancelled`.
    status: Option<String>,
    /// Games of one house.
    house: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

pub async fn list(
    State(pool): State<PgPool>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Json<Page<Summary>>, ApiError> {
    let limit = limit(filter.limit.as_deref())?;
    let mut query = QueryBuilder::<Postgres>::new("SELECT ");
    query.push(COLUMNS).push(" FROM games WHERE TRUE");
    if let Some(text) = &filter.status {
        let status = status_from_name(text).ok_or_else(|| {
            ApiError::Bad(
                "bad_status",
                "status must be open, drawing, playing, settled or cancelled".to_owned(),
            )
        })?;
        query
            .push(" AND status = ")
            .push_bind(status_name(status))
            .push("::game_status");
    }
    if let Some(text) = &filter.house {
        query
            .push(" AND house = ")
            .push_bind(address(text)?.to_string());
    }
    if let Some(text) = &filter.cursor {
        let cursor = Cursor::parse(text)?;
        query
            .push(" AND (opens_at, address) < (")
            .push_bind(cursor.time)
            .push(", ")
            .push_bind(cursor.address)
            .push(")");
    }
    query
        .push(" ORDER BY opens_at DESC, address DESC LIMIT ")
        .push_bind(i64::from(limit).saturating_add(1));
    let rows: Vec<Summary> = query.build_query_as().fetch_all(&pool).await?;
    Ok(Json(Page::of(rows, limit, |game| Cursor {
        time: game.opens_at,
        address: game.address.clone(),
    })))
}
