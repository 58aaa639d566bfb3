//! Table `entries`.

use lottery::state::Entry;
use solana_pubkey::Pubkey;
use sqlx::PgConnection;

use super::{U64, table::body};
use crate::source::END_OF_TOLD;

body! {
    /// A purchase of tickets. What became of them is written by the deriver.
    pub struct EntryBody: Entry => "entries" {
        game: Pubkey = |a| a.game,
        player: Pubkey = |a| a.player,
        paid: U64 = |a| U64(a.paid),
        joined_at: i64 = |a| a.joined_at,
        first_ticket: u32 = |a| a.first_ticket,
        tickets: u32 = |a| a.tickets,
        bounty: u32 = |a| a.bounty,
        nonce: u16 = |a| a.nonce,
        refunded: bool = |a| a.refunded != 0,
        version: u8 = |a| a.version,
        bump: u8 = |a| a.bump,
    }
}

/// Notes that entries were refunded, each at its slot; sorted. An entry that is refunded
/// and closed within a slot never shows it, and what else it shows of that slot was before.
///
/// # Errors
/// The database's.
pub async fn refunded(
    connection: &mut PgConnection,
    entries: &[(String, i64)],
) -> Result<(), sqlx::Error> {
    if entries.is_empty() {
        return Ok(());
    }
    let (addresses, slots): (Vec<_>, Vec<_>) = entries.iter().cloned().unzip();
    sqlx::query(
        "UPDATE entries AS e SET refunded = TRUE, slot = GREATEST(e.slot, r.slot),
             write_version = CASE WHEN r.slot >= e.slot THEN GREATEST(e.write_version, $3)
                                  ELSE e.write_version END
         FROM UNNEST($1::text[], $2::int8[]) AS r(address, slot)
         WHERE e.address = r.address AND NOT e.refunded",
    )
    .bind(addresses)
    .bind(slots)
    .bind(END_OF_TOLD)
    .execute(connection)
    .await?;
    Ok(())
}
