//! A leader that cannot do its work leaves the lease to one that can.

use std::{
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use lottery_keeper::{
    config::{Config, Options},
    database::State,
    run,
    telemetry::Health,
};
use lottery_lab::{RpcProxy, ScriptedRpc};
use solana_keypair::Keypair;
use tokio_util::sync::CancellationToken;

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

/// A whole keeper behind a node of its own, until the token is cancelled.
async fn keep(database: &TestDatabase, way: &RpcProxy) -> (Arc<Health>, CancellationToken) {
    let mut keypair = tempfile::NamedTempFile::new().unwrap();
    let bytes = Keypair::new().to_bytes().to_vec();
    write!(keypair, "{bytes:?}").unwrap();
    let config = Config::complete(Options {
        rpc_url: Some(vec![way.url()]),
        ws_url: Some(vec![way.ws_url()]),
        rpc_timeout_ms: Some(1_000),
        keypair: Some(keypair.path().to_owned()),
        ..Options::default()
    });
    let mut config = config.unwrap();
    config.database.url = Some(database.url().as_str().into());
    let (health, stopping) = (Arc::new(Health::default()), CancellationToken::new());
    tokio::spawn({
        let (health, stopping) = (health.clone(), stopping.clone());
        async move {
            run::run(&config, health, stopping).await.unwrap();
            drop(keypair);
        }
    });
    (health, stopping)
}

fn role(health: &Health) -> String {
    health.readiness().checks["role"].seen.clone()
}

/// Its process, its database and its lease are well; only its node is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_node_is_gone_is_replaced_by_a_keeper_with_a_better_one() {
    let database = TestDatabase::migrated().await;
    let node = ScriptedRpc::start(7).await.unwrap();
    node.ledger.show_clock(1_700_000_000);
    node.ledger.run_clock(Duration::from_millis(100));
    let mut ways = Vec::new();
    for seed in 0..2 {
        let way = RpcProxy::start(node.url(), node.ws_url(), seed).await;
        ways.push(way.unwrap());
    }
    let (first, _) = keep(&database, &ways[0]).await;
    eventually("the first leads", async || role(&first) == "leader").await;
    let (second, stop_second) = keep(&database, &ways[1]).await;
    eventually("the second follows", async || role(&second) == "follower").await;

    ways[0].weather.set_down(true);
    let gone = Instant::now();
    eventually("the second leads", async || role(&second) == "leader").await;
    println!("takeover from a blind leader: {:?}", gone.elapsed());
    assert_eq!(role(&first), "follower");

    // It takes part again when it sees.
    ways[0].weather.set_down(false);
    stop_second.cancel();
    eventually("the first leads again", async || role(&first) == "leader").await;
}
