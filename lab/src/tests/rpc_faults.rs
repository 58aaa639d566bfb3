//! What happens to JSON-RPC requests over HTTP. The node behind the proxy is a scripted
//! one; its own counters tell what arrived.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{ask, http, post, proxied, request, slot, soon};
use crate::{Decision, Moment, RpcFault, Rule, ScriptedRpc, Via};

const SLOT: &str = "getSlot";

async fn ask_slot(url: &str) -> reqwest::Result<reqwest::Response> {
    post(url, &request(SLOT, &json!([]))).await
}

#[tokio::test]
async fn fair_weather_changes_nothing() {
    let lab = proxied().await;
    assert_eq!(slot(&lab.proxy.url()).await, lab.node.ledger.slot());
    let asked = json!([{"commitment": "processed"}]);
    let direct = ask(&lab.node.url(), "getLatestBlockhash", asked.clone()).await;
    assert_eq!(
        ask(&lab.proxy.url(), "getLatestBlockhash", asked).await,
        direct
    );
    let unknown = ask(&lab.proxy.url(), "getNothing", json!([])).await;
    assert_eq!(unknown["error"]["code"], -32601);
    assert_eq!(unknown["id"], 7);
}

#[tokio::test]
async fn the_websocket_is_on_the_next_port() {
    let node = ScriptedRpc::start(1).await.unwrap();
    let port = |url: &str| url.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    assert_eq!(port(&node.url()) + 1, port(&node.ws_url()));
}

#[tokio::test]
async fn a_lost_request_does_not_arrive_and_a_lost_answer_does() {
    let lab = proxied().await;
    let url = lab.proxy.url();
    for (fault, arrived) in [(RpcFault::LoseRequest, 0), (RpcFault::LoseAnswer, 1)] {
        lab.proxy.weather.add(Rule::on(SLOT, fault).next(1));
        let error = ask_slot(&url).await.unwrap_err();
        assert!(error.is_request(), "{error:?}");
        assert_eq!(lab.node.weather.count(SLOT), arrived);
    }
    assert!(ask_slot(&url).await.unwrap().status().is_success());
}

#[tokio::test]
async fn statuses_and_errors_come_instead_of_the_node() {
    let lab = proxied().await;
    let url = lab.proxy.url();
    let busy = RpcFault::HttpStatus {
        status: 429,
        retry_after: Some(Duration::from_secs(3)),
    };
    lab.proxy.weather.add(Rule::on(SLOT, busy).next(1));
    let response = ask_slot(&url).await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "3");

    for status in [502, 503] {
        let rule = Rule::on(SLOT, RpcFault::status(status)).next(1);
        lab.proxy.weather.add(rule);
        assert_eq!(ask_slot(&url).await.unwrap().status(), status);
    }
    for (fault, code) in [
        (RpcFault::node_is_behind(), -32005),
        (RpcFault::min_context_slot_not_reached(), -32016),
    ] {
        lab.proxy.weather.add(Rule::on(SLOT, fault).next(1));
        let answer = ask(&url, SLOT, json!([])).await;
        assert_eq!(answer["error"]["code"], code);
        assert_eq!(answer["id"], 7);
    }
    assert_eq!(lab.node.weather.count(SLOT), 0);
}

#[tokio::test]
async fn delays_are_before_forwarding_or_before_answering() {
    let lab = proxied().await;
    let url = lab.proxy.url();
    let delay = Duration::from_millis(120);
    for fault in [
        RpcFault::delay_request(delay),
        RpcFault::delay_answer(delay),
    ] {
        let before = matches!(fault, RpcFault::DelayRequest(_));
        lab.proxy.weather.add(Rule::on(SLOT, fault).next(1));
        let asked = Instant::now();
        ask_slot(&url).await.unwrap();
        assert!(asked.elapsed() >= delay);
        let arrived = lab.node.weather.requests().pop().unwrap().at;
        let took = arrived.duration_since(asked);
        assert_eq!(took >= delay, before, "arrived after {took:?}");
    }
}

#[tokio::test]
async fn a_delayed_request_arrives_though_its_sender_has_gone() {
    let lab = proxied().await;
    let delay = Duration::from_millis(150);
    let late = RpcFault::delay_request(delay);
    lab.proxy.weather.add(Rule::on(SLOT, late).next(1));
    let asked = http()
        .post(lab.proxy.url())
        .json(&request(SLOT, &json!([])))
        .timeout(Duration::from_millis(40))
        .send();
    assert!(asked.await.unwrap_err().is_timeout());
    assert_eq!(lab.node.weather.count(SLOT), 0);
    soon(lab.node.weather.until(|weather| weather.count(SLOT) == 1)).await;
}

