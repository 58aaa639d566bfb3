//! What gets lost on the way.

use lottery_client::sender::{Parts, SendError, Sender, Settings};
use lottery_lab::{Fate, Notifications, RpcFault, Rule};

use crate::stage::{Stage, in_time};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_no_reason_to_sign_again() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    let lost = Rule::on("sendTransaction", RpcFault::LoseAnswer).next(3);
    stage.node.weather.add(lost);
    stage.send(&stage.sender()).await.unwrap();
    assert_eq!(stage.node.ledger.different(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_are_sent_until_they_land() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    let late = Fate::LandOnSend { nth: 4, after: 1 };
    stage.node.ledger.next_fates([late]);
    stage.send(&stage.sender()).await.unwrap();
    let sent = stage.node.ledger.sent();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].arrivals.len() >= 4);
}

/// The second transaction is signed only when the first can never land.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_proven_dead_is_signed_again_and_pays_more() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    let ledger = &stage.node.ledger;
    ledger.next_fates([Fate::Never]);
    stage.send(&stage.sender()).await.unwrap();
    let sent = ledger.sent();
    assert_eq!(sent.len(), 2);
    assert!(sent[0].landing.is_none() && sent[1].landing.is_some());
    let (first, second) = (sent[0].arrivals[0], sent[1].arrivals[0]);
    assert!(second.slot > first.slot + 150, "{first:?} {second:?}");
    assert!(sent[1].compute_unit_price() > sent[0].compute_unit_price());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_given_up_after_some_attempts() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    stage.node.ledger.script_fates(|_| Fate::Never);
    let parts = stage.parts();
    let sender = Sender::from_parts(Parts {
        settings: Settings {
            attempts: 2,
            ..parts.settings
        },
        ..parts
    });
    let error = stage.send(&sender).await.unwrap_err();
    assert!(matches!(error, SendError::Dead(_)), "{error}");
    assert_eq!(stage.node.ledger.different(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_is_abandoned_takes_its_transaction_back() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    let forked = Fate::Forked { after: 1, lasts: 3 };
    stage.node.ledger.next_fates([forked]);
    let landed = stage.send(&stage.sender()).await;
    // Whatever was believed in between, the same bytes are all there ever is.
    assert_eq!(stage.node.ledger.different(), 1, "{landed:?}");
}

/// A node that takes subscriptions and never tells anything.
async fn mute() -> Stage {
    let stage = Stage::set(0).await;
    stage.run_clock();
    stage.node.sockets.set_notifications(Notifications {
        silent: true,
        ..Notifications::default()
    });
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_subscriptions_only_cost_time() {
    let stage = mute().await;
    let sender = stage.sender();
    for lamports in 1..4 {
        let pay = stage.pay(lamports);
        in_time(sender.send(&pay, &stage.payer, &[])).await.unwrap();
    }
    assert!(stage.node.weather.count("getSignatureStatuses") >= 3);
}

/// A connection that tells nothing is replaced, not joined by another one.
#[tokio::test(flavor = "multi_thread")]
async fn mute_connections_are_not_kept() {
    let stage = mute().await;
    let sender = stage.sender();
    let mut lamports = 0;
    in_time(async {
        while stage.node.sockets.opened() < 4 {
            lamports += 1;
            let pay = stage.pay(lamports);
            sender.send(&pay, &stage.payer, &[]).await.unwrap();
        }
        while stage.node.sockets.open() > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_connections_are_made_again() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    let sender = stage.sender();
    for lamports in 1..8 {
        stage.node.sockets.disconnect_all();
        let pay = stage.pay(lamports);
        in_time(sender.send(&pay, &stage.payer, &[])).await.unwrap();
    }
    assert_eq!(stage.node.ledger.different(), 7);
}

/// Half of everything is lost, refused or garbage.
#[tokio::test(flavor = "multi_thread")]
async fn bad_weather_delays_and_no_more() {
    let stage = Stage::set(2).await;
    stage.run_clock();
    for way in &stage.ways {
        let often = |fault| Rule::any(fault).with_probability(0.12);
        way.weather.add(often(RpcFault::LoseRequest));
        way.weather.add(often(RpcFault::LoseAnswer));
        way.weather.add(often(RpcFault::Garbage));
        way.weather.add(often(RpcFault::status(503)));
        way.weather.add(often(RpcFault::node_is_behind()));
    }
    let sender = stage.sender();
    for lamports in 1..=10 {
        let pay = stage.pay(lamports);
        loop {
            match in_time(sender.send(&pay, &stage.payer, &[])).await {
                Ok(_) => break,
                // No blockhash or simulation to be had: nothing was signed.
                Err(SendError::Rpc(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert_eq!(stage.node.ledger.different(), 10);
    assert_eq!(stage.node.ledger.landed(), 10);
}
