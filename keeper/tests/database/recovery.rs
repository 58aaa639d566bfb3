//! What a keeper that takes over learns of its predecessor's transactions.

use std::time::Duration;

use lottery_client::sender::journal::{End, Journal as _, Signed};
use lottery_keeper::database::DatabaseError;

use crate::common::{Keeper, PATIENCE, TestDatabase, settings, signed};

/// Signs transactions.
async fn sign(keeper: &Keeper, count: usize) -> Vec<Signed> {
    let mut records = Vec::new();
    for _ in 0..count {
        let record = signed();
        keeper.journal.signed(&record).await.unwrap();
        records.push(record);
    }
    records
}

async fn end(keeper: &Keeper, record: &Signed, end: End) {
    keeper.journal.ended(&record.signature, &end).await;
    assert_eq!(keeper.journal.flush(PATIENCE).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_what_is_open_is_adopted() {
    let database = TestDatabase::migrated().await;
    let first = Keeper::leading(&database).await;
    let records = sign(&first, 6).await;
    end(&first, &records[0], End::Landed { slot: 9 }).await;
    end(&first, &records[2], End::Dead).await;
    let error = "custom program error: 0x1".to_owned();
    end(&first, &records[4], End::Failed { slot: 9, error }).await;
    // Nothing of its own.
    assert_eq!(first.journal.open().await.unwrap(), []);
    first.leadership.resign().await;

    let second = Keeper::leading(&database).await;
    let own = sign(&second, 1).await;
    // In the order in which they were signed.
    let left = [&records[1], &records[3], &records[5]].map(Signed::clone);
    assert_eq!(second.journal.open().await.unwrap(), left);
    let epochs: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT signed_epoch, epoch, count(*) FROM journal WHERE state = 'open' GROUP BY 1, 2 ORDER BY 1",
    )
    .fetch_all(&mut database.connect().await)
    .await
    .unwrap();
    assert_eq!(epochs, [(1, 2, 3), (2, 2, 1)]);

    // Asked again, as after an answer that was lost: what of it is still open.
    end(&second, &records[3], End::Landed { slot: 10 }).await;
    let left = [&records[1], &records[5]].map(Signed::clone);
    assert_eq!(second.journal.open().await.unwrap(), left);
    // The first does not lead any more.
    assert_eq!(first.journal.open().await, Err(DatabaseError::Fenced));
    second.leadership.resign().await;

    // What two epochs left.
    let third = Keeper::leading(&database).await;
    let left = [left.to_vec(), own].concat();
    assert_eq!(third.journal.open().await.unwrap(), left);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_lease_has_another_journal() {
    let database = TestDatabase::migrated().await;
    let ours = Keeper::leading(&database).await;
    sign(&ours, 2).await;
    ours.leadership.resign().await;
    let mut settings = settings(Duration::from_secs(60));
    settings.lease_name = "another house's".to_owned();
    let theirs = Keeper::start(&database.keeper(), &settings);
    theirs.lead().await;
    assert_eq!(theirs.journal.open().await.unwrap(), []);
    assert_eq!(theirs.journal.forget(Duration::ZERO).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_is_forgotten_and_what_is_open_is_not() {
    let database = TestDatabase::migrated().await;
    let keeper = Keeper::leading(&database).await;
    sign(&keeper, 1).await;
    // More than a batch of deletions.
    sqlx::query(
        "INSERT INTO journal (signature, lease, signed_epoch, epoch, intent, transaction,
                              last_valid_block_height, state, ended_at)
         SELECT decode(lpad(to_hex(i), 128, '0'), 'hex'), 'keeper', 1, 1, '1', '\\x00', 1, 'dead',
                now() - CASE WHEN i % 10 = 0 THEN interval '1 day' ELSE interval '9 days' END
         FROM generate_series(1, 3000) AS i",
    )
    .execute(&mut database.connect().await)
    .await
    .unwrap();
    let week = Duration::from_secs(7 * 86_400);
    assert_eq!(keeper.journal.forget(week).await.unwrap(), 2_700);
    assert_eq!(keeper.journal.forget(week).await.unwrap(), 0);
    assert_eq!(keeper.journal.forget(Duration::ZERO).await.unwrap(), 300);
    assert_eq!(database.states().await["open"], 1);
    assert_eq!(keeper.journal.open_rows().await.unwrap(), 1);
}
