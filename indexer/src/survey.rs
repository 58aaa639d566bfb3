//! What the database says of itself: whose it is, whether its schema is this program's,
//! what its server is like. For `doctor` and for telemetry.

use std::{collections::HashMap, time::Duration};

use sqlx::{Executor, PgPool, Postgres};

use crate::store::MIGRATIONS;

/// How the schema compares to the one this program was built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// There is none yet.
    Empty,
    Current,
    /// So many migrations are missing.
    Older(usize),
    /// A newer program's, of this version.
    Newer(i64),
    /// This migration was applied with other contents.
    Changed(i64),
}

/// Compares the schema.
///
/// # Errors
/// The database's.
pub async fn schema(pool: &PgPool) -> Result<Schema, sqlx::Error> {
    let is_there: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(pool)
        .await?;
    if !is_there {
        return Ok(Schema::Empty);
    }
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success")
            .fetch_all(pool)
            .await?;
    Ok(compare(applied.into_iter().collect()))
}

/// `applied` is the checksum of each migration that was.
fn compare(mut applied: HashMap<i64, Vec<u8>>) -> Schema {
    if applied.is_empty() {
        return Schema::Empty;
    }
    let mut missing = 0;
    for migration in MIGRATIONS.iter() {
        match applied.remove(&migration.version) {
            None => missing += 1,
            Some(checksum) if checksum != *migration.checksum => {
                return Schema::Changed(migration.version);
            }
            Some(_) => {}
        }
    }
    match (applied.into_keys().max(), missing) {
        (Some(version), _) => Schema::Newer(version),
        (None, 0) => Schema::Current,
        (None, missing) => Schema::Older(missing),
    }
}

/// The cluster and program that the tables are of.
///
/// # Errors
/// The database's.
pub async fn owner(pool: &PgPool) -> Result<Option<(String, String)>, sqlx::Error> {
    sqlx::query_as("SELECT genesis_hash, program::text FROM watermark")
        .fetch_optional(pool)
        .await
}

/// What the server is and how it is set up.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Server {
    pub version: String,
    /// Unix seconds.
    pub time: f64,
    pub is_replica: bool,
    /// Whether transactions may write.
    pub is_writable: bool,
    pub max_connections: i64,
    /// Of those, what only superusers and the like may use.
    pub reserved_connections: i64,
    /// Of those, what others than this program have now.
    pub foreign_connections: i64,
    /// Bytes.
    pub shared_buffers: i64,
    /// Of the database (bytes).
    pub size: i64,
    /// Whether what was committed survives a crash of the machine.
    pub is_durable: bool,
}

/// Asks the server.
///
/// # Errors
/// The database's.
pub async fn server(pool: &PgPool) -> Result<Server, sqlx::Error> {
    sqlx::query_as(
        "SELECT current_setting('server_version') AS version,
                extract(epoch FROM clock_timestamp())::float8 AS time,
                pg_is_in_recovery() AS is_replica,
                current_setting('transaction_read_only') = 'off' AS is_writable,
                current_setting('max_connections')::int8 AS max_connections,
                current_setting('superuser_reserved_connections')::int8
                    + COALESCE(current_setting('reserved_connections', TRUE), '0')::int8
                    AS reserved_connections,
                (SELECT count(*) FROM pg_stat_activity
                 WHERE backend_type = 'client backend'
                     AND application_name <> current_setting('application_name'))
                    AS foreign_connections,
                pg_size_bytes(current_setting('shared_buffers')) AS shared_buffers,
                pg_database_size(current_database()) AS size,
                current_setting('fsync') = 'on'
                    AND current_setting('full_page_writes') = 'on' AS is_durable",
    )
    .fetch_one(pool)
    .await
}

/// What the role may do with the tables.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Rights {
    pub role: String,
    /// Make tables and partitions.
    pub create: bool,
    /// A table that it may not read.
    pub unreadable: Option<String>,
    /// A table that it may not write.
    pub unwritable: Option<String>,
}

