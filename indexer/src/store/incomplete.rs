//! Table `incomplete_games`: games that rows are missing of, and what the ledger has of them.

use std::str::FromStr;

use futures_util::TryStreamExt as _;
use serde_json::Value;
use solana_pubkey::Pubkey;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row as _, postgres::PgRow};

use super::{
    ReadColumn as _,
    arrays::{Columns, ROWS, column, insert_sql},
    base58::text,
    entries::{self, EntryBody},
    forks,
    games::GameBody,
    table::{self, Body, Row},
    told::{self, Paid, Told},
};
use crate::source::END_OF_TOLD;

/// An entry that a transaction says was closed, whose row should be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Closed {
    pub address: String,
    pub game: String,
    pub slot: i64,
}

/// Notes closed games that have no rows.
///
/// # Errors
/// The database's.
pub async fn note_games(
    connection: &mut PgConnection,
    closed: &[(String, i64)],
) -> Result<(), sqlx::Error> {
    if closed.is_empty() {
        return Ok(());
    }
    let (games, slots): (Vec<&str>, Vec<i64>) =
        (closed.iter().map(|(game, slot)| (game.as_str(), *slot))).unzip();
    sqlx::query(
        "INSERT INTO incomplete_games AS i (game, slot)
         SELECT c.game, max(c.slot) FROM UNNEST($1::text[], $2::int8[]) AS c(game, slot)
         WHERE NOT EXISTS (SELECT FROM games WHERE address = c.game)
         GROUP BY c.game
         ON CONFLICT (game) DO UPDATE
             SET slot = GREATEST(i.slot, excluded.slot), reason = NULL",
    )
    .bind(games)
    .bind(slots)
    .execute(connection)
    .await?;
    Ok(())
}

/// Closes entries as [`table::close`] does, and notes the games of those that have no rows.
///
/// # Errors
/// The database's.
pub async fn close_entries(
    connection: &mut PgConnection,
    closed: &[Closed],
) -> Result<(), sqlx::Error> {
    if closed.is_empty() {
        return Ok(());
    }
    // Each is looked for once: in a catch-up most are known to be closed.
    sqlx::query(
        "WITH told AS MATERIALIZED (
             SELECT c.*, e.slot AS seen, e.closed_at_slot
             FROM UNNEST($1::text[], $2::text[], $3::int8[]) AS c(address, game, slot)
                  LEFT JOIN LATERAL (SELECT slot, closed_at_slot FROM entries
                                     WHERE address = c.address OFFSET 0) AS e ON TRUE),
         closed AS (
             UPDATE entries AS e SET closed_at_slot = t.slot, slot = t.slot, write_version = $4
             FROM told t
             WHERE t.closed_at_slot IS NULL AND t.seen <= t.slot AND e.address = t.address)
         INSERT INTO incomplete_games AS i (game, slot)
         SELECT game, max(slot) FROM told WHERE seen IS NULL GROUP BY game
         ON CONFLICT (game) DO UPDATE
             SET slot = GREATEST(i.slot, excluded.slot), reason = NULL",
    )
    .bind(column(closed, |c| c.address.as_str()))
    .bind(column(closed, |c| c.game.as_str()))
    .bind(column(closed, |c| c.slot))
    .bind(END_OF_TOLD)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes games whose rows may say what never was, with the slots at which that was found.
///
/// # Errors
/// The database's.
pub async fn note_untold(
    connection: &mut PgConnection,
    games: &[(String, i64)],
) -> Result<(), sqlx::Error> {
    if games.is_empty() {
        return Ok(());
    }
    let (games, slots): (Vec<&str>, Vec<i64>) = games
        .iter()
        .map(|(game, slot)| (game.as_str(), *slot))
        .unzip();
    sqlx::query(
        "INSERT INTO incomplete_games AS i (game, slot)
         SELECT game, max(slot) FROM UNNEST($1::text[], $2::int8[]) AS u(game, slot)
         GROUP BY game
         ON CONFLICT (game) DO UPDATE
             SET slot = GREATEST(i.slot, excluded.slot), reason = NULL",
    )
    .bind(games)
    .bind(slots)
    .execute(connection)
    .await?;
    Ok(())
}

