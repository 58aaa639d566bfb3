//! The accounts that a snapshot showed, kept in a table of the writer's connection
//! until the snapshot is whole: ten million of them would not be a small thing to
//! keep in memory.

use sqlx::{AssertSqlSafe, PgConnection};

/// Begins with none.
///
/// # Errors
/// The database's.
pub async fn begin(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    create(connection).await?;
    sqlx::query("TRUNCATE present").execute(connection).await?;
    Ok(())
}

async fn create(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    if !is_known(connection).await? {
        sqlx::query("CREATE TEMPORARY TABLE present (address TEXT COLLATE \"C\" NOT NULL)")
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Whether any of the tables has rows of open accounts, which a snapshot may not show.
///
/// # Errors
/// The database's.
pub async fn is_needed(
    connection: &mut PgConnection,
    tables: &[&'static str],
) -> Result<bool, sqlx::Error> {
    for table in tables {
        let sql = format!("SELECT EXISTS (SELECT FROM {table} WHERE closed_at_slot IS NULL)");
        if sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut *connection)
            .await?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether this connection has begun.
///
/// # Errors
/// The database's.
pub async fn is_known(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT to_regclass('pg_temp.present') IS NOT NULL")
        .fetch_one(connection)
        .await
}

/// Adds accounts.
///
/// # Errors
/// The database's.
pub async fn add(
    connection: &mut PgConnection,
    addresses: impl Iterator<Item = String>,
) -> Result<(), sqlx::Error> {
    // A connection that was lost and made anew no longer knows; what it knows from here on
    // is not the whole, which the caller notices.
    create(connection).await?;
    let addresses: Vec<String> = addresses.collect();
    sqlx::query("INSERT INTO present SELECT UNNEST($1::text[])")
        .bind(addresses)
        .execute(connection)
        .await?;
    Ok(())
}

/// The planner has to know how many they are.
///
/// # Errors
/// The database's.
pub async fn analyze(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("ANALYZE present").execute(connection).await?;
    Ok(())
}

/// Marks rows closed whose account is not among them, which are all that there were at
/// `slot`. Rows observed later are left alone.
///
/// # Errors
/// The database's.
pub async fn close_others(
    connection: &mut PgConnection,
    table: &'static str,
    slot: i64,
) -> Result<u64, sqlx::Error> {
    close_where(connection, table, slot, "AND t.slot <= $1").await
}

/// The same, whatever the rows say of when they were observed.
///
/// # Errors
/// The database's.
pub async fn close_all_others(
    connection: &mut PgConnection,
    table: &'static str,
    slot: i64,
) -> Result<u64, sqlx::Error> {
    close_where(connection, table, slot, "").await
}

async fn close_where(
    connection: &mut PgConnection,
    table: &'static str,
    slot: i64,
    condition: &'static str,
) -> Result<u64, sqlx::Error> {
    let sql = format!(
        "UPDATE {table} AS t SET closed_at_slot = $1, slot = $1, write_version = $2
         WHERE t.closed_at_slot IS NULL {condition}
           AND NOT EXISTS (SELECT FROM present p WHERE p.address = t.address)"
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(slot)
        .bind(crate::source::END_OF_SLOT)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}
