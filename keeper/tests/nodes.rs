//! The keeper between two nodes of which one lies about the slot: real sockets, a
//! scripted ledger.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use lottery_client::rpc::Pool;
use lottery_keeper::{
    config::{Config, Options},
    run,
    stream::{self, Event},
    telemetry::Health,
};
use lottery_lab::{Notifications, RpcFault, RpcProxy, Rule, ScriptedRpc, lies};
use solana_keypair::Keypair;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How far the liar is ahead.
const LIE: u64 = 1_000_000;

struct Stage {
    node: ScriptedRpc,
    /// The first is the liar's.
    ways: Vec<RpcProxy>,
    config: Config,
    _keypair: tempfile::NamedTempFile,
}

impl Stage {
    async fn set() -> Self {
        let node = ScriptedRpc::start(7).await.unwrap();
        node.ledger.show_clock(1_700_000_000);
        node.ledger.run_clock(Duration::from_millis(100));
        let mut ways = Vec::new();
        for seed in 0..2 {
            let way = RpcProxy::start(node.url(), node.ws_url(), seed);
            ways.push(way.await.unwrap());
        }
        let mut keypair = tempfile::NamedTempFile::new().unwrap();
        let bytes = Keypair::new().to_bytes().to_vec();
        write!(keypair, "{bytes:?}").unwrap();
        let config = Config::complete(Options {
            rpc_url: Some(ways.iter().map(RpcProxy::url).collect()),
            ws_url: Some(ways.iter().map(RpcProxy::ws_url).collect()),
            keypair: Some(keypair.path().to_owned()),
            probe_ms: Some(100),
            tick_ms: Some(100),
            ..Options::default()
        });
        Self {
            node,
            ways,
            config: config.unwrap(),
            _keypair: keypair,
        }
    }

    fn pool(&self) -> Arc<Pool> {
        run::pool(&self.config, None)
    }
}

/// The slot that the keeper has reached.
fn slot(health: &Health) -> u64 {
    let report = health.progress(PATIENCE);
    let (slot, _) = report.checks["slot"].seen.split_once(',').unwrap();
    slot.parse().unwrap()
}

async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_slots_that_cannot_be_is_replaced_by_another_nodes() {
    let stage = Stage::set().await;
    stage.ways[0].sockets.set_notifications(Notifications {
        ahead_slots: LIE,
        ..Notifications::default()
    });
    let (sender, mut events) = mpsc::channel(100);
    let stopping = CancellationToken::new();
    tokio::spawn(stream::follow(stage.pool(), sender, stopping.clone()));
    let clock = timeout(PATIENCE, async {
        loop {
            if let Event::Clock(clock) = events.recv().await.unwrap() {
                return clock;
            }
        }
    });
    let clock = clock.await.unwrap();
    assert!(clock.slot <= stage.node.ledger.slot(), "{clock:?}");
    assert_eq!(stage.ways[0].sockets.opened(), 1);
    assert_eq!(stage.ways[1].sockets.opened(), 1);
    stopping.cancel();
}

/// While the other node was away there was nobody to ask.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_at_slots_that_never_were_is_read_again() {
    let stage = Stage::set().await;
    stage.ways[0].weather.add(lies::slot_ahead(LIE));
    stage.ways[0].weather.add(lies::clock_ahead(LIE));
    stage.ways[1].weather.set_down(true);
    let (health, stopping) = (Arc::new(Health::default()), CancellationToken::new());
    let keeper = tokio::spawn({
        let (config, health, stopping) = (stage.config.clone(), health.clone(), stopping.clone());
        async move { run::run(&config, health, stopping).await.unwrap() }
    });
    eventually("the lie is believed", || slot(&health) > LIE).await;
    stage.ways[1].weather.set_down(false);
    eventually("it is believed no more", || slot(&health) < LIE).await;
    let reached = slot(&health);
    eventually("the slot goes on", || slot(&health) > reached + 5).await;
    assert!(slot(&health) <= stage.node.ledger.slot());
    stopping.cancel();
    timeout(PATIENCE, keeper).await.unwrap().unwrap();
}

/// They would contradict each other for as long as the keeper runs.
#[tokio::test(flavor = "multi_thread")]
async fn endpoints_of_two_clusters_are_refused() {
    let stage = Stage::set().await;
    stage
        .node
        .ledger
        .answer("getGenesisHash", |_| Ok("first".into()));
    let run = || {
        let stopping = CancellationToken::new();
        stopping.cancel();
        run::run(&stage.config, Arc::new(Health::default()), stopping)
    };
    timeout(PATIENCE, run()).await.unwrap().unwrap();
    stage.ways[1].weather.add(Rule::on(
        "getGenesisHash",
        RpcFault::lie(|_, answer| answer["result"] = "other".into()),
    ));
    let error = timeout(PATIENCE, run()).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("another cluster"), "{error}");
}
