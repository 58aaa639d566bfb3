//! Table `payments`: every payment to a player.

use sqlx::PgConnection;

use super::U64;

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRow {
    pub signature: String,
    pub instruction: i16,
    pub position: i32,
    /// Order within the event.
    pub number: i32,
    pub slot: i64,
    /// `prize`, `award`, `refund` or `rent`.
    pub kind: &'static str,
    pub game: String,
    pub entry: String,
    pub player: String,
    /// Of a prize.
    pub place: Option<u8>,
    /// Of an award.
    pub tier: Option<u8>,
    /// Of a prize or an award.
    pub ticket: Option<u32>,
    /// Base units; lamports of a rent.
    pub amount: U64,
}

/// Adds payments; known ones stay as they are.
///
/// # Errors
/// The database's.
pub async fn insert(connection: &mut PgConnection, rows: &[PaymentRow]) -> Result<(), sqlx::Error> {
    fn column<T>(rows: &[PaymentRow], get: impl Fn(&PaymentRow) -> T) -> Vec<T> {
        rows.iter().map(get).collect()
    }
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO payments (signature, instruction, position, number, slot, kind, game, entry,
                               player, place, tier, ticket, amount)
         SELECT * FROM UNNEST($1::text[], $2::int2[], $3::int4[], $4::int4[], $5::int8[],
                              $6::text[], $7::text[], $8::text[], $9::text[], $10::int2[],
                              $11::int2[], $12::int8[], $13::numeric[])
         ON CONFLICT (signature, instruction, position, number) DO NOTHING",
    )
    .bind(column(rows, |r| r.signature.clone()))
    .bind(column(rows, |r| r.instruction))
    .bind(column(rows, |r| r.position))
    .bind(column(rows, |r| r.number))
    .bind(column(rows, |r| r.slot))
    .bind(column(rows, |r| r.kind))
    .bind(column(rows, |r| r.game.clone()))
    .bind(column(rows, |r| r.entry.clone()))
    .bind(column(rows, |r| r.player.clone()))
    .bind(column(rows, |r| r.place.map(i16::from)))
    .bind(column(rows, |r| r.tier.map(i16::from)))
    .bind(column(rows, |r| r.ticket.map(i64::from)))
    .bind(column(rows, |r| r.amount))
    .execute(connection)
    .await?;
    Ok(())
}
