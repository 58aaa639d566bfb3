//! The tables' versions.

use lottery_keeper::database::{Database, DatabaseError};
use sqlx::Executor as _;
use tokio::task::JoinSet;

use crate::common::TestDatabase;

#[tokio::test(flavor = "multi_thread")]
async fn several_keepers_migrate_at_once() {
    let database = TestDatabase::empty().await;
    let mut keepers = JoinSet::new();
    for _ in 0..8 {
        let keeper = database.keeper();
        keepers.spawn(async move { keeper.migrate().await });
    }
    for done in keepers.join_all().await {
        assert_eq!(done, Ok(()));
    }
    assert_eq!(database.keeper().check().await, Ok(()));
}

#[tokio::test]
async fn the_tables_keep_to_their_schema() {
    let database = TestDatabase::migrated().await;
    let elsewhere: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
         WHERE nspname NOT IN ('lottery_keeper', 'pg_catalog', 'information_schema', 'pg_toast')",
    )
    .fetch_one(&mut database.connect().await)
    .await
    .unwrap();
    assert_eq!(elsewhere, 0);
}

#[tokio::test]
async fn another_version_is_named() {
    let database = TestDatabase::empty().await;
    let older = database.keeper().check().await.unwrap_err();
    assert_eq!(
        older,
        DatabaseError::Older {
            found: 0,
            needed: 3
        }
    );
    assert_eq!(
        older.to_string(),
        "schema lottery_keeper has version 0, and this keeper needs 3: \
         it has to be migrated first"
    );
    database.keeper().migrate().await.unwrap();

    let mut connection = database.connect().await;
    connection
        .execute("DELETE FROM _sqlx_migrations WHERE version = 3; DROP TABLE oracles")
        .await
        .unwrap();
    let older = DatabaseError::Older {
        found: 2,
        needed: 3,
    };
    assert_eq!(database.keeper().check().await, Err(older));
    database.keeper().migrate().await.unwrap();
    assert_eq!(database.keeper().check().await, Ok(()));

    connection
        .execute(
            "INSERT INTO _sqlx_migrations SELECT 9, 'of the future', now(), TRUE, checksum, 1
             FROM _sqlx_migrations WHERE version = 1",
        )
        .await
        .unwrap();
    let newer = DatabaseError::Newer { found: 9, known: 3 };
    assert_eq!(database.keeper().check().await, Err(newer.clone()));
    assert_eq!(database.keeper().migrate().await, Err(newer.clone()));
    assert_eq!(
        newer.to_string(),
        "schema lottery_keeper has version 9, and this keeper knows none after 3: \
         a newer keeper made it, run that one"
    );

    connection
        .execute(
            "DELETE FROM _sqlx_migrations WHERE version = 9;
             UPDATE _sqlx_migrations SET checksum = '' WHERE version = 2",
        )
        .await
        .unwrap();
    assert_eq!(
        database.keeper().migrate().await,
        Err(DatabaseError::Changed(2))
    );
    // No lock was left behind by what failed.
    connection
        .execute("DROP SCHEMA lottery_keeper CASCADE")
        .await
        .unwrap();
    assert_eq!(database.keeper().migrate().await, Ok(()));
}

/// Where the operator made the schema and gives no right to make others.
#[tokio::test]
async fn a_schema_of_its_own_is_all_that_it_needs() {
    let database = TestDatabase::empty().await;
    let role = format!("{}_role", database.name());
    let mut connection = database.connect().await;
    let create = format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'of no use';
         CREATE SCHEMA lottery_keeper AUTHORIZATION {role}"
    );
    connection
        .execute(sqlx::AssertSqlSafe(create))
        .await
        .unwrap();
    let options = database.options().username(&role).password("of no use");
    let migrated = Database::new(options).migrate().await;
    let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    connection.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
    assert_eq!(migrated, Ok(()));
}

#[tokio::test]
async fn errors_hold_no_secrets() {
    for url in [
        "mysql://user:SECRET@h/d",
        "postgres://user:SECRET@h:port/d",
        "postgres://user:SECRET@h/d?sslmode=SECRET",
        "SECRET",
    ] {
        let error = url.parse::<Database>().unwrap_err();
        assert_eq!(error, DatabaseError::Url);
        assert!(!format!("{error} {error:?}").contains("SECRET"));
    }
    // Nobody listens at port 1.
    let database: Database = "postgres://user:SECRET@127.0.0.1:1/d".parse().unwrap();
    let error = database.migrate().await.unwrap_err();
    assert!(matches!(error, DatabaseError::Unavailable(_)), "{error}");
    let shown = format!("{error} {error:?} {database:?}");
    assert!(!shown.contains("SECRET"), "{shown}");
    assert!(shown.contains("refused"), "{shown}");
}
