//! `GET /api/status`: how far the tables are behind the chain.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use lottery_service::text::scrub;
use serde::Serialize;
use sqlx::{PgPool, Postgres, QueryBuilder};

use super::ApiError;
use crate::store::{self, watermark};

/// Above this many rows a count is the planner's estimate: counting them would
/// take longer than the answer may.
const COUNTED: i64 = 100_000;

/// The answer.
#[derive(Serialize)]
pub struct Status {
    /// Commitment of everything served.
    commitment: Option<String>,
    /// The chain's slot, as the indexer saw it last.
    chain_slot: Option<i64>,
    /// Slot up to which the tables have everything.
    indexed_slot: Option<i64>,
    /// Slot of the last full snapshot.
    snapshot_slot: Option<i64>,
    lag_slots: Option<i64>,
    /// Age of what is served (seconds).
    lag_seconds: Option<f64>,
    /// Since the indexer last saw the chain (seconds); grows when it is down.
    chain_seen_seconds: Option<f64>,
    last_error: Option<LastError>,
    /// Rows per table.
    counts: BTreeMap<String, i64>,
    /// The tables whose count is an estimate.
    estimated: Vec<String>,
}

/// What last made the indexer start over.
#[derive(Serialize)]
pub struct LastError {
    message: String,
    seconds_ago: Option<f64>,
}

pub async fn show(State(pool): State<PgPool>) -> Result<Json<Status>, ApiError> {
    let mark = watermark::read(&pool).await?;
    let mut counts = BTreeMap::new();
    let mut estimated = Vec::new();
    for (table, rows, exact) in count(&pool).await? {
        if !exact {
            estimated.push(table.clone());
        }
        counts.insert(table, rows);
    }
    let mut status = Status {
        commitment: None,
        chain_slot: None,
        indexed_slot: None,
        snapshot_slot: None,
        lag_slots: None,
        lag_seconds: None,
        chain_seen_seconds: None,
        last_error: None,
        counts,
        estimated,
    };
    if let Some(mark) = mark {
        let lag = mark.chain_slot.zip(mark.applied_slot);
        status.commitment = Some(mark.commitment);
        status.chain_slot = mark.chain_slot;
        status.indexed_slot = mark.applied_slot;
        status.snapshot_slot = mark.snapshot_slot;
        status.lag_slots = lag.map(|(chain, applied)| chain.saturating_sub(applied).max(0));
        status.lag_seconds = mark.applied_age;
        status.chain_seen_seconds = mark.chain_age;
        status.last_error = mark.last_error.map(|message| LastError {
            message: scrub(&message),
            seconds_ago: mark.last_error_age,
        });
    }
    Ok(Json(status))
}

/// Table, rows, and whether that is exact.
async fn count(pool: &PgPool) -> Result<Vec<(String, i64, bool)>, sqlx::Error> {
    let tables = [&store::TABLES[..], &["dead_letters"]].concat();
    let mut counts: Vec<(String, i64, bool)> = sqlx::query_as(
        "SELECT t.name, c.reltuples::int8, FALSE
         FROM UNNEST($1::text[]) AS t(name) JOIN pg_class c ON c.oid = to_regclass(t.name)",
    )
    .bind(tables)
    .fetch_all(pool)
    .await?;
    for (table, rows, exact) in &mut counts {
        if *rows < COUNTED {
            let mut query = QueryBuilder::<Postgres>::new("SELECT count(*) FROM ");
            query.push(table.as_str());
            *rows = query.build_query_scalar().fetch_one(pool).await?;
            *exact = true;
        }
    }
    Ok(counts)
}
