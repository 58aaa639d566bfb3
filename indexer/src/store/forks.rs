//! Rows that forks brought, found and taken back: all accounts' tables, and table
//! `dropped_slots`.

use solana_pubkey::Pubkey;
use sqlx::{AssertSqlSafe, PgConnection};

use super::ReadColumn as _;
use crate::source::{END_OF_SLOT, END_OF_TOLD};

/// Accounts of a table whose rows speak of slots above one, with their slots: the last and
/// the first. One that a fork alone had is in no snapshot, which closes its row at a slot of
/// its own.
///
/// # Errors
/// The database's.
pub async fn above(
    connection: &mut PgConnection,
    table: &'static str,
    slot: Option<i64>,
    limit: i64,
) -> Result<Vec<(i64, Pubkey)>, sqlx::Error> {
    let sql = format!(
        "SELECT s.slot::int8 AS slot, r.address
         FROM (SELECT slot, first_slot, address FROM {table} WHERE slot > $1 LIMIT $2) r,
              LATERAL (VALUES (r.slot), (r.first_slot)) s(slot)
         WHERE s.slot > $1"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(slot.unwrap_or(-1))
        .bind(limit)
        .fetch_all(connection)
        .await?
        .iter()
        .map(|row| Ok((i64::read(row, "slot")?, Pubkey::read(row, "address")?)))
        .collect()
}

/// Slots above one that the ledger's rows speak of.
///
/// # Errors
/// The database's.
pub async fn ledger_above(
    connection: &mut PgConnection,
    slot: Option<i64>,
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT DISTINCT slot::int8 FROM transactions WHERE slot > $1")
        .bind(slot.unwrap_or(-1))
        .fetch_all(connection)
        .await
}

/// The games among accounts, and those of the entries among them.
///
/// # Errors
/// The database's.
pub async fn games_of(
    connection: &mut PgConnection,
    addresses: &[String],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT address::text FROM games WHERE address = ANY($1)
         UNION SELECT game::text FROM entries WHERE address = ANY($1)",
    )
    .bind(addresses)
    .fetch_all(connection)
    .await
}

/// Which of games the ledger says were closed, or had entries closed, of which the rows were
/// deleted: the chain had them after all.
///
/// # Errors
/// The database's.
pub async fn told_of(
    connection: &mut PgConnection,
    games: &[String],
    deleted: &[String],
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT game::text FROM game_events
         WHERE game = ANY($1) AND game = ANY($2) AND kind = 'game_closed'
         UNION SELECT game::text FROM payments
         WHERE game = ANY($1) AND kind = 'rent' AND entry = ANY($2)",
    )
    .bind(games)
    .bind(deleted)
    .fetch_all(connection)
    .await
}

