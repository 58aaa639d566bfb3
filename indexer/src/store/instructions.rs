//! Table `instructions`: what transactions asked of the program.

use serde_json::Value;
use sqlx::PgConnection;

/// An instruction, or an operation of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct InstructionRow {
    pub signature: String,
    /// Order within the transaction.
    pub position: i32,
    pub slot: i64,
    /// Of the transaction.
    pub success: bool,
    /// Index of the transaction's instruction that it is, or was called by.
    pub top: i16,
    /// Position of the batch it is an operation of.
    pub batch: Option<i32>,
    pub name: String,
    pub house: Option<String>,
    pub game: Option<String>,
    pub draw: Option<String>,
    pub entry: Option<String>,
    pub player: Option<String>,
    pub accounts: Value,
    /// `None` where they could not be decoded.
    pub arguments: Option<Value>,
    /// Of an operation: 0 when it was done, else why not.
    pub result: Option<u32>,
}

/// Adds instructions; known ones stay as they are.
///
/// # Errors
/// The database's.
pub async fn insert(
    connection: &mut PgConnection,
    rows: &[InstructionRow],
) -> Result<(), sqlx::Error> {
    fn column<T>(rows: &[InstructionRow], get: impl Fn(&InstructionRow) -> T) -> Vec<T> {
        rows.iter().map(get).collect()
    }
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO instructions (signature, position, slot, success, top, batch, name, house,
                                   game, draw, entry, player, accounts, arguments, result)
         SELECT * FROM UNNEST($1::text[], $2::int4[], $3::int8[], $4::bool[], $5::int2[],
                              $6::int4[], $7::text[], $8::text[], $9::text[], $10::text[],
                              $11::text[], $12::text[], $13::jsonb[], $14::jsonb[], $15::int8[])
         ON CONFLICT (signature, position) DO NOTHING",
    )
    .bind(column(rows, |r| r.signature.clone()))
    .bind(column(rows, |r| r.position))
    .bind(column(rows, |r| r.slot))
    .bind(column(rows, |r| r.success))
    .bind(column(rows, |r| r.top))
    .bind(column(rows, |r| r.batch))
    .bind(column(rows, |r| r.name.clone()))
    .bind(column(rows, |r| r.house.clone()))
    .bind(column(rows, |r| r.game.clone()))
    .bind(column(rows, |r| r.draw.clone()))
    .bind(column(rows, |r| r.entry.clone()))
    .bind(column(rows, |r| r.player.clone()))
    .bind(column(rows, |r| r.accounts.clone()))
    .bind(column(rows, |r| r.arguments.clone()))
    .bind(column(rows, |r| r.result.map(i64::from)))
    .execute(connection)
    .await?;
    Ok(())
}
