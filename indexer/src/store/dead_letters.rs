//! Table `dead_letters`: what could not be stored where it belongs.

use std::collections::BTreeMap;

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

/// Bytes of letters that are sent in one statement.
const STATEMENT: usize = 16 << 20;

/// Keeps letters; the same bytes again only move their `last_slot`.
///
/// # Errors
/// The database's.
pub async fn insert_all(
    connection: &mut PgConnection,
    letters: impl IntoIterator<Item = &DeadLetter>,
) -> Result<(), sqlx::Error> {
    // The same one twice cannot be changed twice by a statement; the last one stands.
    let mut once: BTreeMap<(&str, &str, &[u8]), &DeadLetter> = BTreeMap::new();
    for letter in letters {
        once.insert((letter.kind.label(), &letter.key, &letter.bytes), letter);
    }
    let (mut some, mut size) = (Vec::new(), 0usize);
    for letter in once.into_values() {
        size = size.saturating_add(letter.bytes.len());
        some.push(letter);
        if size >= STATEMENT {
            insert(connection, &std::mem::take(&mut some)).await?;
            size = 0;
        }
    }
    insert(connection, &some).await
}

async fn insert(connection: &mut PgConnection, letters: &[&DeadLetter]) -> Result<(), sqlx::Error> {
    if letters.is_empty() {
        return Ok(());
    }
    fn each<T>(letters: &[&DeadLetter], get: impl Fn(&DeadLetter) -> T) -> Vec<T> {
        letters.iter().map(|letter| get(letter)).collect()
    }
    // Postgres' text cannot hold a zero character.
    let text = |text: &str| text.replace('\0', "\\0");
    sqlx::query(
        "INSERT INTO dead_letters AS d (kind, key, slot, last_slot, lamports, owner, bytes, reason)
         SELECT kind, key, slot, slot, lamports, owner, bytes, reason
         FROM UNNEST($1::text[], $2::text[], $3::int8[], $4::numeric[], $5::text[], $6::bytea[],
                     $7::text[]) AS l(kind, key, slot, lamports, owner, bytes, reason)
         ON CONFLICT (kind, key, digest) DO UPDATE
             SET last_slot = GREATEST(d.last_slot, excluded.last_slot), reason = excluded.reason,
                 replayed_at = NULL",
    )
    .bind(each(letters, |l| l.kind.label().to_owned()))
    .bind(each(letters, |l| text(&l.key)))
    .bind(each(letters, |l| l.slot))
    .bind(each(letters, |l| l.lamports))
    .bind(each(letters, |l| l.owner.clone()))
    .bind(each(letters, |l| l.bytes.clone()))
    .bind(each(letters, |l| text(&l.reason)))
    .execute(connection)
    .await?;
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
