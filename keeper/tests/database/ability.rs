//! A leader that cannot do its work leaves the lease to one that can.

use std::time::Duration;

use lottery_keeper::database::State;

use crate::common::{Keeper, TestDatabase, eventually, settings};

/// Far longer than the test: nothing here waits for a lease to run out.
const LEASE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_cannot_act_gives_the_lease_to_one_that_can() {
    let database = TestDatabase::migrated().await;
    let first = Keeper::start(&database.keeper(), &settings(LEASE));
    assert_eq!(first.lead().await.to_string(), "1");
    let second = Keeper::start(&database.keeper(), &settings(LEASE));

    first.leadership.set_able(false);
    assert_eq!(second.lead().await.to_string(), "2");
    assert_eq!(first.leadership.current(), State::Follower);

    // Nobody can: nobody leads, and who cannot does not ask.
    second.leadership.set_able(false);
    eventually("the second leads no more", async || {
        second.leadership.current() == State::Follower
    })
    .await;
    let third = Keeper::start(&database.keeper(), &settings(LEASE));
    assert_eq!(third.lead().await.to_string(), "3");
    third.leadership.resign().await;

    first.leadership.set_able(true);
    assert_eq!(first.lead().await.to_string(), "4");
    // Stopping while it may not lead ends at once.
    second.leadership.resign().await;
    assert_eq!(second.leadership.current(), State::Follower);
}

/// Blind and alone, it leads again as soon as it sees.
#[tokio::test(flavor = "multi_thread")]
async fn the_only_keeper_takes_its_lease_up_again() {
    let database = TestDatabase::migrated().await;
    let only = Keeper::leading(&database).await;
    only.leadership.set_able(false);
    eventually("it leads no more", async || {
        only.leadership.current() == State::Follower
    })
    .await;
    only.leadership.set_able(true);
    assert_eq!(only.lead().await.to_string(), "2");
}
