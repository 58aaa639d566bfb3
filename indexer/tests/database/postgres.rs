//! The settings and statements that operators and analysts are given.

use std::{collections::BTreeMap, path::PathBuf};

use crate::common::{
    TestDatabase,
    chain::{World, key},
};
use lottery_indexer::{
    analytics::{About, QUESTIONS},
    derive,
    source::Event,
    upkeep,
};
use sqlx::{AssertSqlSafe, Row as _};

/// The files of a folder of this repository that end like this, by name.
fn files(folder: &str, end: &str) -> BTreeMap<String, String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap());
    entries
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(end))
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

/// A database with games in it.
async fn played() -> (TestDatabase, World) {
    let database = TestDatabase::migrated().await;
    let (world, told) = World::played();
    database
        .ingest(told.into_iter().map(Event::Account).collect())
        .await;
    derive::once(&database.pool).await.unwrap();
    upkeep::refresh(&database.pool).await.unwrap();
    (database, world)
}

#[tokio::test]
async fn every_diagnosis_runs() {
    let (database, _) = played().await;
    let mut connection = database.pool.acquire().await.unwrap();
    let statements = files("deploy/postgres", ".sql");
    assert!(statements.len() >= 8);
    for (name, sql) in statements {
        if name == "slow_statements.sql" {
            sqlx::query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
                .execute(&mut *connection)
                .await
                .expect("the tests' server comes with its contributed modules");
            let loaded: String = sqlx::query_scalar("SHOW shared_preload_libraries")
                .fetch_one(&mut *connection)
                .await
                .unwrap();
            assert!(
                loaded.contains("pg_stat_statements"),
                "run the tests with scripts/test, which loads pg_stat_statements"
            );
        }
        let rows = sqlx::query(AssertSqlSafe(sql))
            .fetch_all(&mut *connection)
            .await;
        let rows = rows.unwrap_or_else(|error| panic!("{name}: {error}"));
        if name == "sizes.sql" {
            let tables: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            assert!(tables.contains(&"game_events".to_owned()), "{tables:?}");
        }
        if name == "rebuild_indexes.sql" {
            let statement: String = rows[0].get(0);
            sqlx::query(AssertSqlSafe(statement))
                .execute(&mut *connection)
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn every_question_has_its_answer() {
    let (database, world) = played().await;
    let files = files("docs/analytics", ".sql");
    assert_eq!(files.len(), QUESTIONS.len(), "a file is not asked");
    for question in QUESTIONS {
        let mut query = sqlx::query(question.sql());
        for about in question.about() {
            query = match about {
                About::House => query.bind(world.house_address.to_string()),
                About::Game => query.bind(world.games[0].0.to_string()),
                About::Player => query.bind(key(11).to_string()),
                About::Tier => query.bind(0i16),
            };
        }
        let rows = query.fetch_all(&database.pool).await;
        let rows = rows.unwrap_or_else(|error| panic!("{}: {error}", question.name));
        // Those of the ledger have nothing to tell here: only accounts were played.
        let ledger = [
            "history",
            "payments",
            "instructions",
            "contributions",
            "withdrawals",
            "transactions",
            "failures",
        ];
        if !ledger.iter().any(|word| question.name.contains(word)) {
            assert!(!rows.is_empty(), "{}", question.name);
        }
    }
}

/// Type, unit, largest value and names of values.
type Setting = (String, Option<String>, Option<String>, Option<Vec<String>>);

/// Postgres knows every setting, and its value is one.
#[tokio::test]
async fn every_setting_is_one() {
    let database = TestDatabase::empty().await;
    let all = files("deploy/postgres", ".conf");
    assert_eq!(all.len(), 3);
    for (name, text) in all {
        for line in text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            let (setting, value) = line.split_once(" = ").unwrap();
            let value = value.trim_matches('\'');
            let known: Option<Setting> = sqlx::query_as(
                "SELECT vartype, unit, max_val, enumvals FROM pg_settings WHERE name = $1",
            )
            .bind(setting)
            .fetch_optional(&database.pool)
            .await
            .unwrap();
            let (kind, unit, most, values) =
                known.unwrap_or_else(|| panic!("{name}: Postgres has no {setting}"));
            let is_number = value.starts_with(|c: char| c.is_ascii_digit());
            let fits = match kind.as_str() {
                "bool" => ["on", "off"].contains(&value),
                "enum" => values.unwrap().iter().any(|known| known == value),
                "integer" | "real" => {
                    let bare = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
                    let most: f64 = most.unwrap().parse().unwrap();
                    let number: f64 = bare.parse().unwrap_or(f64::MAX);
                    is_number && (bare.len() == value.len() || unit.is_some()) && number <= most
                }
                _ => true,
            };
            assert!(fits, "{name}: {line}");
        }
    }
}
