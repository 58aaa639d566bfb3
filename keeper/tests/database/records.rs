//! Records of what was signed: all are kept, and each caller hears of its own.

use std::{sync::Arc, time::Duration};

use lottery_client::sender::journal::{End, Journal as _, JournalError, Signed};
use tokio::task::JoinSet;

use crate::common::{Keeper, PATIENCE, TestDatabase, settings, signed};

/// Hands over records at the same time; the answers in their order.
async fn sign_all(keeper: &Arc<Keeper>, records: &[Signed]) -> Vec<Result<(), JournalError>> {
    let mut tasks = JoinSet::new();
    for (index, record) in records.iter().cloned().enumerate() {
        let keeper = keeper.clone();
        tasks.spawn(async move { (index, keeper.journal.signed(&record).await) });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_record_of_a_burst_is_kept() {
    let database = TestDatabase::migrated().await;
    let keeper = Arc::new(Keeper::leading(&database).await);
    // More than the queue holds.
    let mut records: Vec<Signed> = (0..3_000).map(|_| signed()).collect();
    // One that is not said what for.
    records[5].intent = String::new();
    assert!(sign_all(&keeper, &records).await.iter().all(Result::is_ok));
    let (rows, commits): (i64, i64) =
        sqlx::query_as("SELECT count(*), count(DISTINCT xmin::text) FROM journal")
            .fetch_one(&mut database.connect().await)
            .await
            .unwrap();
    assert_eq!(rows, 3_000);
    println!("3000 records at once: {commits} commits");
    assert!(commits < 300, "{commits} commits");

    // Each as it was handed over.
    let successor = succeed(&database, &keeper).await;
    let mut kept = successor.journal.open().await.unwrap();
    records.sort_by_key(|it| it.signature);
    kept.sort_by_key(|it| it.signature);
    assert_eq!(kept, records);
}

/// Lets the leader resign in favour of a new keeper.
async fn succeed(database: &TestDatabase, leader: &Keeper) -> Keeper {
    leader.leadership.resign().await;
    Keeper::leading(database).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_refused_takes_no_other_along() {
    let database = TestDatabase::migrated().await;
    let keeper = Arc::new(Keeper::leading(&database).await);
    let mut records: Vec<Signed> = (0..200).map(|_| signed()).collect();
    // No JSON; JSON that Postgres cannot hold; no bytes; no block height.
    records[10].intent = "{".to_owned();
    records[77].intent = r#""\u0000""#.to_owned();
    records[78].transaction = Vec::new();
    records[150].last_valid_block_height = u64::MAX;
    let answers = sign_all(&keeper, &records).await;
    for (index, answer) in answers.iter().enumerate() {
        match index {
            10 | 77 | 78 | 150 => {
                assert!(
                    matches!(answer, Err(JournalError::Unavailable(_))),
                    "{index}"
                );
            }
            _ => assert_eq!(*answer, Ok(()), "{index}"),
        }
    }
    assert_eq!(database.states().await["open"], 196);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_record_again_is_kept_once() {
    let database = TestDatabase::migrated().await;
    let keeper = Arc::new(Keeper::leading(&database).await);
    let record = signed();
    let other = Signed {
        transaction: vec![5; 100],
        ..record.clone()
    };
    let same = vec![record.clone(); 20];
    assert!(sign_all(&keeper, &same).await.iter().all(Result::is_ok));
    assert!(sign_all(&keeper, &same).await.iter().all(Result::is_ok));
    assert_eq!(database.states().await["open"], 1);

    // Other bytes under its signature are no record of it.
    let answers = sign_all(&keeper, &[signed(), other.clone(), signed()]).await;
    assert!(matches!(
        &*answers,
        [Ok(()), Err(JournalError::Unavailable(_)), Ok(())]
    ));
    assert_eq!(database.states().await["open"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_as_dead_is_open_again_when_it_is_sent_again() {
    let database = TestDatabase::migrated().await;
    let keeper = Keeper::leading(&database).await;
    let (dead, landed) = (signed(), signed());
    for record in [&dead, &landed] {
        keeper.journal.signed(record).await.unwrap();
    }
    let end = End::Landed { slot: 5 };
    keeper.journal.ended(&dead.signature, &End::Dead).await;
    keeper.journal.ended(&landed.signature, &end).await;
    assert_eq!(keeper.journal.flush(PATIENCE).await, 0);
    for record in [&dead, &landed] {
        keeper.journal.signed(record).await.unwrap();
    }
    let states = database.states().await;
    assert_eq!((states["open"], states["landed"]), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_records_nothing() {
    let database = TestDatabase::migrated().await;
    let _leader = Keeper::leading(&database).await;
    let follower = Keeper::start(&database.keeper(), &settings(Duration::from_secs(3)));
    let refused = follower.journal.signed(&signed()).await;
    assert_eq!(refused, Err(JournalError::Fenced));
    assert!(database.states().await.is_empty());
}
