//! Rows of accounts made ready to be written, and written: new ones are added, known ones
//! give way to what is newer.

use std::collections::HashSet;

use solana_pubkey::Pubkey;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::{
    ReadColumn as _,
    arrays::{Columns, insert_sql},
    record::{names, unnested},
    table::{Body, Row, assignments, contents},
};

/// The statement that writes a batch: new rows are added; a known one changes
/// unless what is there is newer, and is left alone where nothing differs, so
/// that the regular snapshots cost reads only. A closed account that is seen
/// again is open again.
pub fn upsert_sql<B: Body>() -> String {
    let (table, names) = (B::TABLE, names::<Row<B>>());
    let (rows, set) = (unnested::<Row<B>>(), assignments::<B>("excluded"));
    let (there, given) = (contents::<B>("t"), contents::<B>("excluded"));
    format!(
        "INSERT INTO {table} AS t ({names}) SELECT {names} FROM {rows}
         ON CONFLICT (address) DO UPDATE SET {set}, closed_at_slot = NULL
         WHERE (excluded.slot, excluded.write_version) >= (t.slot, t.write_version)
           AND (t.closed_at_slot IS NOT NULL OR ({there}) IS DISTINCT FROM ({given}))"
    )
}

/// Rows of a table with their columns as they are sent.
#[derive(Debug)]
pub struct Ready<B> {
    rows: Vec<Row<B>>,
    columns: Columns,
}

impl<B> Default for Ready<B> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            columns: Columns::default(),
        }
    }
}

impl<B: Body> Ready<B> {
    /// Each account once.
    pub fn of(mut rows: Vec<Row<B>>) -> Self {
        // As good as the order of their texts: neighbours are neighbours in the index.
        rows.sort_by_key(|row| row.head.address);
        Self {
            columns: Columns::of(&rows),
            rows,
        }
    }

    pub fn rows(&self) -> &[Row<B>] {
        &self.rows
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// An account whose row was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    pub address: Pubkey,
    /// Whether there was no row of it.
    pub is_new: bool,
}

/// Writes rows; returns those that changed.
///
/// Those that are not there yet go the fastest way in. Should another writer add one of
/// them meanwhile, the database refuses the batch, which is then tried again.
///
/// # Errors
/// The database's.
pub async fn upsert<B: Body>(
    connection: &mut PgConnection,
    ready: &Ready<B>,
) -> Result<Vec<Changed>, sqlx::Error> {
    let (all, rows) = (&ready.columns, &ready.rows);
    if rows.len() < BULK {
        return update::<B>(connection, all).await;
    }
    let known = known::<B>(connection, all).await?;
    if known.is_empty() {
        all.execute(connection, insert_sql::<Row<B>>()).await?;
        return Ok(written(rows.iter()));
    }
    if known.len() == rows.len() {
        return update::<B>(connection, all).await;
    }
    let is_known = |row: &&Row<B>| known.contains(&row.head.address);
    let (known, new): (Vec<&Row<B>>, Vec<&Row<B>>) = rows.iter().partition(is_known);
    let mut changed = written(new.iter().copied());
    Columns::of(new)
        .execute(connection, insert_sql::<Row<B>>())
        .await?;
    changed.extend(update::<B>(connection, &Columns::of(known)).await?);
    Ok(changed)
}

/// All of them, where there was none.
fn written<'a, B: 'a>(rows: impl Iterator<Item = &'a Row<B>>) -> Vec<Changed> {
    let changed = |row: &Row<B>| Changed {
        address: row.head.address,
        is_new: true,
    };
    rows.map(changed).collect()
}

async fn update<B: Body>(
    connection: &mut PgConnection,
    rows: &Columns,
) -> Result<Vec<Changed>, sqlx::Error> {
    if rows.rows() == 0 {
        return Ok(Vec::new());
    }
    let sql = format!(
        "{} RETURNING address, xmax = 0 AS is_new",
        upsert_sql::<B>()
    );
    let changed = rows.query(sql).fetch_all(connection).await?;
    changed
        .iter()
        .map(|row| {
            Ok(Changed {
                address: Pubkey::read(row, "address")?,
                is_new: row.try_get("is_new")?,
            })
        })
        .collect()
}

/// Fewer rows than this are not worth a question of their own.
const BULK: usize = 16;

/// Which of the rows' accounts have a row already.
async fn known<B: Body>(
    connection: &mut PgConnection,
    rows: &Columns,
) -> Result<HashSet<Pubkey>, sqlx::Error> {
    // The planner would read all of a table that it last saw empty.
    let sql = format!(
        "SELECT t.address FROM UNNEST($1::text[]) AS u(address) CROSS JOIN LATERAL
             (SELECT address FROM {} WHERE address = u.address OFFSET 0) AS t",
        B::TABLE
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(rows.first())
        .fetch_all(connection)
        .await?
        .iter()
        .map(|row| Pubkey::read(row, "address"))
        .collect()
}

/// Writes rows whatever was there before: the chain has been asked, after a fork took
/// back what the tables had.
///
/// # Errors
/// The database's.
pub async fn overwrite<B: Body>(
    connection: &mut PgConnection,
    ready: &Ready<B>,
) -> Result<Vec<Changed>, sqlx::Error> {
    let (table, names) = (B::TABLE, names::<Row<B>>());
    let (rows_given, set) = (unnested::<Row<B>>(), assignments::<B>("excluded"));
    let sql = format!(
        "INSERT INTO {table} AS t ({names}) SELECT {names} FROM {rows_given}
         ON CONFLICT (address) DO UPDATE SET {set}, closed_at_slot = NULL"
    );
    ready.columns.execute(connection, sql).await?;
    Ok(written(ready.rows.iter()))
}
