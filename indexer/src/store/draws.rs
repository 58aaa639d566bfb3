//! Table `draws`.

use lottery::state::Draw;
use solana_pubkey::Pubkey;
use sqlx::PgConnection;

use super::{U64, arrays::column, table::body};

/// `None` unless it was revealed.
fn revealed<T>(draw: &Draw, value: T) -> Option<T> {
    (draw.state == Draw::REVEALED).then_some(value)
}

body! {
    /// A draw.
    pub struct DrawBody: Draw => "draws" {
        house: Pubkey = |a| a.house,
        lane: Pubkey = |a| a.lane,
        oracle: Pubkey = |a| a.oracle,
        payer: Pubkey = |a| a.payer,
        value: Option<[u8; 32]> = |a| revealed(a, a.value),
        id: Option<U64> = |a| Some(U64(a.id)),
        seed_slot: U64 = |a| U64(a.seed_slot),
        reveal_slot: Option<U64> = |a| revealed(a, U64(a.reveal_slot)),
        requested_at: i64 = |a| a.requested_at,
        timeout_slot: Option<U64> = |a| Some(U64(a.timeout_slot)),
        bounty: U64 = |a| U64(a.bounty),
        games: u16 = |a| a.games,
        settled: u16 = |a| a.settled,
        state: u8 = |a| a.state,
        version: u8 = |a| a.version,
        bump: u8 = |a| a.bump,
    }
}

/// A draw as the transactions tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawRequested {
    pub draw: String,
    pub house: String,
    pub lane: String,
    pub oracle: String,
    pub payer: String,
    pub slot: i64,
    /// Unix seconds.
    pub time: i64,
    /// Escrowed for the reveal (lamports).
    pub bounty: U64,
    /// Games in the order they settle.
    pub games: Vec<String>,
}

/// How a draw ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DrawEnd {
    pub draw: String,
    pub slot: i64,
    /// `None` where it was aborted.
    pub value: Option<[u8; 32]>,
}

/// Fills in draws whose accounts the stream never showed; sorted.
///
/// # Errors
/// The database's.
pub async fn requested(
    connection: &mut PgConnection,
    draws: &[DrawRequested],
) -> Result<(), sqlx::Error> {
    if draws.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO draws (address, slot, write_version, first_slot, lamports, house, lane, oracle,
                            payer, seed_slot, requested_at, timeout_slot, bounty, games, settled,
                            state, version, bump)
         SELECT d.address, d.slot, 0, d.slot, 0, d.house, d.lane, d.oracle, d.payer,
                GREATEST(d.slot - 1, 0), d.requested_at,
                (SELECT d.slot + draw_timeout FROM houses WHERE address = d.house), d.bounty,
                d.games, 0, 0, 1, 0
         FROM UNNEST($1::text[], $2::int8[], $3::text[], $4::text[], $5::text[], $6::text[],
                     $7::int8[], $8::numeric[], $9::int4[])
              AS d(address, slot, house, lane, oracle, payer, requested_at, bounty, games)
         ON CONFLICT (address) DO NOTHING",
    )
    .bind(column(draws, |d| d.draw.as_str()))
    .bind(column(draws, |d| d.slot))
    .bind(column(draws, |d| d.house.as_str()))
    .bind(column(draws, |d| d.lane.as_str()))
    .bind(column(draws, |d| d.oracle.as_str()))
    .bind(column(draws, |d| d.payer.as_str()))
    .bind(column(draws, |d| d.time))
    .bind(column(draws, |d| d.bounty))
    .bind(column(draws, |d| {
        i32::try_from(d.games.len()).unwrap_or(i32::MAX)
    }))
    .execute(connection)
    .await?;
    Ok(())
}

/// Fills in how draws ended whose accounts the stream did not show since; sorted, of each the
/// first counts.
///
/// # Errors
/// The database's.
pub async fn ended(connection: &mut PgConnection, ends: &[DrawEnd]) -> Result<(), sqlx::Error> {
    let mut ends: Vec<&DrawEnd> = ends.iter().collect();
    ends.dedup_by_key(|end| &end.draw);
    if ends.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE draws AS d
         SET value = e.value, reveal_slot = CASE WHEN e.value IS NOT NULL THEN e.slot END,
             state = CASE WHEN e.value IS NULL THEN 2 ELSE 1 END,
             bounty = CASE WHEN e.value IS NULL THEN d.bounty ELSE 0 END,
             slot = GREATEST(d.slot, e.slot),
             write_version = CASE WHEN e.slot > d.slot THEN -1 ELSE d.write_version END
         FROM UNNEST($1::text[], $2::int8[], $3::bytea[]) AS e(draw, slot, value)
         WHERE d.address = e.draw AND d.state = 0",
    )
    .bind(column(&ends, |end| end.draw.as_str()))
    .bind(column(&ends, |end| end.slot))
    .bind(column(&ends, |end| {
        end.value.as_ref().map(<[u8; 32]>::as_slice)
    }))
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes back how draws ended: on a fork, perhaps. The ledger tells what it has of them.
///
/// # Errors
/// The database's.
pub async fn forget_ends(
    connection: &mut PgConnection,
    draws: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE draws SET state = 0, value = NULL, reveal_slot = NULL
         WHERE address = ANY($1) AND state <> 0",
    )
    .bind(draws)
    .execute(connection)
    .await?;
    Ok(())
}