/// Which rows are as accounts were, that were read each at a slot, later than that, in slots
/// that were not dropped. What the ledger dated or closed may be of an earlier one.
///
/// # Errors
/// The database's.
pub async fn newer(
    connection: &mut PgConnection,
    tables: &[&'static str],
    read: &[(String, i64)],
    dropped: &[i64],
) -> Result<Vec<String>, sqlx::Error> {
    let (addresses, slots): (Vec<&str>, Vec<i64>) =
        read.iter().map(|(a, slot)| (a.as_str(), *slot)).unzip();
    let mut newer: Vec<String> = Vec::new();
    for table in tables {
        let sql = format!(
            "SELECT t.address::text
             FROM UNNEST($1::text[], $2::int8[]) AS r(address, slot) CROSS JOIN LATERAL
                  (SELECT address FROM {table}
                   WHERE address = r.address AND slot > r.slot AND slot <> ALL($3)
                     AND write_version NOT IN (-1, $4) AND closed_at_slot IS NULL
                   OFFSET 0) AS t"
        );
        let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(&addresses)
            .bind(&slots)
            .bind(dropped)
            .bind(END_OF_TOLD)
            .fetch_all(&mut *connection)
            .await?;
        newer.extend(found);
    }
    Ok(newer)
}

/// Deletes the rows of accounts that are not on the chain and were first seen in slots that
/// were dropped, with what was computed from them. Returns their addresses.
///
/// Some of them the chain may have had as well, and closed: the ledger tells.
///
/// # Errors
/// The database's.
pub async fn delete_unseen(
    connection: &mut PgConnection,
    tables: &[&'static str],
    addresses: &[String],
    dropped: &[i64],
) -> Result<Vec<String>, sqlx::Error> {
    let mut deleted: Vec<String> = Vec::new();
    for table in tables {
        let sql = format!(
            "DELETE FROM {table}
             WHERE address = ANY($1) AND first_slot = ANY($2)
             RETURNING address"
        );
        let gone: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(addresses)
            .bind(dropped)
            .fetch_all(&mut *connection)
            .await?;
        deleted.extend(gone);
    }
    for (table, column) in [
        ("game_rounds", "game"),
        ("winners", "game"),
        ("jackpot_wins", "game"),
        ("draw_games", "game"),
        ("draw_games", "draw"),
    ] {
        let sql = format!("DELETE FROM {table} WHERE {column} = ANY($1)");
        sqlx::query(AssertSqlSafe(sql))
            .bind(&deleted)
            .execute(&mut *connection)
            .await?;
    }
    Ok(deleted)
}

/// Accounts first seen in slots that were dropped, and read from the chain since, count as
/// seen first when they were read.
///
/// # Errors
/// The database's.
pub async fn seen_anew(
    connection: &mut PgConnection,
    tables: &[&'static str],
    dropped: &[i64],
    addresses: &[String],
) -> Result<(), sqlx::Error> {
    for table in tables {
        let sql = format!(
            "UPDATE {table} SET first_slot = slot
             WHERE address = ANY($1) AND first_slot = ANY($2)"
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(addresses)
            .bind(dropped)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Marks accounts closed, each at its slot, whatever their rows say.
///
/// # Errors
/// The database's.
pub async fn close(
    connection: &mut PgConnection,
    table: &'static str,
    addresses: &[String],
    slots: &[i64],
) -> Result<u64, sqlx::Error> {
    let sql = format!(
        "UPDATE {table} AS t SET closed_at_slot = c.slot, slot = c.slot, write_version = $3
         FROM UNNEST($1::text[], $2::int8[]) AS c(address, slot) WHERE t.address = c.address"
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(addresses)
        .bind(slots)
        .bind(END_OF_SLOT)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

/// Has what follows from games computed anew: a fork took back what it came from.
///
/// # Errors
/// The database's.
pub async fn derive_again(
    connection: &mut PgConnection,
    games: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE games SET derived_rounds = -1 WHERE address = ANY($1)")
        .bind(games)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes which slots were dropped, with how many rows were restored and deleted, and how
/// many transactions.
///
/// # Errors
/// The database's.
pub async fn record(
    connection: &mut PgConnection,
    slots: &[i64],
    counts: [u64; 3],
) -> Result<(), sqlx::Error> {
    let [restored, deleted, transactions] = counts.map(|count| i64::try_from(count).unwrap_or(-1));
    // The counts are of all of them together, and stand with the first.
    sqlx::query(
        "INSERT INTO dropped_slots (slot, restored, deleted, transactions)
         SELECT slot, CASE WHEN first THEN $2 ELSE 0 END, CASE WHEN first THEN $3 ELSE 0 END,
                CASE WHEN first THEN $4 ELSE 0 END
         FROM (SELECT slot, row_number() OVER (ORDER BY slot) = 1 AS first
               FROM UNNEST($1::int8[]) AS u(slot)) AS s
         ON CONFLICT (slot) DO NOTHING",
    )
    .bind(slots)
    .bind(restored)
    .bind(deleted)
    .bind(transactions)
    .execute(connection)
    .await?;
    Ok(())
}
