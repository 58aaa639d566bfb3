//! Connections, and who waits for whom.

use std::time::Duration;

use lottery_indexer::source::{Event, RpcSourceConfig};
use lottery_lab::{RpcFault, Rule, scripted_rpc::RpcError};

use crate::{
    source::{
        mirror::mirror,
        run::{Run, in_time},
    },
    stage::Stage,
};

/// Writes as much as fits in no buffer, 60 MB, and waits for the node to be held back.
async fn flood(stage: &Stage) {
    let sockets = &stage.node.sockets;
    let before = sockets.notified();
    for account in 0..600 {
        stage.put(
            account,
            &vec![u8::try_from(account % 250 + 1).unwrap(); 100_000],
        );
    }
    in_time(sockets.until(|sockets| sockets.notified() > before + 5)).await;
    // Meanwhile it could send more, and does not: what nobody reads is bounded.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let question = serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "getHealth"});
    for _ in 0..300 {
        let asked = client.post(stage.node.url()).json(&question).send().await;
        asked.unwrap();
    }
    let sent = sockets.notified() - before;
    assert!(sent < 300, "{sent} messages of 130 kB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_writer_holds_the_node_back() {
    let stage = Stage::set().await;
    stage.play(2);
    let mut run = Run::of(stage.source(stage.config()), 4);
    run.until(|seen| !crate::source::mirror::snapshots(seen).is_empty())
        .await;
    flood(&stage).await;
    stage.ledger().advance(1);
    run.until_applied(stage.ledger().slot() - 1).await;
    assert_eq!(mirror(&run.seen, &[]), stage.contents());
    assert_eq!(stage.node.sockets.opened(), 1);
    assert!(run.troubles().is_empty(), "{:?}", run.troubles());
}

/// What the stream tells before the first snapshot waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_before_a_slow_snapshot_is_told_after_it() {
    let stage = Stage::set().await;
    let late = RpcFault::delay_answer(Duration::from_millis(300));
    stage
        .node
        .weather
        .add(Rule::on("getProgramAccounts", late).next(1));
    stage.play(2);
    let mut run = stage.run();
    let asked = |weather: &lottery_lab::RpcWeather| weather.count("getProgramAccounts") > 0;
    in_time(stage.node.weather.until(asked)).await;
    stage.play(20);
    stage.ledger().advance(1);
    run.until_applied(stage.ledger().slot() - 1).await;
    assert_eq!(mirror(&run.seen, &[]), stage.contents());
    let first = run
        .seen
        .iter()
        .position(|event| matches!(event, Event::Account(_)));
    let complete = run
        .seen
        .iter()
        .position(|event| matches!(event, Event::Complete { .. }));
    assert!(complete < first, "{complete:?} {first:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_is_refused_is_named() {
    let stage = Stage::set().await;
    stage.ledger().answer("programSubscribe", |_| {
        Err(RpcError::new(-32601, "Method not found"))
    });
    let mut run = stage.run();
    run.until_event(|event| matches!(event, Event::Trouble(_)))
        .await;
    assert_eq!(
        run.troubles(),
        ["the node refuses programSubscribe: Method not found (-32601); use a node that serves it"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_answers_no_question_for_long_is_given_up() {
    let stage = Stage::set().await;
    let config = RpcSourceConfig {
        silence: Duration::from_millis(100),
        ..stage.config()
    };
    let mut run = stage.run_with(config);
    run.until(|seen| !crate::source::mirror::snapshots(seen).is_empty())
        .await;
    stage
        .node
        .weather
        .add(Rule::on("getSlot", RpcFault::status(503)));
    run.until_event(|event| matches!(event, Event::Trouble(_)))
        .await;
    assert!(run.troubles()[0].contains("503"), "{:?}", run.troubles());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_fails_later_is_taken_again() {
    let stage = Stage::set().await;
    let mut run = stage.run_joined().await;
    let weather = &stage.node.weather;
    weather.add(Rule::on("getProgramAccounts", RpcFault::status(500)).next(1));
    stage.again.notify_one();
    run.until_event(|event| matches!(event, Event::Trouble(_)))
        .await;
    stage.play(1);
    stage.again.notify_one();
    run.until_event(|event| matches!(event, Event::Complete { .. }))
        .await;
    assert_eq!(stage.node.sockets.opened(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_it_at_once() {
    let stage = Stage::set().await;
    let mut run = stage.run_joined().await;
    run.stop.cancel();
    in_time(&mut run.task).await.unwrap();

    stage.node.sockets.refuse(true);
    let mut run = stage.run();
    run.until_event(|event| matches!(event, Event::Trouble(_)))
        .await;
    run.stop.cancel();
    in_time(&mut run.task).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_nobody_listens() {
    let stage = Stage::set().await;
    let mut run = stage.run_joined().await;
    run.events.close();
    while run.events.recv().await.is_some() {}
    stage.play(1);
    in_time(&mut run.task).await.unwrap();
}
