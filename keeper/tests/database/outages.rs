//! Postgres hangs, restarts, or is away.

use std::time::Duration;

use lottery_client::sender::journal::{Journal as _, JournalError};
use lottery_keeper::{
    config::{self, WithoutDatabase},
    database::{Database, State},
};
use tokio::time::{Instant, timeout};

use crate::common::{
    Keeper, PATIENCE, TestDatabase, eventually,
    proxy::{Mode, Proxy},
    settings, signed,
};

const LEASE: Duration = Duration::from_secs(1);

/// A keeper that leads, and what holds up its connections.
async fn behind_a_proxy(database: &TestDatabase, settings: &config::Database) -> (Keeper, Proxy) {
    let proxy = Proxy::start(&database.options()).await;
    let through = Database::new(proxy.options(&database.options()));
    let keeper = Keeper::start(&through, settings);
    keeper.lead().await;
    (keeper, proxy)
}

/// Waits until the keeper knows that it has no database; returns when it last knew that
/// it led.
async fn lose_the_database(keeper: &Keeper) -> Instant {
    let mut led = Instant::now();
    eventually("there is no database", async || {
        match keeper.leadership.current() {
            State::Leader { .. } => led = Instant::now(),
            State::Follower => {}
            State::NoDatabase { .. } => return true,
        }
        false
    })
    .await;
    led
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_postgres_hangs_stops_believing_in_time() {
    let database = TestDatabase::migrated().await;
    let (keeper, proxy) = behind_a_proxy(&database, &settings(LEASE)).await;
    let stalled = Instant::now();
    proxy.set(Mode::Stall);

    let led = lose_the_database(&keeper).await;
    // The last renewal was sent before the stall.
    assert!(led <= stalled + LEASE, "{:?}", led - stalled);
    let expired: bool =
        sqlx::query_scalar("SELECT expires_at < clock_timestamp() FROM lease WHERE epoch = 1")
            .fetch_one(&mut database.connect().await)
            .await
            .unwrap();
    assert!(expired);
    let State::NoDatabase { since } = keeper.leadership.current() else {
        panic!("it has no database");
    };
    assert!(since <= stalled + LEASE);

    proxy.set(Mode::Flow);
    assert_eq!(keeper.lead().await.to_string(), "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_belief_ends_before_the_lease_however_long_the_answer_took() {
    let database = TestDatabase::migrated().await;
    let (keeper, proxy) = behind_a_proxy(&database, &settings(LEASE * 3)).await;
    let mut connection = database.connect().await;
    proxy.set(Mode::Slow);
    for _ in 0..3 {
        let State::Leader { until: before, .. } = keeper.leadership.current() else {
            panic!("it leads");
        };
        let mut believed = before;
        eventually("it renews", async || {
            if let State::Leader { until, .. } = keeper.leadership.current() {
                believed = until;
            }
            believed > before
        })
        .await;
        // Postgres says what was left before its answer is here.
        let left: f64 = sqlx::query_scalar(
            "SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 FROM lease",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        let believed = believed.saturating_duration_since(Instant::now());
        assert!(
            believed.as_secs_f64() <= left,
            "{believed:?}, and {left} s were left"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_starts_while_postgres_is_away() {
    let database = TestDatabase::empty().await;
    let proxy = Proxy::start(&database.options()).await;
    proxy.set(Mode::Cut);
    let through = Database::new(proxy.options(&database.options()));
    assert!(through.migrate().await.unwrap_err().is_temporary());
    let keeper = Keeper::start(&through, &settings(LEASE));
    lose_the_database(&keeper).await;
    proxy.set(Mode::Flow);
    keeper.lead().await;
    keeper.journal.signed(&signed()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn records_do_not_wait_for_a_postgres_that_hangs() {
    let database = TestDatabase::migrated().await;
    let (keeper, proxy) = behind_a_proxy(&database, &settings(LEASE)).await;
    proxy.set(Mode::Stall);
    let refused = timeout(PATIENCE, keeper.journal.signed(&signed()))
        .await
        .unwrap();
    assert!(matches!(refused, Err(JournalError::Unavailable(_))));
    lose_the_database(&keeper).await;
    let refused = keeper.journal.signed(&signed()).await;
    assert!(matches!(refused, Err(JournalError::Unavailable(_))));

    proxy.set(Mode::Flow);
    keeper.lead().await;
    keeper.journal.signed(&signed()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_that_acts_without_a_database_records_nothing_meanwhile() {
    let database = TestDatabase::migrated().await;
    let acts = config::Database {
        without: WithoutDatabase::Act,
        patience: LEASE,
        ..settings(LEASE)
    };
    let (keeper, proxy) = behind_a_proxy(&database, &acts).await;
    proxy.set(Mode::Cut);
    lose_the_database(&keeper).await;
    keeper.journal.signed(&signed()).await.unwrap();

    proxy.set(Mode::Flow);
    keeper.lead().await;
    keeper.journal.signed(&signed()).await.unwrap();
    assert_eq!(database.states().await["open"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_postgres_is_survived() {
    let database = TestDatabase::migrated().await;
    let keeper = Keeper::leading(&database).await;
    let follower = Keeper::start(&database.keeper(), &settings(LEASE));
    for _ in 0..3 {
        keeper.journal.signed(&signed()).await.unwrap();
        database.terminate().await;
        // Without an error that its caller would see.
        keeper.journal.signed(&signed()).await.unwrap();
        keeper.journal.open().await.unwrap();
        assert!(matches!(keeper.leadership.current(), State::Leader { .. }));
    }
    database.terminate().await;
    keeper.leadership.resign().await;
    assert_eq!(follower.lead().await.to_string(), "2");
    assert_eq!(follower.journal.open().await.unwrap().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_does_not_act_because_its_connection_broke() {
    let database = TestDatabase::migrated().await;
    let _leader = Keeper::leading(&database).await;
    let follower = Keeper::start(&database.keeper(), &settings(LEASE));
    let mut leadership = follower.leadership.clone();
    let turned = timeout(LEASE * 3, async {
        tokio::join!(leadership.changed(), async {
            for _ in 0..20 {
                database.terminate().await;
            }
        })
    });
    assert!(turned.await.is_err(), "nothing changes");
    assert_eq!(follower.leadership.current(), State::Follower);
}
