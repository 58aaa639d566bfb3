//! What became of transactions is written, at last.

use std::time::Duration;

use lottery_client::sender::journal::{End, Journal as _};
use lottery_keeper::database::Database;

use crate::common::{
    Keeper, PATIENCE, TestDatabase,
    proxy::{Mode, Proxy},
    settings, signed,
};

/// State, slot and error of a record.
async fn row(database: &TestDatabase, signature: &[u8]) -> (String, Option<i64>, Option<String>) {
    sqlx::query_as("SELECT state, slot, error FROM journal WHERE signature = $1")
        .bind(signature)
        .fetch_one(&mut database.connect().await)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_survive_an_outage() {
    let database = TestDatabase::migrated().await;
    let proxy = Proxy::start(&database.options()).await;
    let through = Database::new(proxy.options(&database.options()));
    let keeper = Keeper::start(&through, &settings(Duration::from_secs(60)));
    keeper.lead().await;
    let records: Vec<_> = (0..600).map(|_| signed()).collect();
    futures_util::future::try_join_all(records.iter().map(|it| keeper.journal.signed(it)))
        .await
        .unwrap();

    for (record, slot) in records.iter().zip(1..) {
        match slot {
            200 => proxy.set(Mode::Cut),
            400 => proxy.set(Mode::Stall),
            _ => {}
        }
        let end = End::Landed { slot };
        keeper.journal.ended(&record.signature, &end).await;
    }
    assert!(keeper.journal.flush(Duration::ZERO).await > 0);
    proxy.set(Mode::Flow);
    assert_eq!(keeper.journal.flush(PATIENCE).await, 0);
    let wrong: i64 =
        sqlx::query_scalar("SELECT count(*) FROM journal WHERE state <> 'landed' OR slot IS NULL")
            .fetch_one(&mut database.connect().await)
            .await
            .unwrap();
    assert_eq!(wrong, 0);
    assert_eq!(database.states().await["landed"], 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_seen_on_chain_stays() {
    let database = TestDatabase::migrated().await;
    let keeper = Keeper::leading(&database).await;
    let record = signed();
    let signature = record.signature;
    keeper.journal.signed(&record).await.unwrap();
    let failed = End::Failed {
        slot: 8,
        error: "at https://rpc.example.com/?key=SECRET\0".to_owned(),
    };
    // One after the other, and both at once.
    for ends in [
        vec![&End::Dead],
        vec![&End::Dead, &failed, &End::Dead],
        vec![&End::Dead],
    ] {
        for end in ends {
            keeper.journal.ended(&signature, end).await;
        }
        assert_eq!(keeper.journal.flush(PATIENCE).await, 0);
    }
    let error = "at https://rpc.example.com/…".to_owned();
    assert_eq!(
        row(&database, signature.as_ref()).await,
        ("failed".to_owned(), Some(8), Some(error))
    );
    // Of nothing that it knows: no error, and no row.
    keeper.journal.ended(&signed().signature, &End::Dead).await;
    assert_eq!(keeper.journal.flush(PATIENCE).await, 0);
    assert_eq!(database.states().await.values().sum::<i64>(), 1);
}
