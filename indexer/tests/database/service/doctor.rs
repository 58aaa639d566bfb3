//! What the doctor finds.

use std::collections::BTreeMap;

use lottery_indexer::{
    config::{Config, Options, SourceKind},
    doctor,
};
use lottery_service::doctor::{Finding, Level};

use super::{
    node::{self, GENESIS},
    url,
};
use crate::common::TestDatabase;

async fn check(rpc_url: &str, database_url: &str) -> BTreeMap<&'static str, Finding> {
    let config = Config::complete(Options {
        rpc_url: Some(rpc_url.to_owned()),
        source: Some(SourceKind::Polling),
        database_url: Some(database_url.into()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        ..Options::default()
    });
    let findings = doctor::check(&config.unwrap()).await;
    for finding in &findings.0 {
        let is_plain = finding.level == Level::Good;
        assert_eq!(finding.remedy.is_none(), is_plain, "{finding:?}");
        assert!(!format!("{finding:?}").contains("SECRET"), "{finding:?}");
    }
    let findings = findings.0.into_iter();
    findings.map(|finding| (finding.name, finding)).collect()
}

#[tokio::test]
async fn what_is_well_is_good_and_what_is_not_there_yet_is_mentioned() {
    let (node, database) = (node::start().await, TestDatabase::empty().await);
    let found = check(&node, &url(&database)).await;
    for name in ["node", "program", "clock", "accounts", "database", "rights"] {
        assert_eq!(found[name].level, Level::Good, "{:?}", found[name]);
    }
    assert_eq!(found["schema"].level, Level::Doubtful);
    assert!(!found.contains_key("tables"));

    lottery_indexer::store::migrate(&database.pool)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO watermark (genesis_hash, program, commitment) VALUES ($1, $2, 'confirmed')",
    )
    .bind(GENESIS)
    .bind(lottery::ID.to_string())
    .execute(&database.pool)
    .await
    .unwrap();
    let found = check(&node, &url(&database)).await;
    for name in ["schema", "tables", "dead letters"] {
        assert_eq!(found[name].level, Level::Good, "{:?}", found[name]);
    }
    // Nobody writes.
    assert_eq!(found["lag"].level, Level::Doubtful);
}

#[tokio::test]
async fn tables_of_another_cluster_are_bad() {
    let (node, database) = (node::start().await, TestDatabase::migrated().await);
    let found = check(&node, &url(&database)).await;
    assert_eq!(found["tables"].level, Level::Bad);
    assert!(found["tables"].remedy.as_ref().unwrap().contains("rpc_url"));
}

#[tokio::test]
async fn who_does_not_answer_is_named_without_secrets() {
    let found = check(
        "http://127.0.0.1:9/SECRET",
        "postgres://somebody:SECRET@127.0.0.1:9/lottery",
    )
    .await;
    assert_eq!(found["node"].level, Level::Bad);
    assert!(found["node"].remedy.as_ref().unwrap().contains("rpc_url"));
    assert_eq!(found["database"].level, Level::Bad);
    let remedy = found["database"].remedy.as_ref().unwrap();
    assert!(remedy.contains("database_url"), "{remedy}");
    // The cause, not that a pool gave up.
    let seen = &found["database"].seen;
    assert!(seen.contains("refused"), "{seen}");
}
