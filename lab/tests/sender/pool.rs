//! Which of several nodes is asked.

use std::time::{SystemTime, UNIX_EPOCH};

use lottery_client::rpc::Fault;
use lottery_lab::{RpcFault, Rule, ScriptedRpc, lies, rpc::Lag};
use serde_json::json;

use crate::stage::{Stage, in_time, pool_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_down_costs_nothing_but_a_moment() {
    let stage = Stage::set(2).await;
    stage.run_clock();
    stage.ways[0].weather.set_down(true);
    let sender = stage.sender();
    for lamports in 1..4 {
        let pay = stage.pay(lamports);
        in_time(sender.send(&pay, &stage.payer, &[])).await.unwrap();
    }
    assert!(stage.ways[1].weather.forwarded("sendTransaction") >= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_nodes_are_told_of_a_transaction() {
    let stage = Stage::set(2).await;
    stage.run_clock();
    stage.send(&stage.sender()).await.unwrap();
    for way in &stage.ways {
        let told = way
            .weather
            .until(|weather| weather.count("sendTransaction") >= 1);
        in_time(told).await;
    }
    assert_eq!(stage.node.ledger.different(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_asked_too_often_is_left_alone() {
    let stage = Stage::set(2).await;
    stage.run_clock();
    stage.ways[0].weather.add(Rule::any(RpcFault::status(429)));
    let pool = stage.pool();
    for _ in 0..20 {
        pool.request("getBlockHeight", json!([])).await.unwrap();
    }
    // Asked once, then left to rest.
    let asked = stage.ways[0].weather.count("getBlockHeight");
    assert!(asked <= 3, "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_falls_behind_is_left_aside() {
    let stage = Stage::set(2).await;
    stage.run_clock();
    let pool = stage.pool();
    let ask = || pool.request("getLatestBlockhash", json!([{"commitment": "confirmed"}]));
    for way in &stage.ways {
        in_time(way.weather.until(|weather| weather.count("getSlot") >= 2)).await;
    }
    // So that there is something old to answer with.
    ask().await.unwrap();
    let stale = RpcFault::Stale(Lag::Slots(200));
    stage.ways[0].weather.add(Rule::any(stale));
    let before = stage.node.ledger.slot();
    in_time(
        stage
            .node
            .ledger
            .until(|ledger| ledger.slot() > before + 250),
    )
    .await;
    for _ in 0..10 {
        let (_, answer) = ask().await.unwrap();
        let slot = answer["context"]["slot"].as_u64().unwrap();
        assert!(slot + 80 > stage.node.ledger.slot(), "{slot}");
    }
}

/// Shows a clock of its present slot, so many seconds ago.
fn show_clock(node: &ScriptedRpc, seconds_ago: u64) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let then = now.as_secs() - seconds_ago;
    node.ledger.show_clock(then.try_into().unwrap());
}

/// Whichever is asked first: no comparison of their slots could tell.
#[tokio::test(flavor = "multi_thread")]
async fn from_the_start_a_node_far_behind_is_told_from_one_that_lies() {
    let behind = ScriptedRpc::start(1).await.unwrap();
    let ahead = ScriptedRpc::start(2).await.unwrap();
    ahead.ledger.advance(5_000);
    show_clock(&behind, 2_000);
    show_clock(&ahead, 0);
    let ask = async |nodes: [&ScriptedRpc; 2]| {
        let pool = pool_of(nodes.map(|node| (node.url(), node.ws_url())));
        for node in nodes {
            in_time(node.weather.until(|weather| weather.count("getSlot") >= 2)).await;
        }
        let asked = pool.request("getLatestBlockhash", json!([{"commitment": "confirmed"}]));
        let (endpoint, _) = in_time(asked).await.unwrap();
        (endpoint, pool.slot())
    };
    let slot = ahead.ledger.slot() - 1;
    assert_eq!(ask([&behind, &ahead]).await, (1, slot));
    assert_eq!(ask([&ahead, &behind]).await, (0, slot));
    // As far ahead, but at the same time.
    show_clock(&behind, 0);
    let slot = behind.ledger.slot() - 1;
    assert_eq!(ask([&ahead, &behind]).await, (1, slot));
    // Its clock does not go with what it says.
    behind.ledger.advance(5_000);
    show_clock(&behind, 10);
    ahead.weather.add(lies::slot_ahead(100));
    let slot = behind.ledger.slot() - 1;
    assert_eq!(ask([&ahead, &behind]).await, (1, slot));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_question_is_not_asked_of_everybody() {
    let stage = Stage::set(2).await;
    let pool = stage.pool();
    let wrong = pool.request("getSignatureStatuses", json!(["no list"]));
    let wrong = wrong.await;
    assert!(
        matches!(wrong, Err(Fault::Rpc { code: -32602, .. })),
        "{wrong:?}"
    );
    let asked = stage.ways.iter();
    let asked = asked.map(|way| way.weather.count("getSignatureStatuses"));
    assert_eq!(asked.sum::<u64>(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_nodes_gone_the_error_says_so() {
    let stage = Stage::set(2).await;
    for way in &stage.ways {
        way.weather.set_down(true);
    }
    let error = stage.send(&stage.sender()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("did not answer"), "{text}");
    assert_eq!(stage.node.ledger.arrivals(), 0);
}