/// The ledger now has more of these games: what it lacked may be there. Whoever made their
/// rows of what it had before is overtaken, reason or not.
///
/// # Errors
/// The database's.
pub async fn try_again(connection: &mut PgConnection, games: &[String]) -> Result<(), sqlx::Error> {
    if games.is_empty() {
        return Ok(());
    }
    sqlx::query("UPDATE incomplete_games SET reason = NULL WHERE game = ANY($1)")
        .bind(games)
        .execute(connection)
        .await?;
    Ok(())
}

/// Which games nobody has tried yet, of slots that no fork can drop.
const WAITING: &str = "i.reason IS NULL AND i.slot <= (SELECT finalized_slot FROM watermark)";

/// Games that wait for their rows.
///
/// # Errors
/// The database's.
pub async fn waiting(pool: &PgPool, limit: i64) -> Result<Vec<Pubkey>, sqlx::Error> {
    let sql = format!("SELECT game FROM incomplete_games i WHERE {WAITING} ORDER BY slot LIMIT $1");
    sqlx::query(AssertSqlSafe(sql))
        .bind(limit)
        .fetch_all(pool)
        .await?
        .iter()
        .map(|row| Pubkey::read(row, "game"))
        .collect()
}

/// Whether a game still waits for its rows.
///
/// # Errors
/// The database's.
pub async fn is_waiting(connection: &mut PgConnection, game: &Pubkey) -> Result<bool, sqlx::Error> {
    let sql =
        format!("SELECT EXISTS (SELECT FROM incomplete_games i WHERE i.game = $1 AND {WAITING})");
    sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(text(game))
        .fetch_one(connection)
        .await
}

/// Keeps why a game could not be completed.
///
/// # Errors
/// The database's.
pub async fn failed(
    connection: &mut PgConnection,
    game: &Pubkey,
    reason: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE incomplete_games SET reason = $2 WHERE game = $1")
        .bind(text(game))
        .bind(reason)
        .execute(connection)
        .await?;
    Ok(())
}

/// A purchase of tickets as the ledger has it.
///
/// A game may have millions of them, so they are small.
#[derive(Clone, Copy, Debug)]
pub struct Join {
    pub entry: Option<Pubkey>,
    pub player: Option<Pubkey>,
    /// These three as it was ordered; `None` where that is not to be read.
    pub tickets: Option<u32>,
    pub nonce: Option<u16>,
    pub bump: Option<u8>,
    /// Of an operation of a batch: 0 if it was done; `None` where the node did not tell.
    pub result: Option<i64>,
    pub is_operation: bool,
    pub slot: i64,
    /// Unix seconds.
    pub block_time: Option<i64>,
}

impl Join {
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        fn ordered<T: FromStr>(row: &PgRow, field: &str) -> Result<Option<T>, sqlx::Error> {
            let text: Option<&str> = row.try_get(field)?;
            Ok(text.and_then(|text| text.parse().ok()))
        }
        Ok(Self {
            entry: Option::read(row, "entry")?,
            player: Option::read(row, "player")?,
            tickets: ordered(row, "tickets")?,
            nonce: ordered(row, "nonce")?,
            bump: ordered(row, "bump")?,
            result: row.try_get("result")?,
            is_operation: row.try_get("is_operation")?,
            slot: row.try_get("slot")?,
            block_time: row.try_get("block_time")?,
        })
    }
}

/// What the ledger has of a game, in the order of the chain.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Whether the game has a row, and its account is gone.
    pub is_gone: bool,
    /// Arguments and accounts of its creation.
    pub creation: Option<(Value, Value)>,
    pub joins: Vec<Join>,
    pub told: Vec<Told>,
    pub paid: Vec<Paid>,
}

