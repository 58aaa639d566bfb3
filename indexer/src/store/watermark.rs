//! Table `watermark`: how far the tables are.

use sqlx::{PgConnection, PgPool};

/// The cluster and program that a database mirrors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub genesis_hash: String,
    pub program: String,
    pub commitment: String,
}

/// How far the tables are; slots are `None` before the first snapshot.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Watermark {
    pub commitment: String,
    /// Slot of the last full snapshot.
    pub snapshot_slot: Option<i64>,
    /// Slot up to which the stream has been applied.
    pub applied_slot: Option<i64>,
    /// Seconds since the chain was first seen at `applied_slot`.
    pub applied_age: Option<f64>,
    /// Rows up to these are confirmed and finalized.
    pub confirmed_slot: Option<i64>,
    pub finalized_slot: Option<i64>,
    /// The chain's slot as last seen, and how long ago (seconds).
    pub chain_slot: Option<i64>,
    pub chain_age: Option<f64>,
    pub last_error: Option<String>,
    /// Seconds since that error.
    pub last_error_age: Option<f64>,
}

/// Claims an empty database for a cluster; afterwards returns whose it is.
///
/// # Errors
/// The database's.
pub async fn claim(pool: &PgPool, identity: &Identity) -> Result<Identity, sqlx::Error> {
    sqlx::query(
        "INSERT INTO watermark (genesis_hash, program, commitment) VALUES ($1, $2, $3)
         ON CONFLICT (single) DO UPDATE SET commitment = excluded.commitment
             WHERE (watermark.genesis_hash, watermark.program)
                 = (excluded.genesis_hash, excluded.program)",
    )
    .bind(&identity.genesis_hash)
    .bind(&identity.program)
    .bind(&identity.commitment)
    .execute(pool)
    .await?;
    let (genesis_hash, program, commitment) =
        sqlx::query_as("SELECT genesis_hash, program, commitment FROM watermark")
            .fetch_one(pool)
            .await?;
    Ok(Identity {
        genesis_hash,
        program,
        commitment,
    })
}

/// The row; `None` before any indexer has run.
///
/// # Errors
/// The database's.
pub async fn read(pool: &PgPool) -> Result<Option<Watermark>, sqlx::Error> {
    sqlx::query_as(
        "SELECT commitment, snapshot_slot::int8, applied_slot::int8, chain_slot::int8,
                confirmed_slot::int8, finalized_slot::int8,
                extract(epoch FROM now() - applied_at)::float8 AS applied_age,
                extract(epoch FROM now() - chain_at)::float8 AS chain_age,
                last_error,
                extract(epoch FROM now() - last_error_at)::float8 AS last_error_age
         FROM watermark",
    )
    .fetch_optional(pool)
    .await
}

/// A snapshot taken at `slot` is now in the tables, whole.
///
/// # Errors
/// The database's.
pub async fn snapshot_done(connection: &mut PgConnection, slot: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE watermark SET snapshot_slot = GREATEST(snapshot_slot, $1::int8),
             applied_slot = GREATEST(applied_slot, $1::int8),
             applied_at = CASE WHEN $1 > COALESCE(applied_slot, -1) THEN now() ELSE applied_at END,
             chain_slot = GREATEST(chain_slot, $1::int8),
             chain_at = CASE WHEN $1 > COALESCE(chain_slot, -1) THEN now() ELSE chain_at END",
    )
    .bind(slot)
    .execute(connection)
    .await?;
    Ok(())
}

/// Slot of the last full snapshot.
///
/// # Errors
/// The database's.
pub async fn snapshot_slot(connection: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
    let slot: Option<Option<i64>> = sqlx::query_scalar("SELECT snapshot_slot::int8 FROM watermark")
        .fetch_optional(connection)
        .await?;
    Ok(slot.flatten())
}

/// The tables are no further than `slot`, whatever was said before.
///
/// # Errors
/// The database's.
pub async fn go_back(connection: &mut PgConnection, slot: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE watermark SET snapshot_slot = LEAST(snapshot_slot, $1::int8),
             applied_slot = LEAST(applied_slot, $1::int8),
             chain_slot = LEAST(chain_slot, $1::int8),
             confirmed_slot = LEAST(confirmed_slot, $1::int8),
             finalized_slot = LEAST(finalized_slot, $1::int8)",
    )
    .bind(slot)
    .execute(connection)
    .await?;
    Ok(())
}

/// Everything streamed up to `applied` is in the tables; the chain is at `chain`.
///
/// # Errors
/// The database's.
pub async fn progress(
    connection: &mut PgConnection,
    applied: i64,
    chain: i64,
) -> Result<(), sqlx::Error> {
    // The chain was at `applied` when the row's chain slot was written, if that
    // was this very slot: an idle chain then has no lag.
    sqlx::query(
        "UPDATE watermark SET applied_slot = GREATEST(applied_slot, $1::int8),
             applied_at = CASE WHEN $1 <= COALESCE(applied_slot, -1) THEN applied_at
                               WHEN chain_slot <= $1 THEN chain_at ELSE now() END,
             chain_slot = GREATEST(chain_slot, $2::int8), chain_at = now()",
    )
    .bind(applied)
    .bind(chain)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes an error for `/api/status`. Best effort: the log has it too.
///
/// # Errors
/// The database's.
pub async fn note_error(connection: &mut PgConnection, error: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE watermark SET last_error = $1, last_error_at = now()")
        .bind(error)
        .execute(connection)
        .await?;
    Ok(())
}

/// What forks dropped up to these slots has been taken back.
///
/// # Errors
/// The database's.
pub async fn settled(
    connection: &mut PgConnection,
    confirmed: Option<i64>,
    finalized: Option<i64>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE watermark SET confirmed_slot = GREATEST(confirmed_slot, $1::int8),
             finalized_slot = GREATEST(finalized_slot, $2::int8)",
    )
    .bind(confirmed)
    .bind(finalized)
    .execute(connection)
    .await?;
    Ok(())
}

/// The confirmed and the finalized slot of the tables.
///
/// # Errors
/// The database's.
pub async fn settled_slots(
    connection: &mut PgConnection,
) -> Result<(Option<i64>, Option<i64>), sqlx::Error> {
    let slots = sqlx::query_as("SELECT confirmed_slot::int8, finalized_slot::int8 FROM watermark")
        .fetch_optional(connection)
        .await?;
    Ok(slots.unwrap_or_default())
}