/// Asks what the role may do.
///
/// # Errors
/// The database's.
pub async fn rights<'e>(
    database: impl Executor<'e, Database = Postgres>,
) -> Result<Rights, sqlx::Error> {
    sqlx::query_as(
        "SELECT current_user::text AS role,
                has_schema_privilege(current_schema(), 'CREATE') AS create,
                min(relname::text COLLATE \"C\") FILTER (WHERE NOT has_table_privilege(oid, 'SELECT'))
                    AS unreadable,
                min(relname::text COLLATE \"C\") FILTER (WHERE NOT (
                    has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE')
                    AND has_table_privilege(oid, 'DELETE'))) AS unwritable
         FROM pg_class
         WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace",
    )
    .fetch_one(database)
    .await
}

/// A table that is partitioned by time.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Partitioned {
    pub name: String,
    pub partitions: i64,
    /// Until when there are partitions (unix seconds).
    pub until: Option<f64>,
    /// Bytes of rows for which there was none.
    pub rest: i64,
}

/// The partitioned tables.
///
/// # Errors
/// The database's.
pub async fn partitioned(pool: &PgPool) -> Result<Vec<Partitioned>, sqlx::Error> {
    sqlx::query_as(
        "WITH parts AS (
             SELECT i.inhparent AS parent, i.inhrelid AS part,
                    pg_get_expr(c.relpartbound, c.oid) AS bound
             FROM pg_inherits i
             JOIN pg_class c ON c.oid = i.inhrelid
             JOIN pg_class p ON p.oid = i.inhparent
             WHERE p.relkind = 'p' AND p.relnamespace = current_schema()::regnamespace
         )
         SELECT p.relname::text AS name,
                count(parts.part) AS partitions,
                extract(epoch FROM max(
                    substring(parts.bound FROM 'TO \\(''([0-9]{4,}-[0-9]{2}-[0-9]{2}[0-9: +.-]*)''\\)')::timestamptz
                ))::float8 AS until,
                COALESCE(sum(pg_relation_size(parts.part))
                    FILTER (WHERE parts.bound = 'DEFAULT'), 0)::int8 AS rest
         FROM pg_class p LEFT JOIN parts ON parts.parent = p.oid
         WHERE p.relkind = 'p' AND p.relnamespace = current_schema()::regnamespace
         GROUP BY p.relname ORDER BY p.relname",
    )
    .fetch_all(pool)
    .await
}

/// How many dead letters are still to be understood.
///
/// # Errors
/// The database's.
pub async fn letters_waiting<'e>(
    database: impl Executor<'e, Database = Postgres>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT count(*) FROM dead_letters WHERE replayed_at IS NULL")
        .fetch_one(database)
        .await
}

/// How far a replica is behind; `None` if it is none.
///
/// # Errors
/// The database's.
pub async fn replica_lag(pool: &PgPool) -> Result<Option<Duration>, sqlx::Error> {
    // A replica that has received everything and replayed it is not behind, however long
    // ago the last transaction was.
    let seconds: Option<f64> = sqlx::query_scalar(
        "SELECT CASE
             WHEN NOT pg_is_in_recovery() THEN NULL
             WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
             ELSE COALESCE(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), 0)
         END::float8",
    )
    .fetch_one(pool)
    .await?;
    Ok(seconds.map(|it| Duration::try_from_secs_f64(it).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> HashMap<i64, Vec<u8>> {
        let migrations = MIGRATIONS.iter();
        migrations
            .map(|it| (it.version, it.checksum.to_vec()))
            .collect()
    }

    #[test]
    fn schemas_are_compared_by_version_and_contents() {
        assert_eq!(compare(HashMap::new()), Schema::Empty);
        assert_eq!(compare(all()), Schema::Current);
        let mut older = all();
        older.retain(|version, _| *version == 1);
        assert_eq!(compare(older), Schema::Older(all().len() - 1));
        let mut newer = all();
        newer.insert(9_999, Vec::new());
        assert_eq!(compare(newer), Schema::Newer(9_999));
        let mut changed = all();
        changed.insert(1, vec![0]);
        assert_eq!(compare(changed), Schema::Changed(1));
    }
}