/// Reads what the ledger has of a game.
///
/// # Errors
/// The database's.
pub async fn history(connection: &mut PgConnection, game: &Pubkey) -> Result<History, sqlx::Error> {
    let game = text(game);
    let is_gone = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM games WHERE address = $1 AND closed_at_slot IS NOT NULL)",
    )
    .bind(&game)
    .fetch_one(&mut *connection)
    .await?;
    let creation = sqlx::query_as(
        "SELECT arguments, accounts FROM instructions
         WHERE game = $1 AND success AND name = 'create_game' AND arguments IS NOT NULL LIMIT 1",
    )
    .bind(&game)
    .fetch_optional(&mut *connection)
    .await?;
    let mut joins = Vec::new();
    let mut rows = sqlx::query(
        "SELECT i.entry, i.player, i.arguments->'order'->>'tickets' AS tickets,
                i.arguments->'order'->>'nonce' AS nonce, i.arguments->'order'->>'bump' AS bump,
                i.result::int8 AS result, i.batch IS NOT NULL AS is_operation, i.slot::int8 AS slot, t.block_time
         FROM instructions i JOIN transactions t ON t.id = i.transaction_id
         WHERE i.game = $1 AND i.success AND i.name = 'join'
         ORDER BY i.slot, t.block_index, i.transaction_id, i.position",
    )
    .bind(&game)
    .fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        joins.push(Join::read(&row)?);
    }
    drop(rows);
    let since = [(game, 0)];
    let told = told::events(connection, &since).await?;
    let kinds = [told::WINNINGS, told::ENDS].concat();
    let paid = told::payments(connection, &since, &kinds).await?;
    Ok(History {
        is_gone,
        creation,
        joins,
        told: told.into_values().next().unwrap_or_default(),
        paid: paid.into_values().next().unwrap_or_default(),
    })
}

/// Rows made of the ledger, and where their accounts were closed.
#[derive(Clone, Debug, Default)]
pub struct Made {
    pub game: Option<Row<GameBody>>,
    /// What the ledger says of the row that was there.
    pub known: Option<Row<GameBody>>,
    pub entries: Vec<Row<EntryBody>>,
    /// Entries that were refunded, with their slots.
    pub refunded: Vec<(Pubkey, i64)>,
    /// The slot at which the game was closed.
    pub closed: Option<i64>,
    pub closed_entries: Vec<(Pubkey, i64)>,
}

/// Adds the rows that are not there, has what follows from the game computed anew, and
/// takes it off the list. Returns how many rows were added.
///
/// # Errors
/// The database's.
pub async fn complete(
    connection: &mut PgConnection,
    game: &Pubkey,
    made: &Made,
) -> Result<u64, sqlx::Error> {
    table::rewrite(connection, made.known.as_slice()).await?;
    let games = add(connection, made.game.as_slice(), "DO NOTHING").await?;
    let entries = add(connection, &made.entries, DO_CORRECT).await?;
    let closed: Vec<_> = made.closed.map(|slot| (*game, slot)).into_iter().collect();
    close::<GameBody>(connection, &closed).await?;
    close::<EntryBody>(connection, &made.closed_entries).await?;
    for some in made.refunded.chunks(ROWS) {
        let some = column(some, |(entry, slot)| (text(entry), *slot));
        entries::refunded(connection, &some).await?;
    }
    let game = text(game);
    forks::derive_again(connection, std::slice::from_ref(&game)).await?;
    sqlx::query("DELETE FROM incomplete_games WHERE game = $1")
        .bind(game)
        .execute(connection)
        .await?;
    Ok(games.saturating_add(entries))
}

/// An entry that is there may be what a fork had at its address.
const DO_CORRECT: &str = "(address) DO UPDATE
     SET player = excluded.player, paid = excluded.paid, joined_at = excluded.joined_at,
         first_ticket = excluded.first_ticket, tickets = excluded.tickets,
         nonce = excluded.nonce, refunded = excluded.refunded
     WHERE (t.player, t.paid, t.first_ticket, t.tickets, t.nonce, t.refunded)
         IS DISTINCT FROM (excluded.player, excluded.paid, excluded.first_ticket,
                           excluded.tickets, excluded.nonce, excluded.refunded)";

async fn add<B: Body>(
    connection: &mut PgConnection,
    rows: &[Row<B>],
    conflict: &'static str,
) -> Result<u64, sqlx::Error> {
    let sql = format!("{} ON CONFLICT {conflict}", insert_sql::<Row<B>>());
    let mut added = 0u64;
    for some in rows.chunks(ROWS) {
        let more = Columns::of(some).execute(connection, sql.clone()).await?;
        added = added.saturating_add(more);
    }
    Ok(added)
}

async fn close<B: Body>(
    connection: &mut PgConnection,
    closed: &[(Pubkey, i64)],
) -> Result<(), sqlx::Error> {
    for some in closed.chunks(ROWS) {
        let (addresses, slots): (Vec<_>, Vec<_>) = some
            .iter()
            .map(|(address, slot)| (text(address), *slot))
            .unzip();
        table::close(connection, B::TABLE, &addresses, &slots).await?;
    }
    Ok(())
}
