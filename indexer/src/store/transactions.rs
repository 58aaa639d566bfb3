//! Tables `transactions` and `ledger_cursor`.

use std::collections::HashMap;

use solana_pubkey::Pubkey;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row as _};

use super::{
    U64,
    arrays::{Columns, insert_sql},
    column::Json,
    record::record,
};

record! {
    /// A transaction that named the program.
    pub struct TransactionRow => "transactions" {
        signature: String,
        slot: i64,
        /// Order within the block.
        block_index: Option<i32>,
        /// Unix seconds.
        block_time: Option<i64>,
        success: bool,
        /// `None` on success.
        error: Option<Json>,
        error_code: Option<u32>,
        /// Lamports.
        fee: U64,
        compute_units: Option<U64>,
        instructions: Vec<String>,
        /// Fee payer.
        signer: Pubkey,
    }
}

/// Adds transactions, rows of [`TransactionRow`]. Known ones stay as they are, but for a time
/// or a place in the block that was not known. Returns the new ones' signatures and ids.
///
/// # Errors
/// The database's.
pub async fn insert(
    connection: &mut PgConnection,
    rows: &Columns,
) -> Result<HashMap<String, i64>, sqlx::Error> {
    if rows.rows() == 0 {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "{} ON CONFLICT (signature) DO UPDATE
             SET block_time = COALESCE(t.block_time, excluded.block_time),
                 block_index = COALESCE(t.block_index, excluded.block_index)
             WHERE (t.block_time IS NULL AND excluded.block_time IS NOT NULL)
                OR (t.block_index IS NULL AND excluded.block_index IS NOT NULL)
         RETURNING signature, id, xmax = 0 AS is_new",
        insert_sql::<TransactionRow>()
    );
    let changed = rows.query(sql).fetch_all(connection).await?;
    changed
        .iter()
        .filter(|row| row.try_get("is_new").unwrap_or(true))
        .map(|row| Ok((row.try_get("signature")?, row.try_get("id")?)))
        .collect()
}

/// Which of the signatures are not in the table, or without their time.
///
/// # Errors
/// The database's.
pub async fn missing(pool: &PgPool, signatures: &[String]) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT u.signature FROM UNNEST($1::text[]) AS u(signature)
         WHERE NOT EXISTS (SELECT FROM transactions t
                           WHERE t.signature = u.signature AND t.block_time IS NOT NULL)",
    )
    .bind(signatures)
    .fetch_all(pool)
    .await
}

/// The id of a transaction that is in the table.
///
/// # Errors
/// The database's.
pub async fn id(
    connection: &mut PgConnection,
    signature: &str,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT id FROM transactions WHERE signature = $1")
        .bind(signature)
        .fetch_optional(connection)
        .await
}

/// The newest transaction up to which the ledger is complete.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Cursor {
    pub signature: String,
    pub slot: i64,
}

/// Where the ledger stands; `None` at the very beginning.
///
/// # Errors
/// The database's.
pub async fn cursor(pool: &PgPool) -> Result<Option<Cursor>, sqlx::Error> {
    sqlx::query_as("SELECT signature, slot::int8 FROM ledger_cursor")
        .fetch_optional(pool)
        .await
}

/// A step of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where it stood when the step was read.
    pub from: Option<Cursor>,
    pub to: Cursor,
    /// Signatures that were not read, as the table had them.
    pub known: Vec<String>,
}

/// Whether a step can be done: a fork may have moved the ledger back meanwhile, or have
/// taken back what was known. Nobody moves it until the transaction ends.
///
/// # Errors
/// The database's.
pub async fn can_move(connection: &mut PgConnection, step: &Move) -> Result<bool, sqlx::Error> {
    let stands: Option<Cursor> =
        sqlx::query_as("SELECT signature, slot::int8 FROM ledger_cursor FOR UPDATE")
            .fetch_optional(&mut *connection)
            .await?;
    if stands != step.from {
        return Ok(false);
    }
    if step.known.is_empty() {
        return Ok(true);
    }
    let known: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM UNNEST($1::text[]) AS u(signature)
              CROSS JOIN LATERAL (SELECT FROM transactions
                                  WHERE signature = u.signature OFFSET 0) AS t",
    )
    .bind(&step.known)
    .fetch_one(connection)
    .await?;
    Ok(usize::try_from(known) == Ok(step.known.len()))
}

/// Moves the cursor.
///
/// # Errors
/// The database's.
pub async fn advance(connection: &mut PgConnection, cursor: &Cursor) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO ledger_cursor (signature, slot) VALUES ($1, $2)
         ON CONFLICT (single) DO UPDATE SET signature = excluded.signature, slot = excluded.slot",
    )
    .bind(&cursor.signature)
    .bind(cursor.slot)
    .execute(connection)
    .await?;
    Ok(())
}

/// The newest slot that the ledger has a transaction of.
///
/// # Errors
/// The database's.
pub async fn newest_slot(connection: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT slot::int8 FROM transactions ORDER BY slot DESC, id DESC LIMIT 1")
        .fetch_optional(connection)
        .await
}

/// The time of the newest block that the ledger has a transaction of, where it is known.
///
/// # Errors
/// The database's.
pub async fn newest_time(
    connection: &mut PgConnection,
) -> Result<Option<jiff::Timestamp>, sqlx::Error> {
    let seconds: Option<Option<i64>> = sqlx::query_scalar(
        "SELECT block_time FROM transactions ORDER BY slot DESC, id DESC LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    Ok(seconds
        .flatten()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()))
}

/// The tables of a transaction's parts.
const PARTS: [&str; 4] = [
    "instructions",
    "game_events",
    "payments",
    "jackpot_contributions",
];

/// Deletes the transactions of slots that a fork dropped, and moves the cursor to before
/// them. Returns how many there were.
///
/// # Errors
/// The database's.
pub async fn drop_slots(connection: &mut PgConnection, slots: &[i64]) -> Result<u64, sqlx::Error> {
    let ids: Vec<i64> = sqlx::query("DELETE FROM transactions WHERE slot = ANY($1) RETURNING id")
        .bind(slots)
        .fetch_all(&mut *connection)
        .await?
        .iter()
        .map(|row| row.try_get("id"))
        .collect::<Result<_, _>>()?;
    delete_parts(connection, &ids).await?;
    if let Some(first) = slots.iter().min() {
        sqlx::query(
            "WITH newest AS (SELECT signature, slot FROM transactions WHERE slot < $1
                             ORDER BY slot DESC, id DESC LIMIT 1),
                  moved AS (UPDATE ledger_cursor c SET signature = n.signature, slot = n.slot
                            FROM newest n WHERE c.slot >= $1)
             DELETE FROM ledger_cursor WHERE slot >= $1 AND NOT EXISTS (SELECT FROM newest)",
        )
        .bind(first)
        .execute(connection)
        .await?;
    }
    Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
}

/// Deletes what belongs to transactions.
///
/// # Errors
/// The database's.
pub async fn delete_parts(connection: &mut PgConnection, ids: &[i64]) -> Result<(), sqlx::Error> {
    for table in PARTS {
        let sql = format!("DELETE FROM {table} WHERE transaction_id = ANY($1)");
        sqlx::query(AssertSqlSafe(sql))
            .bind(ids)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
