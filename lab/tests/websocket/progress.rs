//! How far the source says that it is.

use std::time::Duration;

use lottery_indexer::source::{Event, SlotStatus, SlotUpdate};
use lottery_lab::{Notifications, ScriptedRpc};

use crate::{
    source::{
        mirror::{assert_orderly, slots},
        run::number,
    },
    stage::Stage,
};

fn applied(events: &[Event]) -> i64 {
    let progress = events.iter().filter_map(|event| match event {
        Event::Progress { applied, .. } => Some(*applied),
        _ => None,
    });
    progress.max().unwrap_or(0)
}

/// The node's slot, asked for beside the stream, is not how far the stream is.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_to_be_delivered_that_waits_in_the_socket() {
    let stage = Stage::set().await;
    let mut run = stage.run_joined().await;
    let sockets = &stage.node.sockets;
    let before = stage.ledger().slot();
    let delay = Duration::from_millis(400);
    sockets.set_notifications(Notifications {
        delay: Some(delay..=delay),
        ..Notifications::default()
    });
    stage.play(10);
    stage.ledger().advance(1);
    let last = stage.ledger().slot() - 1;
    // By now questions are answered that tell of a later slot.
    run.until_event(
        |event| matches!(event, Event::Progress { chain, .. } if *chain >= number(last)),
    )
    .await;
    let delivered = run.seen.iter().filter_map(|event| match event {
        Event::Account(update) => Some(update.slot),
        _ => None,
    });
    let delivered = delivered.max().unwrap_or(number(before));
    assert!(applied(&run.seen) <= delivered, "{:?}", run.seen);
    run.until_applied(last).await;
    assert_orderly(&only_stream(&run.seen));
}

/// Without what the node was asked for, which has an order of its own.
fn only_stream(events: &[Event]) -> Vec<Event> {
    let streamed = events
        .iter()
        .filter(|event| !matches!(event, Event::Slot(_)));
    streamed.cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_is_final_after_what_happened_in_it_was_told() {
    let stage = Stage::set().await;
    let mut run = stage.run_joined().await;
    let delay = Duration::from_millis(300);
    stage.node.sockets.set_notifications(Notifications {
        delay: Some(delay..=delay),
        ..Notifications::default()
    });
    let before = number(stage.ledger().slot());
    stage.play(10);
    stage.ledger().run_clock(Duration::from_millis(50));
    let is_final = |event: &Event| {
        let Event::Slot(SlotUpdate { slot, status, .. }) = event else {
            return false;
        };
        *status == SlotStatus::Finalized && *slot >= before + 10
    };
    run.until_event(is_final).await;
    stage.ledger().stop_clock();
    for told in slots(&run.seen) {
        let place = run
            .seen
            .iter()
            .position(|event| *event == Event::Slot(told));
        let later = &run.seen[place.unwrap()..];
        let late = later
            .iter()
            .find(|event| matches!(event, Event::Account(update) if update.slot <= told.slot));
        assert_eq!(late, None, "after {told:?}");
    }
}

/// Such as surfpool.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_tells_of_no_clock_is_followed_by_its_root() {
    let node = ScriptedRpc::start(7).await.unwrap();
    let stage = Stage::of(node);
    let mut run = stage.run_joined().await;
    stage.play(20);
    let root = stage.ledger().slot() - 2;
    run.until_applied(root).await;
    assert_eq!(applied(&run.seen), number(root));
}
