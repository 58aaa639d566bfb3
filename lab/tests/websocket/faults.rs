//! Every way in which a stream can fail leaves tables that equal the chain.

use std::time::Duration;

use lottery_indexer::source::RpcSourceConfig;
use lottery_lab::{Decision, Intrusion, Notifications, RpcFault, Rule};

use crate::{source::run::in_time, written::Written};

/// A source that soon takes silence for an end.
fn impatient(config: RpcSourceConfig) -> RpcSourceConfig {
    RpcSourceConfig {
        silence: Duration::from_millis(250),
        ..config
    }
}

/// Keeps notifications of a kind from whoever is open or opens, while the rest goes on.
fn lose(written: &Written, method: &'static str) {
    written.stage.node.weather.on_request(move |seen| {
        let decision = if *seen.method == *method {
            Decision::Inject(RpcFault::LoseAnswer)
        } else {
            Decision::Pass
        };
        async { decision }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_leaves_nothing_out() {
    let written = Written::begin("cut").await;
    let sockets = &written.stage.node.sockets;
    sockets.refuse(true);
    sockets.disconnect_all();
    written.until_trouble("the WebSocket").await;
    written.stage.play(5);
    written.stage.close(0);
    sockets.refuse(false);
    written.stage.ledger().advance(3);
    written.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_lags_is_waited_for() {
    let written = Written::begin("lag").await;
    let delay = Duration::from_millis(50)..=Duration::from_millis(150);
    let late = Notifications {
        delay: Some(delay),
        ..Notifications::default()
    };
    written.stage.node.sockets.set_notifications(late);
    written.stage.play(30);
    written.settled().await;
    assert_eq!(written.stage.node.sockets.opened(), 1);
    assert!(written.troubles().is_empty(), "{:?}", written.troubles());
    written.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_twice_or_in_another_order_does_no_harm() {
    let written = Written::begin("order").await;
    let disordered = Notifications {
        duplicate: 0.5,
        swap: 0.5,
        ..Notifications::default()
    };
    written.stage.node.sockets.set_notifications(disordered);
    written.stage.play(40);
    written.settled().await;
    written.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_falls_silent_is_opened_anew() {
    let written = Written::begin_with("silent", impatient).await;
    let sockets = &written.stage.node.sockets;
    sockets.set_notifications(Notifications {
        silent: true,
        ..Notifications::default()
    });
    written.stage.play(2);
    written.stage.ledger().run_clock(Duration::from_millis(20));
    written.until_trouble("was silent for").await;
    written.stage.ledger().stop_clock();
    sockets.set_notifications(Notifications::default());
    written.stage.play(2);
    written.end().await;
}

/// The program's subscription is dead; slots and the clock live on.
#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_finds_out_a_subscription_that_is_dead() {
    let written = Written::begin("dead").await;
    lose(&written, "programNotification");
    written.stage.play(3);
    written.stage.again.notify_one();
    written.stage.ledger().run_clock(Duration::from_millis(20));
    written.until_trouble("did not tell of").await;
    written.stage.ledger().stop_clock();
    written.settled().await;
    written.stage.node.weather.clear_hook();
    written.stage.play(3);
    written.end().await;
}

/// Both subscriptions to accounts are dead; slots live on.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_tells_of_slots_alone_is_opened_anew() {
    let written = Written::begin_with("slots", impatient).await;
    lose(&written, "accountNotification");
    written.stage.ledger().run_clock(Duration::from_millis(20));
    written.until_trouble("told of no clock").await;
    written.stage.ledger().stop_clock();
    written.stage.node.weather.clear_hook();
    written.stage.play(3);
    written.end().await;
}

/// Some of it is lost without a trace.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_is_brought_by_a_snapshot() {
    let written = Written::begin("lost").await;
    let sockets = &written.stage.node.sockets;
    sockets.set_notifications(Notifications {
        lose: 0.3,
        ..Notifications::default()
    });
    // A play only writes what the node is yet to tell.
    let weather = &written.stage.node.weather;
    let told = weather.count("programNotification");
    written.stage.play(40);
    in_time(weather.until(|weather| weather.count("programNotification") >= told + 60)).await;
    sockets.set_notifications(Notifications::default());
    written.stage.again.notify_one();
    written.stage.ledger().run_clock(Duration::from_millis(20));
    written.until_trouble("did not tell of").await;
    written.stage.ledger().stop_clock();
    written.end().await;
}

/// Sends what no node sends, and expects an end with a name.
async fn intrude(name: &str, intrusion: Intrusion, trouble: &str) {
    let written = Written::begin(name).await;
    written.stage.play(2);
    written.stage.node.sockets.intrude(intrusion);
    written.until_trouble(trouble).await;
    written.stage.play(3);
    written.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_message_is_an_end() {
    let half = Intrusion::Half(r#"{"jsonrpc":"2.0","method":"slotNotification"}"#.into());
    intrude("half", half, "the WebSocket broke").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_an_end() {
    let garbage = Intrusion::Text("<html>".into());
    intrude("garbage", garbage, "makes no sense").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_subscribed_to_is_an_end() {
    let unknown = r#"{"jsonrpc":"2.0","method":"voteNotification","params":{"result":{}}}"#;
    intrude(
        "unknown",
        Intrusion::Text(unknown.into()),
        "voteNotification",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_text_are_an_end() {
    let bytes = Intrusion::Binary(vec![1, 2, 3]);
    intrude("binary", bytes, "3 bytes that are no text").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_longer_than_any_account_is_an_end() {
    let long = Intrusion::Text("x".repeat(17 << 20));
    intrude("long", long, "no account is that large").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_closes_says_why() {
    let close = Intrusion::Close {
        code: 1013,
        reason: "too slow".into(),
    };
    intrude("close", close, "closed the WebSocket: 1013 too slow").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_complains_is_quoted() {
    let complaint = r#"{"jsonrpc":"2.0","error":{"code":-32603,"message":"lagged"},"id":null}"#;
    intrude(
        "complaint",
        Intrusion::Text(complaint.into()),
        "lagged (-32603)",
    )
    .await;
}

/// It has to catch up before it is believed.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_restarts_at_a_lower_slot_is_waited_for() {
    let written = Written::begin("restart").await;
    written.stage.play(30);
    written.settled().await;
    // The tables know a snapshot of now.
    let taken = written.stage.node.weather.count("getProgramAccounts");
    written.stage.again.notify_one();
    let asked = |weather: &lottery_lab::RpcWeather| weather.count("getProgramAccounts") > taken;
    in_time(written.stage.node.weather.until(asked)).await;
    written.settled().await;
    written.stage.ledger().go_back(20);
    written.stage.node.sockets.disconnect_all();
    written.until_trouble("is already stored").await;
    written.stage.ledger().advance(20);
    written.stage.play(3);
    written.end().await;
}

/// Questions fail now and then; the stream goes on.
#[tokio::test(flavor = "multi_thread")]
async fn failed_questions_are_not_the_end_of_a_stream() {
    let written = Written::begin("questions").await;
    let weather = &written.stage.node.weather;
    weather.add(Rule::on("getSlot", RpcFault::status(503)).with_probability(0.5));
    weather.add(Rule::on("getSlot", RpcFault::Garbage).with_probability(0.2));
    written.stage.play(20);
    written.settled().await;
    weather.clear();
    assert_eq!(written.stage.node.sockets.opened(), 1);
    assert!(written.troubles().is_empty(), "{:?}", written.troubles());
    written.end().await;
}

/// A whole play through all kinds of trouble.
#[tokio::test(flavor = "multi_thread")]
async fn trouble_leaves_no_trace() {
    let written = Written::begin_with("trouble", impatient).await;
    let sockets = &written.stage.node.sockets;
    sockets.set_notifications(Notifications {
        delay: Some(Duration::ZERO..=Duration::from_millis(5)),
        lose: 0.02,
        duplicate: 0.1,
        swap: 0.1,
        ..Notifications::default()
    });
    for round in 0..3 {
        written.stage.play(20);
        match round {
            0 => sockets.disconnect_all(),
            1 => sockets.intrude(Intrusion::Text("?".into())),
            _ => written.stage.again.notify_one(),
        }
        written.stage.until_asked(20).await;
    }
    sockets.set_notifications(Notifications::default());
    written.stage.again.notify_one();
    written.end().await;
}