#[tokio::test]
async fn bodies_are_cut_or_no_json() {
    let lab = proxied().await;
    let url = lab.proxy.url();
    let add = |fault| lab.proxy.weather.add(Rule::on(SLOT, fault).next(1));

    add(RpcFault::Truncate { claim_whole: true });
    let response = ask_slot(&url).await.unwrap();
    assert!(response.content_length().unwrap() > 20);
    assert!(response.bytes().await.is_err());

    add(RpcFault::Truncate { claim_whole: false });
    let body = ask_slot(&url).await.unwrap().text().await.unwrap();
    assert!(body.starts_with('{') && serde_json::from_str::<Value>(&body).is_err());

    add(RpcFault::Garbage);
    let response = ask_slot(&url).await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    assert!(response.json::<Value>().await.is_err());
    assert_eq!(lab.node.weather.count(SLOT), 3);
}

#[tokio::test]
async fn a_duplicate_arrives_twice() {
    let lab = proxied().await;
    let twice = Rule::on(SLOT, RpcFault::Duplicate).next(1);
    lab.proxy.weather.add(twice);
    assert_eq!(slot(&lab.proxy.url()).await, lab.node.ledger.slot());
    assert_eq!(lab.node.weather.count(SLOT), 2);
    assert_eq!(lab.proxy.weather.forwarded(SLOT), 2);
    assert_eq!(lab.proxy.weather.requests()[0].forwarded, 2);
}

#[tokio::test]
async fn a_reordered_request_is_overtaken_by_the_next() {
    let lab = proxied().await;
    let reorder = RpcFault::Reorder {
        longest: super::PATIENCE,
    };
    lab.proxy
        .weather
        .add(Rule::on("getBalance", reorder).next(1));
    let url = lab.proxy.url();
    let first = tokio::spawn({
        let (url, asked) = (url.clone(), json!(["11111111111111111111111111111111"]));
        async move { ask(&url, "getBalance", asked).await }
    });
    soon(
        lab.proxy
            .weather
            .until(|weather| weather.count("getBalance") == 1),
    )
    .await;
    // Others do not set it free.
    ask(&url, SLOT, json!([])).await;
    assert_eq!(lab.node.weather.count("getBalance"), 0);
    ask(
        &url,
        "getBalance",
        json!(["Vote111111111111111111111111111111111111111"]),
    )
    .await;
    soon(first).await.unwrap();
    assert_eq!(lab.node.weather.count("getBalance"), 2);
}

#[tokio::test]
async fn a_reordered_request_that_nobody_overtakes_goes_on() {
    let lab = proxied().await;
    let longest = Duration::from_millis(60);
    lab.proxy
        .weather
        .add(Rule::any(RpcFault::Reorder { longest }));
    let asked = Instant::now();
    slot(&lab.proxy.url()).await;
    assert!(asked.elapsed() >= longest);
}

#[tokio::test]
async fn what_exceeds_a_rate_is_refused() {
    let lab = proxied().await;
    lab.proxy.weather.add(Rule::any(RpcFault::rate_limit(2)));
    let first = Instant::now();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let answer = ask_slot(&lab.proxy.url()).await.unwrap();
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses[..2], [200, 200]);
    // On a machine so busy that a second has passed, there is nothing to refuse.
    if first.elapsed() < Duration::from_secs(1) {
        assert_eq!(statuses[2..], [429, 429]);
    }
}

#[tokio::test]
async fn while_down_connections_are_closed() {
    let lab = proxied().await;
    let url = lab.proxy.url();
    // One that stays open between requests, and ends too.
    let kept = http();
    let ask = || kept.post(&url).json(&request(SLOT, &json!([]))).send();
    assert!(soon(ask()).await.is_ok());
    lab.proxy.weather.set_down(true);
    assert!(soon(ask()).await.is_err());
    assert!(ask_slot(&url).await.is_err());
    assert_eq!(lab.node.weather.count(SLOT), 1);
    lab.proxy.weather.add(Rule::any(RpcFault::LoseRequest));
    lab.proxy.weather.clear();
    assert!(soon(ask()).await.is_ok());
}

#[tokio::test]
async fn a_node_that_is_gone_is_a_closed_connection() {
    let lab = proxied().await;
    drop(lab.node);
    assert!(ask_slot(&lab.proxy.url()).await.is_err());
}

#[tokio::test]
async fn a_batch_is_answered_in_order_and_lost_as_a_whole() {
    let lab = proxied().await;
    let url = lab.proxy.url();
    let batch = json!([
        {"jsonrpc": "2.0", "id": "a", "method": "getSlot", "params": []},
        {"jsonrpc": "2.0", "id": "b", "method": "getHealth"},
    ]);
    let behind = RpcFault::node_is_behind();
    lab.proxy.weather.add(Rule::on("getHealth", behind).next(1));
    let answers: Value = post(&url, &batch).await.unwrap().json().await.unwrap();
    assert_eq!(answers[0]["id"], "a");
    assert!(answers[0]["result"].is_u64());
    assert_eq!(answers[1]["error"]["code"], -32005);
    assert_eq!(answers[1]["id"], "b");

    let asked = lab.node.weather.count(SLOT);
    let lost = Rule::on("getHealth", RpcFault::LoseRequest).next(1);
    lab.proxy.weather.add(lost);
    assert!(post(&url, &batch).await.is_err());
    assert_eq!(lab.node.weather.count(SLOT), asked);

    let no_calls: Value = post(&url, &json!({"no": "call"}))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(no_calls["error"]["code"], -32700);
}

