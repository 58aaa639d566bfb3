//! What happens to WebSockets, as the client that services use sees it.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, stream::BoxStream};
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client_api::response::SlotInfo;
use tokio::net::TcpStream;

use super::{Proxied, proxied, soon};
use crate::{Decision, Moment, Notifications, RpcFault, Rule, Via};

async fn connect(lab: &Proxied) -> PubsubClient {
    soon(PubsubClient::new(lab.proxy.ws_url())).await.unwrap()
}

async fn slots(client: &PubsubClient) -> BoxStream<'_, SlotInfo> {
    soon(client.slot_subscribe()).await.unwrap().0
}

async fn next(slots: &mut BoxStream<'_, SlotInfo>) -> u64 {
    soon(slots.next()).await.unwrap().slot
}

fn set(lab: &Proxied, notifications: Notifications) {
    lab.proxy.sockets.set_notifications(notifications);
}

#[tokio::test]
async fn frames_go_both_ways() {
    let lab = proxied().await;
    let client = connect(&lab).await;
    let mut slots = slots(&client).await;
    let first = lab.node.ledger.slot();
    lab.node.ledger.advance(2);
    assert_eq!(next(&mut slots).await, first + 1);
    assert_eq!(next(&mut slots).await, first + 2);
    assert_eq!(lab.proxy.sockets.notified(), 2);
    assert_eq!(lab.proxy.weather.count("slotSubscribe"), 1);
    assert_eq!(lab.proxy.weather.requests()[0].via, Via::Socket);
}

#[tokio::test]
async fn all_are_disconnected_and_none_is_let_in() {
    let lab = proxied().await;
    let client = connect(&lab).await;
    let mut slots = slots(&client).await;
    lab.proxy.sockets.refuse(true);
    assert!(soon(PubsubClient::new(lab.proxy.ws_url())).await.is_err());
    // Who is in stays.
    lab.node.ledger.advance(1);
    next(&mut slots).await;
    assert_eq!(lab.proxy.sockets.open(), 1);

    lab.proxy.sockets.disconnect_all();
    assert!(soon(slots.next()).await.is_none());
    soon(lab.proxy.sockets.until(|sockets| sockets.open() == 0)).await;
    lab.proxy.sockets.refuse(false);
    connect(&lab).await;
    soon(lab.proxy.sockets.until(|sockets| sockets.opened() == 2)).await;
}

#[tokio::test]
async fn a_node_that_goes_takes_its_sockets_along() {
    let lab = proxied().await;
    let client = connect(&lab).await;
    let mut slots = slots(&client).await;
    drop(lab.node);
    assert!(soon(slots.next()).await.is_none());
}

#[tokio::test]
async fn while_down_sockets_end_as_well() {
    let lab = proxied().await;
    let client = connect(&lab).await;
    let mut slots = slots(&client).await;
    lab.proxy.weather.set_down(true);
    assert!(soon(slots.next()).await.is_none());
    assert!(soon(PubsubClient::new(lab.proxy.ws_url())).await.is_err());
}

#[tokio::test]
async fn silence_swallows_notifications_and_keeps_the_connection() {
    let lab = proxied().await;
    let client = connect(&lab).await;
    let mut slots = slots(&client).await;
    set(
        &lab,
        Notifications {
            silent: true,
            ..Default::default()
        },
    );
    lab.node.ledger.advance(3);
    // Subscriptions are answered, in the order of what came before.
    let told =
        |count| move |weather: &crate::RpcWeather| weather.count("slotNotification") == count;
    soon(lab.proxy.weather.until(told(3))).await;
    set(&lab, Notifications::default());
    lab.node.ledger.advance(1);
    assert_eq!(next(&mut slots).await, lab.node.ledger.slot());
    assert_eq!(lab.proxy.sockets.opened(), 1);
}

