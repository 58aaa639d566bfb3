//! Table `oracles`: how each oracle answered, as the holder of a lease saw it.

use std::{collections::BTreeMap, time::Duration};

use solana_pubkey::Pubkey;
use sqlx::PgConnection;

use super::{Database, DatabaseError};
use crate::oracles::OracleRecord;

/// Longest wait for a statement.
const LIMIT: Duration = Duration::from_secs(5);

#[derive(sqlx::FromRow)]
struct Row {
    oracle: String,
    answers: i64,
    failures: i64,
    consecutive_failures: i64,
    last_failure_at: Option<i64>,
    latency_ms_ema: Option<i64>,
}

/// What the last leader of that lease knew.
pub async fn load(
    database: &Database,
    lease: &str,
) -> Result<BTreeMap<Pubkey, OracleRecord>, DatabaseError> {
    let mut rare = database.rare.lock().await;
    let rows = rare
        .run(LIMIT, &lease, |connection, lease| {
            Box::pin(select(connection, lease))
        })
        .await?;
    rows.into_iter().map(record).collect()
}

async fn select(connection: &mut PgConnection, lease: &str) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(
        "SELECT oracle, answers, failures, consecutive_failures, last_failure_at, latency_ms_ema
         FROM oracles WHERE lease = $1",
    )
    .bind(lease)
    .fetch_all(connection)
    .await
}

fn record(row: Row) -> Result<(Pubkey, OracleRecord), DatabaseError> {
    let read = || {
        let record = OracleRecord {
            answers: u64::try_from(row.answers).ok()?,
            failures: u64::try_from(row.failures).ok()?,
            consecutive_failures: u32::try_from(row.consecutive_failures).ok()?,
            last_failure_at: row.last_failure_at,
            latency_ms_ema: match row.latency_ms_ema {
                Some(latency) => Some(u64::try_from(latency).ok()?),
                None => None,
            },
        };
        Some((row.oracle.parse().ok()?, record))
    };
    read().ok_or_else(|| DatabaseError::Malformed(format!("the record of oracle {}", row.oracle)))
}

/// Writes records, each over what the table has of its oracle. Not fenced: of two
/// leaders' words the last counts.
pub async fn save(
    database: &Database,
    lease: &str,
    records: &BTreeMap<Pubkey, OracleRecord>,
) -> Result<(), DatabaseError> {
    let mut rows: Vec<Row> = records.iter().map(row).collect();
    // The order of the keys, which are text; in it every writer locks them.
    rows.sort_unstable_by(|a, b| a.oracle.cmp(&b.oracle));
    let mut rare = database.rare.lock().await;
    rare.run(LIMIT, &(lease, rows), |connection, (lease, rows)| {
        Box::pin(upsert(connection, lease, rows))
    })
    .await
}

fn row((oracle, record): (&Pubkey, &OracleRecord)) -> Row {
    // Nothing gets that far.
    let number = |number| i64::try_from(number).unwrap_or(i64::MAX);
    Row {
        oracle: oracle.to_string(),
        answers: number(record.answers),
        failures: number(record.failures),
        consecutive_failures: record.consecutive_failures.into(),
        last_failure_at: record.last_failure_at,
        latency_ms_ema: record.latency_ms_ema.map(number),
    }
}

async fn upsert(
    connection: &mut PgConnection,
    lease: &str,
    rows: &[Row],
) -> Result<(), sqlx::Error> {
    fn column<'r, T>(rows: &'r [Row], value: impl Fn(&'r Row) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    sqlx::query(
        "INSERT INTO oracles (lease, oracle, answers, failures, consecutive_failures,
                              last_failure_at, latency_ms_ema)
         SELECT $1, g.*
         FROM unnest($2::text[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::int8[])
             AS g (oracle, answers, failures, consecutive_failures, last_failure_at, latency_ms_ema)
         ORDER BY oracle COLLATE \"C\"
         ON CONFLICT (lease, oracle) DO UPDATE
             SET answers = excluded.answers, failures = excluded.failures,
                 consecutive_failures = excluded.consecutive_failures,
                 last_failure_at = excluded.last_failure_at,
                 latency_ms_ema = excluded.latency_ms_ema, updated_at = clock_timestamp()",
    )
    .bind(lease)
    .bind(column(rows, |it| &*it.oracle))
    .bind(column(rows, |it| it.answers))
    .bind(column(rows, |it| it.failures))
    .bind(column(rows, |it| it.consecutive_failures))
    .bind(column(rows, |it| it.last_failure_at))
    .bind(column(rows, |it| it.latency_ms_ema))
    .execute(connection)
    .await?;
    Ok(())
}