#[tokio::test]
async fn rules_strike_whom_they_say() {
    let lab = proxied().await;
    let url = lab.proxy.url();
    let weather = &lab.proxy.weather;
    let failing = |seen: &crate::Seen| seen.params[0] == 1;
    let rule = Rule::on(SLOT, RpcFault::status(503))
        .only_if(failing)
        .after(1)
        .next(2);
    let id = weather.add(rule);
    let mut statuses = Vec::new();
    for param in [0, 1, 1, 0, 1, 1] {
        let asked = request(SLOT, &json!([param]));
        statuses.push(post(&url, &asked).await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 503, 200, 503, 200]);
    assert_eq!(weather.hits(id), 2);
    assert_eq!(weather.faults().get("http status"), Some(&2));
    assert!(weather.remove(id));
    assert!(!weather.remove(id));
    assert_eq!(weather.hits(id), 2);
    assert_eq!(weather.counts().get(SLOT), Some(&6));
    let log = weather.requests();
    assert_eq!(
        log.iter().map(|seen| seen.seq).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6]
    );
    assert_eq!(log[2].faults, ["http status"]);
    assert_eq!((log[2].forwarded, log[3].forwarded), (0, 1));
}

#[tokio::test]
async fn chance_is_the_same_for_the_same_seed_whatever_else_is_asked() {
    let mut fates = Vec::new();
    for noise in [false, true] {
        let lab = proxied().await;
        let url = lab.proxy.url();
        let weather = &lab.proxy.weather;
        // The noise has a rule of its own, after the one that counts.
        let half = |method| Rule::on(method, RpcFault::status(503)).with_probability(0.5);
        let id = weather.add(half(SLOT));
        weather.add(half("getHealth"));
        let mut struck = Vec::new();
        for _ in 0..24 {
            if noise {
                post(&url, &request("getHealth", &json!([]))).await.unwrap();
            }
            struck.push(ask_slot(&url).await.unwrap().status().as_u16());
        }
        assert!((4..=20).contains(&weather.hits(id)));
        fates.push(struck);
    }
    assert_eq!(fates[0], fates[1]);
}

#[tokio::test]
async fn a_hook_holds_both_instants_of_a_request() {
    let lab = proxied().await;
    let (url, node) = (lab.proxy.url(), lab.node.weather.clone());
    let told = Arc::new(Mutex::new(Vec::new()));
    let telling = told.clone();
    lab.proxy.weather.on_request(move |seen| {
        let (told, node) = (telling.clone(), node.clone());
        async move {
            // What has arrived by then shows which instant it is.
            tokio::task::yield_now().await;
            let answered = seen.answer.map(|answer| answer["result"].is_u64());
            let line = (seen.seq, seen.moment, node.count(SLOT), answered);
            told.lock().unwrap().push(line);
            assert_eq!(seen.via, Via::Http);
            Decision::Pass
        }
    });
    slot(&url).await;
    lab.proxy.weather.clear_hook();
    slot(&url).await;
    assert_eq!(
        *told.lock().unwrap(),
        [
            (1, Moment::BeforeForward, 0, None),
            (1, Moment::BeforeAnswer, 1, Some(true)),
        ]
    );
}

#[tokio::test]
async fn a_hook_can_inject_a_fault() {
    let lab = proxied().await;
    let url = lab.proxy.url();
    for (moment, fault, arrived) in [
        (Moment::BeforeForward, RpcFault::LoseRequest, 0),
        (Moment::BeforeForward, RpcFault::status(502), 0),
        (Moment::BeforeForward, RpcFault::node_is_behind(), 0),
        (Moment::BeforeAnswer, RpcFault::LoseAnswer, 1),
        (Moment::BeforeAnswer, RpcFault::status(502), 1),
        (Moment::BeforeAnswer, RpcFault::node_is_behind(), 1),
    ] {
        let injected = fault.clone();
        lab.proxy.weather.on_request(move |seen| {
            let decision = if seen.moment == moment {
                Decision::Inject(injected.clone())
            } else {
                Decision::Pass
            };
            async { decision }
        });
        let before = lab.node.weather.count(SLOT);
        match (ask_slot(&url).await, &fault) {
            (Err(_), RpcFault::LoseRequest | RpcFault::LoseAnswer) => {}
            (Ok(response), RpcFault::HttpStatus { .. }) => assert_eq!(response.status(), 502),
            (Ok(response), _) => {
                let answer: Value = response.json().await.unwrap();
                assert_eq!(answer["error"]["code"], -32005);
            }
            (Err(error), _) => panic!("{fault:?}: {error}"),
        }
        assert_eq!(lab.node.weather.count(SLOT) - before, arrived, "{fault:?}");
    }
}

#[tokio::test]
async fn weather_is_over_a_scripted_node_as_well() {
    let node = ScriptedRpc::start(1).await.unwrap();
    let lost = Rule::on(SLOT, RpcFault::LoseAnswer).next(1);
    node.weather.add(lost);
    assert!(ask_slot(&node.url()).await.is_err());
    assert_eq!(slot(&node.url()).await, node.ledger.slot());
}
