//! Tables `transactions` and `ledger_cursor`.

use sqlx::{PgConnection, PgPool};

use super::U64;

/// A transaction that named the program.
#[derive(Clone, Debug, PartialEq)]
pub struct TransactionRow {
    pub signature: String,
    pub slot: i64,
    /// Unix seconds.
    pub block_time: Option<i64>,
    /// `None` on success.
    pub error: Option<serde_json::Value>,
    pub error_code: Option<u32>,
    /// Lamports.
    pub fee: U64,
    pub compute_units: Option<U64>,
    pub instructions: Vec<String>,
    /// Fee payer.
    pub signer: String,
}

/// Adds transactions; known ones stay as they are.
///
/// # Errors
/// The database's.
pub async fn insert(
    connection: &mut PgConnection,
    rows: &[TransactionRow],
) -> Result<u64, sqlx::Error> {
    fn column<T>(rows: &[TransactionRow], get: impl Fn(&TransactionRow) -> T) -> Vec<T> {
        rows.iter().map(get).collect()
    }
    let done = sqlx::query(
        "INSERT INTO transactions (signature, slot, block_time, success, error, error_code, fee,
                                   compute_units, instructions, signer)
         SELECT signature, slot, block_time, error IS NULL, error, error_code, fee,
                compute_units,
                ARRAY(SELECT jsonb_array_elements_text(instructions)), signer
         FROM UNNEST($1::text[], $2::int8[], $3::int8[], $4::jsonb[], $5::int8[], $6::numeric[],
                     $7::numeric[], $8::jsonb[], $9::text[])
             AS r(signature, slot, block_time, error, error_code, fee, compute_units,
                  instructions, signer)
         ON CONFLICT (signature) DO NOTHING",
    )
    .bind(column(rows, |r| r.signature.clone()))
    .bind(column(rows, |r| r.slot))
    .bind(column(rows, |r| r.block_time))
    .bind(column(rows, |r| r.error.clone()))
    .bind(column(rows, |r| r.error_code.map(i64::from)))
    .bind(column(rows, |r| r.fee))
    .bind(column(rows, |r| r.compute_units))
    .bind(column(rows, |r| serde_json::json!(r.instructions)))
    .bind(column(rows, |r| r.signer.clone()))
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
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

/// Moves the cursor.
///
/// # Errors
/// The database's.
pub async fn advance(
    connection: &mut PgConnection,
    signature: &str,
    slot: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO ledger_cursor (signature, slot) VALUES ($1, $2)
         ON CONFLICT (single) DO UPDATE SET signature = excluded.signature, slot = excluded.slot",
    )
    .bind(signature)
    .bind(slot)
    .execute(connection)
    .await?;
    Ok(())
}
