//! The tables' versions: numbered files of `migrations/keeper`, compiled in.

use std::{future::Future, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection,
    SqlSafeStr as _,
    migrate::{Migrate as _, MigrateError, Migration, MigrationType},
    postgres::PgConnectOptions,
};
use tokio::time::timeout;

use super::{DatabaseError, SCHEMA};

/// Versions, names and texts, oldest first.
const MIGRATIONS: [(i64, &str, &str); 3] = [
    (
        1,
        "lease",
        include_str!("../../../migrations/keeper/0001_lease.sql"),
    ),
    (
        2,
        "journal",
        include_str!("../../../migrations/keeper/0002_journal.sql"),
    ),
    (
        3,
        "oracles",
        include_str!("../../../migrations/keeper/0003_oracles.sql"),
    ),
];

/// The tables are small and nothing else uses them: what takes longer hangs.
const MIGRATION_LIMIT: Duration = Duration::from_secs(60);

const CHECK_LIMIT: Duration = Duration::from_secs(5);

/// sqlx's own, of which the search path makes the keeper's.
const TABLE: &str = "_sqlx_migrations";

fn migrations() -> [Migration; MIGRATIONS.len()] {
    MIGRATIONS.map(|(version, name, sql)| {
        let sql = sql.into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    })
}

pub(super) async fn migrate(options: &PgConnectOptions) -> Result<(), DatabaseError> {
    within(MIGRATION_LIMIT, async {
        let mut connection = options.connect().await?;
        connection.execute("SET statement_timeout = 0").await?;
        // Held by this connection, and gone with it, whatever happens.
        connection.lock().await.map_err(other)?;
        // Not IF NOT EXISTS, which wants the right to create one even if it exists.
        let exists: bool = sqlx::query_scalar("SELECT to_regnamespace($1) IS NOT NULL")
            .bind(SCHEMA)
            .fetch_one(&mut connection)
            .await?;
        if !exists {
            let create = AssertSqlSafe(format!("CREATE SCHEMA {SCHEMA}"));
            connection.execute(create).await?;
        }
        connection
            .ensure_migrations_table(TABLE)
            .await
            .map_err(other)?;
        let found = match compare(&applied(&mut connection).await?) {
            Ok(()) => i64::MAX,
            Err(DatabaseError::Older { found, .. }) => found,
            Err(error) => return Err(error),
        };
        for migration in migrations().iter().filter(|it| it.version > found) {
            connection.apply(TABLE, migration).await.map_err(other)?;
        }
        // Best effort: the tables are up to date.
        let _ = connection.close().await;
        Ok(())
    })
    .await
}

pub(super) async fn check(options: &PgConnectOptions) -> Result<(), DatabaseError> {
    within(CHECK_LIMIT, async {
        let mut connection = options.connect().await?;
        let applied = applied(&mut connection).await?;
        let _ = connection.close().await;
        compare(&applied)
    })
    .await
}

async fn within(
    limit: Duration,
    work: impl Future<Output = Result<(), DatabaseError>>,
) -> Result<(), DatabaseError> {
    timeout(limit, work)
        .await
        .unwrap_or(Err(DatabaseError::Hung(limit)))
}

/// Versions in the database with their checksums, oldest first.
async fn applied(connection: &mut PgConnection) -> Result<Vec<(i64, Vec<u8>)>, sqlx::Error> {
    let any: bool = sqlx::query_scalar("SELECT to_regclass($1 || '._sqlx_migrations') IS NOT NULL")
        .bind(SCHEMA)
        .fetch_one(&mut *connection)
        .await?;
    if !any {
        return Ok(Vec::new());
    }
    sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations ORDER BY version")
        .fetch_all(connection)
        .await
}

fn compare(applied: &[(i64, Vec<u8>)]) -> Result<(), DatabaseError> {
    let migrations = migrations();
    let known = migrations.last().map_or(0, |it| it.version);
    let found = applied.last().map_or(0, |(version, _)| *version);
    if found > known {
        return Err(DatabaseError::Newer { found, known });
    }
    for ours in migrations.iter().take_while(|it| it.version <= found) {
        let theirs = applied.iter().find(|(version, _)| *version == ours.version);
        if theirs.is_none_or(|(_, checksum)| **checksum != *ours.checksum) {
            return Err(DatabaseError::Changed(ours.version));
        }
    }
    if found < known {
        return Err(DatabaseError::Older {
            found,
            needed: known,
        });
    }
    Ok(())
}

fn other(error: MigrateError) -> DatabaseError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        error => DatabaseError::Malformed(crate::text::scrub(&error)),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_compiled_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/keeper");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let compiled = MIGRATIONS.map(|(version, name, _)| format!("{version:04}_{name}.sql"));
        assert_eq!(files, compiled);
    }
}
