//! The source by snapshots alone, against a scripted node. (The WebSocket is
//! tried against real clusters by the end-to-end tests.)

use std::{sync::Arc, time::Duration};

use crate::common::{
    chain::{World, key, update},
    node::Node,
};
use lottery_indexer::source::{Event, RpcSnapshots, RpcSource, RpcSourceConfig, Source};
use solana_commitment_config::CommitmentConfig;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

async fn follow(
    node: &Node,
    known_slot: Option<i64>,
) -> (mpsc::Receiver<Event>, CancellationToken) {
    let source = RpcSource::new(
        RpcSnapshots::new(node.serve().await, CommitmentConfig::confirmed()).unwrap(),
        RpcSourceConfig {
            ws_url: None,
            snapshot_interval: Duration::from_millis(20),
            slot_interval: Duration::from_millis(5),
            silence: Duration::from_secs(5),
            known_slot,
            again: Arc::new(Notify::new()),
        },
    );
    let (sender, receiver) = mpsc::channel(4);
    let stop = CancellationToken::new();
    tokio::spawn(source.run(sender, stop.clone()));
    (receiver, stop)
}

/// The next event for which there is something to return.
async fn next<T>(events: &mut mpsc::Receiver<Event>, wanted: impl Fn(Event) -> Option<T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            if let Some(found) = wanted(events.recv().await.unwrap()) {
                return found;
            }
        }
    })
    .await
    .unwrap()
}

/// Waits for the end of a snapshot of a slot.
async fn complete(events: &mut mpsc::Receiver<Event>, wanted: i64) {
    next(events, |event| match event {
        Event::Complete { slot } if slot == wanted => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn snapshots_repeat_and_tell_the_chains_slot() {
    let node = Node::default();
    let world = World::new();
    node.set(|script| {
        script.slot = 7;
        script.accounts = world.accounts(7);
    });
    let (mut events, stop) = follow(&node, None).await;
    let accounts = next(&mut events, |event| match event {
        Event::Part(accounts) => Some(accounts),
        _ => None,
    })
    .await;
    assert_eq!(accounts, world.accounts(7));
    complete(&mut events, 7).await;
    node.set(|script| {
        script.slot = 9;
        script.accounts = vec![update(key(1), 9, 1, &world.lane)];
    });
    let accounts = next(&mut events, |event| match event {
        Event::Part(accounts) if accounts.iter().any(|a| a.slot == 9) => Some(accounts),
        _ => None,
    })
    .await;
    assert_eq!(accounts.len(), 1);
    complete(&mut events, 9).await;
    next(&mut events, |event| {
        matches!(event, Event::Progress { chain: 9, .. }).then_some(())
    })
    .await;
    // When it is stopped, it goes, and its channel with it.
    stop.cancel();
    while events.recv().await.is_some() {}
}

#[tokio::test]
async fn a_node_that_fails_is_asked_again() {
    let node = Node::default();
    node.set(|script| script.down = true);
    let (mut events, _stop) = follow(&node, None).await;
    next(&mut events, |event| {
        matches!(event, Event::Trouble(_)).then_some(())
    })
    .await;
    node.set(|script| (script.down, script.slot) = (false, 3));
    complete(&mut events, 3).await;
}

#[tokio::test]
async fn a_node_that_lags_behind_what_is_stored_is_refused() {
    let node = Node::default();
    node.set(|script| script.slot = 5);
    let (mut events, _stop) = follow(&node, Some(6)).await;
    let trouble = next(&mut events, |event| match event {
        Event::Trouble(trouble) => Some(trouble),
        Event::Part(_) | Event::Complete { .. } => panic!("an old snapshot was taken"),
        _ => None,
    })
    .await;
    assert!(trouble.contains("behind"), "{trouble}");
    node.set(|script| script.slot = 6);
    complete(&mut events, 6).await;
}
