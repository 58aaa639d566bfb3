//! Table `events`: what the program told of itself.

use serde_json::Value;
use solana_pubkey::Pubkey;
use sqlx::PgConnection;

use super::U64;

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    pub signature: String,
    /// Index of the transaction's instruction it came from.
    pub instruction: i16,
    /// Order within that.
    pub position: i32,
    pub slot: i64,
    pub kind: &'static str,
    pub version: u8,
    pub house: Option<Pubkey>,
    pub draw: Option<Pubkey>,
    pub games: Vec<Pubkey>,
    pub players: Vec<Pubkey>,
    /// Who was paid the bounty.
    pub cranker: Option<Pubkey>,
    /// Moved by it (base units).
    pub amount: Option<U64>,
    /// Lamports.
    pub bounty: Option<U64>,
    /// All its fields.
    pub body: Value,
}

/// An array literal: UNNEST would flatten an array of arrays into one.
fn literal(addresses: &[Pubkey]) -> String {
    let items: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    format!("{{{}}}", items.join(","))
}

fn text(address: Option<Pubkey>) -> Option<String> {
    address.map(|address| address.to_string())
}

/// Adds events; known ones stay as they are.
///
/// # Errors
/// The database's.
pub async fn insert(connection: &mut PgConnection, rows: &[EventRow]) -> Result<(), sqlx::Error> {
    fn column<T>(rows: &[EventRow], get: impl Fn(&EventRow) -> T) -> Vec<T> {
        rows.iter().map(get).collect()
    }
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO events (signature, instruction, position, slot, kind, version, house, draw,
                             games, players, cranker, amount, bounty, body)
         SELECT signature, instruction, position, slot, kind, version, house, draw,
                games::text[], players::text[], cranker, amount, bounty, body
         FROM UNNEST($1::text[], $2::int2[], $3::int4[], $4::int8[], $5::text[], $6::int2[],
                     $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
                     $12::numeric[], $13::numeric[], $14::jsonb[])
             AS r(signature, instruction, position, slot, kind, version, house, draw, games,
                  players, cranker, amount, bounty, body)
         ON CONFLICT (signature, instruction, position) DO NOTHING",
    )
    .bind(column(rows, |r| r.signature.clone()))
    .bind(column(rows, |r| r.instruction))
    .bind(column(rows, |r| r.position))
    .bind(column(rows, |r| r.slot))
    .bind(column(rows, |r| r.kind))
    .bind(column(rows, |r| i16::from(r.version)))
    .bind(column(rows, |r| text(r.house)))
    .bind(column(rows, |r| text(r.draw)))
    .bind(column(rows, |r| literal(&r.games)))
    .bind(column(rows, |r| literal(&r.players)))
    .bind(column(rows, |r| text(r.cranker)))
    .bind(column(rows, |r| r.amount))
    .bind(column(rows, |r| r.bounty))
    .bind(column(rows, |r| r.body.clone()))
    .execute(connection)
    .await?;
    Ok(())
}
