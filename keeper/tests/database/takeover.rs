//! A leader that is gone, or stopped, is replaced in seconds.

use std::time::{Duration, Instant};

use lottery_keeper::database::State;

use crate::common::{Keeper, TestDatabase, defaults, process::Process, settings};

/// What is set where nothing is.
const DEFAULT_LEASE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_leader_is_replaced_within_five_seconds() {
    assert_eq!(defaults().lease, DEFAULT_LEASE);
    let database = TestDatabase::migrated().await;
    let mut leader = Process::start(&database);
    leader.says("leader 1").await;
    let follower = Keeper::start(&database.keeper(), &settings(DEFAULT_LEASE));

    leader.kill();
    let killed = Instant::now();
    let epoch = follower.lead().await;
    let taken = killed.elapsed();

    println!("takeover after kill -9: {taken:?}");
    assert_eq!(epoch.to_string(), "2");
    assert!(taken < Duration::from_secs(5), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_resigns_is_replaced_within_a_second() {
    let database = TestDatabase::migrated().await;
    let leader = Keeper::start(&database.keeper(), &settings(DEFAULT_LEASE));
    leader.lead().await;
    let follower = Keeper::start(&database.keeper(), &settings(DEFAULT_LEASE));

    let resigning = Instant::now();
    leader.leadership.resign().await;
    assert_eq!(leader.leadership.current(), State::Follower);
    let epoch = follower.lead().await;
    let taken = resigning.elapsed();

    println!("takeover after a release: {taken:?}");
    assert_eq!(epoch.to_string(), "2");
    assert!(taken < Duration::from_secs(1), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_was_stopped_does_not_believe_it_leads() {
    let database = TestDatabase::migrated().await;
    let mut leader = Process::start(&database);
    leader.says("leader 1").await;
    let follower = Keeper::start(&database.keeper(), &settings(DEFAULT_LEASE));

    leader.signal("STOP");
    assert_eq!(follower.lead().await.to_string(), "2");
    // Waiting for it when it goes on: the first thing that it does.
    leader.ask();
    leader.signal("CONT");
    assert_eq!(leader.answer(), "follower");
    leader.says("follower").await;
    assert!(matches!(
        follower.leadership.current(),
        State::Leader { .. }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_of_other_names_are_other_leases() {
    let database = TestDatabase::migrated().await;
    let ours = Keeper::leading(&database).await;
    let mut settings = settings(DEFAULT_LEASE);
    settings.lease_name = "another house's".to_owned();
    let theirs = Keeper::start(&database.keeper(), &settings);
    assert_eq!(theirs.lead().await.to_string(), "1");
    assert!(matches!(ours.leadership.current(), State::Leader { .. }));
}

/// What `doctor` tells of a lease.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_at_a_lease_sees_who_holds_it() {
    let database = TestDatabase::migrated().await;
    let name = settings(DEFAULT_LEASE).lease_name;
    let look = database.keeper().look(&name).await.unwrap();
    assert!(look.holding.is_none());
    assert_eq!(look.open, 0);

    let leader = Keeper::start(&database.keeper(), &settings(DEFAULT_LEASE));
    let epoch = leader.lead().await;
    let look = database.keeper().look(&name).await.unwrap();
    let held = look.holding.unwrap();
    assert_eq!(held.epoch, epoch);
    let own = format!("process {}", std::process::id());
    assert!(held.by.ends_with(&own), "{}", held.by);
    let most = DEFAULT_LEASE.as_secs_f64();
    assert!(held.remaining > 0.0 && held.remaining <= most, "{held:?}");

    leader.leadership.resign().await;
    let look = database.keeper().look(&name).await.unwrap();
    let held = look.holding.unwrap();
    assert_eq!(held.epoch, epoch);
    assert!(held.remaining <= 0.0, "{held:?}");
}
