//! What the database says of itself, asked of a real one.

use crate::common::TestDatabase;
use lottery_indexer::{
    store,
    survey::{self, Schema},
};
use sqlx::{AssertSqlSafe, Executor};

#[tokio::test]
async fn a_schema_is_told_from_an_older_and_a_newer_one() {
    let database = TestDatabase::empty().await;
    let schema = async || survey::schema(&database.pool).await.unwrap();
    assert_eq!(schema().await, Schema::Empty);
    store::migrate(&database.pool).await.unwrap();
    assert_eq!(schema().await, Schema::Current);
    database
        .tamper("DELETE FROM _sqlx_migrations WHERE version = 1")
        .await;
    assert_eq!(schema().await, Schema::Older(1));
    database
        .tamper("UPDATE _sqlx_migrations SET checksum = '' WHERE version = 2")
        .await;
    assert_eq!(schema().await, Schema::Changed(2));
}

#[tokio::test]
async fn the_server_tells_what_it_is() {
    let database = TestDatabase::migrated().await;
    let server = survey::server(&database.pool).await.unwrap();
    assert!(!server.is_replica && server.is_writable);
    assert!(server.size > 0 && server.shared_buffers > 0);
    assert!(server.max_connections > server.reserved_connections);
    assert_eq!(survey::replica_lag(&database.pool).await.unwrap(), None);
    let owner = survey::owner(&database.pool).await.unwrap();
    assert_eq!(owner, Some(("test".to_owned(), lottery::ID.to_string())));
    assert_eq!(survey::letters_waiting(&database.pool).await.unwrap(), 0);
}

/// Roles are the server's: one of this name may be left by a run that was killed.
#[tokio::test]
async fn what_a_role_may_not_do_is_found() {
    let database = TestDatabase::migrated().await;
    let role = format!("reader_{}", std::process::id());
    let mut connection = database.pool.acquire().await.unwrap();
    for sql in [
        format!("CREATE ROLE {role}"),
        format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"),
        format!("REVOKE SELECT ON games FROM {role}"),
        format!("GRANT INSERT, UPDATE, DELETE ON draws TO {role}"),
        "CREATE TABLE other (id INT)".to_owned(),
        format!("SET ROLE {role}"),
    ] {
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let rights = survey::rights(&mut *connection).await.unwrap();
    connection.execute("RESET ROLE").await.unwrap();
    connection
        .execute(AssertSqlSafe(format!(
            "DROP OWNED BY {role}; DROP ROLE {role}"
        )))
        .await
        .unwrap();
    assert_eq!(rights.role, role);
    assert!(!rights.create);
    assert_eq!(rights.unreadable.as_deref(), Some("games"));
    assert_eq!(rights.unwritable.as_deref(), Some("_sqlx_migrations"));

    let owner = survey::rights(&mut *connection).await.unwrap();
    assert!(owner.create);
    assert_eq!((owner.unreadable, owner.unwritable), (None, None));
}

#[tokio::test]
async fn partitions_tell_until_when_there_are_some() {
    let database = TestDatabase::empty().await;
    for sql in [
        "CREATE TABLE story (at TIMESTAMPTZ NOT NULL) PARTITION BY RANGE (at)",
        "CREATE TABLE story_rest PARTITION OF story DEFAULT",
        "CREATE TABLE story_1 PARTITION OF story
             FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00')",
        "CREATE TABLE story_2 PARTITION OF story
             FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00')",
        // By slot: it has no end in time.
        "CREATE TABLE by_slot (slot BIGINT NOT NULL) PARTITION BY RANGE (slot)",
        "CREATE TABLE by_slot_1 PARTITION OF by_slot FOR VALUES FROM (0) TO (1000)",
        "INSERT INTO story VALUES ('2030-01-01')",
    ] {
        database.pool.execute(sql).await.unwrap();
    }
    let tables = survey::partitioned(&database.pool).await.unwrap();
    let [by_slot, story] = tables.try_into().unwrap();
    assert_eq!((by_slot.name.as_str(), by_slot.until), ("by_slot", None));
    assert_eq!((story.name.as_str(), story.partitions), ("story", 3));
    // 2027-01-01T00:00:00Z
    assert_eq!(story.until, Some(1_798_761_600.0));
    assert!(story.rest > 0);
}
