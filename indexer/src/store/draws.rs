//! Table `draws`.

use lottery::state::Draw;
use solana_pubkey::Pubkey;
use sqlx::PgConnection;

use super::{U64, table::body};

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

/// Fills in a draw whose account the stream never showed.
///
/// # Errors
/// The database's.
pub async fn requested(
    connection: &mut PgConnection,
    draw: &DrawRequested,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO draws (address, slot, write_version, first_slot, lamports, house, lane, oracle,
                            payer, seed_slot, requested_at, timeout_slot, bounty, games, settled,
                            state, version, bump)
         VALUES ($1, $2, 0, $2, 0, $3, $4, $5, $6, GREATEST($2 - 1, 0), $7,
                 (SELECT $2::int8 + draw_timeout FROM houses WHERE address = $3), $8, $9, 0, 0, 1,
                 0)
         ON CONFLICT (address) DO NOTHING",
    )
    .bind(&draw.draw)
    .bind(draw.slot)
    .bind(&draw.house)
    .bind(&draw.lane)
    .bind(&draw.oracle)
    .bind(&draw.payer)
    .bind(draw.time)
    .bind(draw.bounty)
    .bind(i32::try_from(draw.games.len()).unwrap_or(i32::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

/// Fills in the value of a draw whose revealed account the stream never showed.
///
/// # Errors
/// The database's.
pub async fn revealed_at(
    connection: &mut PgConnection,
    draw: &str,
    slot: i64,
    value: &[u8; 32],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE draws SET value = $2, reveal_slot = $3, state = 1, bounty = 0,
             slot = GREATEST(slot, $3),
             write_version = CASE WHEN $3 > slot THEN -1 ELSE write_version END
         WHERE address = $1 AND state = 0",
    )
    .bind(draw)
    .bind(value.as_slice())
    .bind(slot)
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

/// Notes that a draw was aborted whose account the stream did not show since.
///
/// # Errors
/// The database's.
pub async fn aborted_at(
    connection: &mut PgConnection,
    draw: &str,
    slot: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE draws SET state = 2, slot = GREATEST(slot, $2),
             write_version = CASE WHEN $2 > slot THEN -1 ELSE write_version END
         WHERE address = $1 AND state = 0",
    )
    .bind(draw)
    .bind(slot)
    .execute(connection)
    .await?;
    Ok(())
}
