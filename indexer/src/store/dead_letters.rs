//! Table `dead_letters`: what could not be stored where it belongs.

use sqlx::PgConnection;

use super::U64;

/// What a letter is about.
pub use crate::telemetry::Letter as LetterKind;

/// Bytes nobody could make sense of, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    pub kind: LetterKind,
    /// Address, signature or name of the source.
    pub key: String,
    pub slot: i64,
    /// Of an account.
    pub lamports: Option<U64>,
    /// Of an account.
    pub owner: Option<String>,
    pub bytes: Vec<u8>,
    pub reason: String,
}

/// Keeps a letter; the same bytes again only move its `last_slot`.
///
/// # Errors
/// The database's.
pub async fn insert(connection: &mut PgConnection, letter: &DeadLetter) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO dead_letters AS d (kind, key, slot, last_slot, lamports, owner, bytes, reason)
         VALUES ($1, $2, $3, $3, $4, $5, $6, $7)
         ON CONFLICT (kind, key, digest) DO UPDATE
             SET last_slot = GREATEST(d.last_slot, excluded.last_slot), reason = excluded.reason,
                 replayed_at = NULL",
    )
    .bind(letter.kind.label())
    .bind(&letter.key)
    .bind(letter.slot)
    .bind(letter.lamports)
    .bind(&letter.owner)
    .bind(&letter.bytes)
    // Postgres' text cannot hold a zero character.
    .bind(letter.reason.replace('\0', "\\0"))
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps several.
///
/// # Errors
/// The database's.
pub async fn insert_all(
    connection: &mut PgConnection,
    letters: &[DeadLetter],
) -> Result<(), sqlx::Error> {
    for letter in letters {
        insert(connection, letter).await?;
    }
    Ok(())
}

/// A letter that waits for a replay.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Waiting {
    pub id: i64,
    pub kind: String,
    pub key: String,
    pub slot: i64,
    /// The slot at which it was last seen.
    pub last_slot: i64,
    pub lamports: Option<U64>,
    pub owner: Option<String>,
    pub bytes: Vec<u8>,
    pub reason: String,
}

/// Letters that wait, after one, oldest first.
///
/// # Errors
/// The database's.
pub async fn waiting(
    connection: &mut PgConnection,
    after: i64,
    limit: i64,
) -> Result<Vec<Waiting>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, kind, key, slot::int8, last_slot::int8, lamports::numeric, owner, bytes, reason
         FROM dead_letters WHERE replayed_at IS NULL AND id > $1 ORDER BY id LIMIT $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// These were understood.
///
/// # Errors
/// The database's.
pub async fn replayed(connection: &mut PgConnection, ids: &[i64]) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE dead_letters SET replayed_at = now() WHERE id = ANY($1)")
        .bind(ids)
        .execute(connection)
        .await?;
    Ok(())
}
