//! How the database answers, at a size at which plans are what they are in practice: every
//! question by the indexes it names, and no index that nobody reads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeSet;

use lottery_indexer::analytics::QUESTIONS;
use lottery_lab::{
    index_rate::{self, Scale, plans},
    trial::Database,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// More games go on (one in fifty) than a page shows: where all of them fit on one, sorting
/// what any index finds is as cheap to the planner as reading them in order.
const SCALE: Scale = Scale {
    games: 4_000,
    entries: 100_000,
    events: 300_000,
};

/// What the indexer's own statements read at least.
const SERVICE: [(&str, &[&str]); 9] = [
    ("GET /api/games", &["games_by_opening"]),
    ("GET /api/games?status", &["games_by_status"]),
    ("GET /api/games?house", &[]),
    (
        "GET /api/games/active",
        &["games_active", "entries_by_game"],
    ),
    (
        "GET /api/games/{address}",
        &["games_pkey", "entries_by_game"],
    ),
    (
        "fates and proofs",
        &["games_to_derive", "game_rounds_unproven", "draws_undone"],
    ),
    ("dead-letters", &["dead_letters_waiting"]),
    (
        "rows made of the ledger",
        &[
            "instructions_by_game",
            "game_events_by_game",
            "payments_by_game",
        ],
    ),
    (
        "what the ledger told before",
        &[
            "game_events_by_draw",
            "game_events_by_game",
            "payments_by_game",
        ],
    ),
];

/// What plans depend on, as operators are told to set it: names and values.
fn settings() -> Vec<(&'static str, &'static str)> {
    let planner = [
        "random_page_cost",
        "effective_cache_size",
        "work_mem",
        "jit",
    ];
    let lines = include_str!("../../deploy/postgres/medium.conf").lines();
    let all = lines.filter_map(|line| line.split('#').next()?.split_once(" = "));
    let found = all.filter(|(name, _)| planner.contains(name));
    let found: Vec<_> = found.map(|(name, value)| (name, value.trim())).collect();
    assert_eq!(found.len(), planner.len());
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_read_the_indexes_they_name_and_every_index_is_read() {
    let database = Database::create().await.unwrap();
    let options = database.scratch.options();
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    for (name, value) in settings() {
        let database = options.get_database().unwrap();
        let sql = format!("ALTER DATABASE {database} SET {name} = '{value}'");
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
    index_rate::fill(options.clone(), SCALE).await.unwrap();
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("VACUUM ANALYZE")
        .execute(&mut connection)
        .await
        .unwrap();

    let mut faults = Vec::new();
    let questions = plans::of_questions(&mut connection).await.unwrap();
    for question in QUESTIONS {
        let (found, named) = (&questions[question.name], question.plan());
        let named: BTreeSet<String> = named.into_iter().map(str::to_owned).collect();
        if *found != named {
            faults.push(format!(
                "{} reads {found:?}, and names {named:?}",
                question.name
            ));
        }
    }
    let to_be_read = plans::to_be_read(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let service = plans::of_service(&options).await.unwrap();
    for (name, indexes) in SERVICE {
        let found = &service[name];
        for index in indexes.iter().filter(|index| !found.contains(**index)) {
            faults.push(format!("{name} reads {found:?}, and not {index}"));
        }
    }
    let read: BTreeSet<&String> = questions
        .values()
        .chain(service.values())
        .flatten()
        .collect();
    for index in to_be_read.iter().filter(|index| !read.contains(index)) {
        faults.push(format!("nobody reads {index}"));
    }
    database.scratch.drop_now().await.unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