#[tokio::test]
async fn notifications_are_lost_doubled_swapped_and_stale() {
    let lab = proxied().await;
    let client = connect(&lab).await;
    let mut slots = slots(&client).await;
    let base = lab.node.ledger.slot();

    set(
        &lab,
        Notifications {
            duplicate: 1.0,
            ..Default::default()
        },
    );
    lab.node.ledger.advance(1);
    assert_eq!(
        [next(&mut slots).await, next(&mut slots).await],
        [base + 1; 2]
    );

    set(
        &lab,
        Notifications {
            swap: 1.0,
            ..Default::default()
        },
    );
    lab.node.ledger.advance(2);
    assert_eq!(next(&mut slots).await, base + 3);
    assert_eq!(next(&mut slots).await, base + 2);

    set(
        &lab,
        Notifications {
            stale_slots: 10,
            ..Default::default()
        },
    );
    lab.node.ledger.advance(1);
    assert_eq!(next(&mut slots).await, base + 4 - 10);

    set(
        &lab,
        Notifications {
            ahead_slots: 100,
            ..Default::default()
        },
    );
    lab.node.ledger.advance(1);
    assert_eq!(next(&mut slots).await, base + 5 + 100);

    set(
        &lab,
        Notifications {
            lose: 1.0,
            ..Default::default()
        },
    );
    lab.node.ledger.advance(1);
    soon(
        lab.proxy
            .weather
            .until(|weather| weather.count("slotNotification") == 6),
    )
    .await;
    set(&lab, Notifications::default());
    lab.node.ledger.advance(1);
    assert_eq!(next(&mut slots).await, base + 7);
}

#[tokio::test]
async fn notifications_come_late() {
    let lab = proxied().await;
    let client = connect(&lab).await;
    let mut slots = slots(&client).await;
    let delay = Duration::from_millis(120);
    let late = Notifications {
        delay: Some(delay..=delay),
        ..Default::default()
    };
    set(&lab, late);
    let told = Instant::now();
    lab.node.ledger.advance(2);
    next(&mut slots).await;
    next(&mut slots).await;
    assert!(told.elapsed() >= delay);
}

#[tokio::test]
async fn a_hook_is_told_of_subscriptions_and_can_lose_one_notification() {
    let lab = proxied().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let telling = seen.clone();
    let lost = lab.node.ledger.slot() + 2;
    lab.proxy.weather.on_request(move |seen| {
        telling
            .lock()
            .unwrap()
            .push((seen.method.to_string(), seen.moment));
        let slot = seen.answer.as_deref();
        let slot = slot.and_then(|answer| answer.pointer("/params/result/slot")?.as_u64());
        let decision = if slot == Some(lost) {
            Decision::Inject(RpcFault::LoseAnswer)
        } else {
            Decision::Pass
        };
        async { decision }
    });
    let client = connect(&lab).await;
    let mut slots = slots(&client).await;
    lab.node.ledger.advance(3);
    assert_eq!(next(&mut slots).await, lost - 1);
    assert_eq!(next(&mut slots).await, lost + 1);
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen[0], ("slotSubscribe".into(), Moment::BeforeForward));
    assert_eq!(seen[1], ("slotSubscribe".into(), Moment::BeforeAnswer));
    assert_eq!(seen[2], ("slotNotification".into(), Moment::BeforeAnswer));
}

#[tokio::test]
async fn a_lost_subscription_does_not_arrive() {
    let lab = proxied().await;
    let lost = Rule::on("slotSubscribe", RpcFault::LoseRequest).next(1);
    lab.proxy.weather.add(lost);
    let client = connect(&lab).await;
    // The second one is answered while the first still waits.
    let mut first = Box::pin(client.slot_subscribe());
    let second = client.slot_subscribe();
    let answered = tokio::select! {
        biased;
        _ = &mut first => panic!("the first was answered"),
        answered = soon(second) => answered,
    };
    assert!(answered.is_ok());
    assert_eq!(lab.node.weather.count("slotSubscribe"), 1);
}

#[tokio::test]
async fn whoever_never_shakes_hands_harms_nobody() {
    let lab = proxied().await;
    let address = lab.proxy.ws_url();
    let mute = TcpStream::connect(address.trim_start_matches("ws://")).await;
    let client = connect(&lab).await;
    drop(slots(&client).await);
    drop(mute);
}
