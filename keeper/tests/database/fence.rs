//! Who led once writes nothing any more, however close the race; and nobody waits for
//! each other.

use std::{sync::Arc, time::Duration};

use lottery_client::sender::journal::{End, Journal as _, JournalError, Signed};
use lottery_keeper::database::{
    Candidate, DatabaseError,
    lease::{Attempt, Renewal},
};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::task::JoinSet;

use crate::common::{Keeper, TestDatabase, eventually, settings, signed};

/// Lets the lease run out.
async fn expire(connection: &mut PgConnection) {
    connection
        .execute("UPDATE lease SET expires_at = clock_timestamp()")
        .await
        .unwrap();
}

fn candidate() -> Candidate {
    Candidate::new("keeper", Duration::from_secs(60))
}

async fn take_over(connection: &mut PgConnection, candidate: &Candidate) -> String {
    match candidate.try_acquire(connection).await.unwrap() {
        Attempt::Acquired(epoch) => epoch.to_string(),
        taken => panic!("{taken:?}"),
    }
}

#[tokio::test]
async fn the_epoch_grows_with_every_acquisition() {
    let database = TestDatabase::migrated().await;
    let mut connection = database.connect().await;
    let (ours, theirs) = (candidate(), candidate());
    let Attempt::Acquired(first) = ours.try_acquire(&mut connection).await.unwrap() else {
        panic!("it is free");
    };
    // Taken by another; one's own can be taken anew, under a new epoch.
    let taken = theirs.try_acquire(&mut connection).await.unwrap();
    assert!(
        matches!(taken, Attempt::Taken { remaining, .. } if remaining > Duration::from_secs(50))
    );
    assert_eq!(take_over(&mut connection, &ours).await, "2");
    let renewal = ours.renew(&mut connection, first).await.unwrap();
    assert_eq!(renewal, Renewal::Lost);
    // Run out: not to be renewed, even if nobody took it.
    let Attempt::Acquired(third) = ours.try_acquire(&mut connection).await.unwrap() else {
        panic!("it is ours");
    };
    let renewal = ours.renew(&mut connection, third).await.unwrap();
    assert_eq!(renewal, Renewal::Renewed);
    expire(&mut connection).await;
    let renewal = ours.renew(&mut connection, third).await.unwrap();
    assert_eq!(renewal, Renewal::Lost);
    assert_eq!(take_over(&mut connection, &theirs).await, "4");
    // What is no longer ours is not ours to release.
    ours.release(&mut connection, third).await.unwrap();
    let taken = ours.try_acquire(&mut connection).await.unwrap();
    assert!(matches!(taken, Attempt::Taken { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_waits_for_a_takeover_is_refused() {
    let database = TestDatabase::migrated().await;
    let keeper = Keeper::leading(&database).await;
    keeper.journal.signed(&signed()).await.unwrap();

    let mut connection = database.connect().await;
    let mut takeover = connection.begin().await.unwrap();
    expire(&mut takeover).await;
    assert_eq!(take_over(&mut takeover, &candidate()).await, "2");
    let record = signed();
    let (refused, ()) = tokio::join!(keeper.journal.signed(&record), async {
        eventually("the record waits", async || {
            database.lock_waits().await == 1
        })
        .await;
        takeover.commit().await.unwrap();
    });
    assert_eq!(refused, Err(JournalError::Fenced));
    assert_eq!(keeper.journal.open().await, Err(DatabaseError::Fenced));
    assert_eq!(database.states().await["open"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_waits_for_a_record_and_sees_it() {
    let database = TestDatabase::migrated().await;
    let keeper = Keeper::leading(&database).await;
    let mut gate = database.connect().await;
    gate.execute(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END';
         CREATE TRIGGER wait BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION wait();
         SELECT pg_advisory_lock(1)",
    )
    .await
    .unwrap();

    let record = signed();
    let (mut rushing, successor) = (database.connect().await, candidate());
    let (kept, (), epoch) = tokio::join!(
        keeper.journal.signed(&record),
        async {
            eventually("both wait", async || database.lock_waits().await == 2).await;
            gate.execute("SELECT pg_advisory_unlock(1)").await.unwrap();
        },
        async {
            eventually("the record waits", async || {
                database.lock_waits().await == 1
            })
            .await;
            // Waits in here.
            expire(&mut rushing).await;
            take_over(&mut rushing, &successor).await
        }
    );
    assert_eq!((kept, &*epoch), (Ok(()), "2"));
    assert_eq!(database.states().await["open"], 1);
    assert_eq!(
        keeper.journal.signed(&signed()).await,
        Err(JournalError::Fenced)
    );
}

/// Everything at once on the same rows, in any order.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_deadlocks() {
    let database = TestDatabase::migrated().await;
    let records: Arc<Vec<Signed>> = Arc::new((0..200).map(|_| signed()).collect());
    let leader = Arc::new(Keeper::leading(&database).await);
    let mut tasks = JoinSet::new();
    for turn in 0..4 {
        let (leader, records) = (leader.clone(), records.clone());
        // Another process that tells of ends, as one does that led before.
        let other = Keeper::start(&database.keeper(), &settings(Duration::from_secs(60)));
        tasks.spawn(async move {
            let mut signing = JoinSet::new();
            for index in 0..records.len() {
                // 67 and 200 have no common divisor: each record once, in another order.
                let record = records[(index * 67 + turn * 23) % records.len()].clone();
                let journal = leader.clone();
                other.journal.ended(&record.signature, &End::Dead).await;
                signing.spawn(async move { journal.journal.signed(&record).await });
                if index % 50 == 0 {
                    leader.journal.open().await.unwrap();
                    leader.journal.forget(Duration::ZERO).await.unwrap();
                }
            }
            while let Some(kept) = signing.join_next().await {
                kept.unwrap().unwrap();
            }
            assert_eq!(other.journal.flush(Duration::from_secs(20)).await, 0);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    drop(leader);
    // Counted once the connections that met one are gone.
    eventually("all connections are gone", async || {
        let others: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .fetch_one(&mut database.connect().await)
        .await
        .unwrap();
        others == 0
    })
    .await;
    let deadlocks: i64 = sqlx::query_scalar(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    )
    .fetch_one(&mut database.connect().await)
    .await
    .unwrap();
    assert_eq!(deadlocks, 0);
}
