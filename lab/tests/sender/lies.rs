//! One of two nodes does not tell the truth.

use std::time::{Duration, Instant};

use lottery_client::sender::{Parts, SendError, Sender, Settings};
use lottery_lab::{Fate, RpcFault, Rule, lies};
use serde_json::json;

use crate::stage::{Stage, in_time};

/// One node says that everything has expired and knows no signature; the other knows
/// better.
#[tokio::test(flavor = "multi_thread")]
async fn one_node_cannot_declare_a_transaction_dead() {
    let stage = Stage::set(2).await;
    // So slow that the blockhash lasts longer than the liar is given time.
    stage.node.ledger.run_clock(Duration::from_millis(40));
    let liar = &stage.ways[0].weather;
    liar.add(lies::block_height_ahead(10_000));
    liar.add(lies::forget_signatures());
    // Late enough for the liar to be asked first.
    let late = Fate::LandOnSend { nth: 80, after: 1 };
    stage.node.ledger.next_fates([late]);
    stage.send(&stage.sender()).await.unwrap();
    assert_eq!(stage.node.ledger.different(), 1);
}

/// Sent once, and its sender does not wait for ever.
async fn is_uncertain(stage: &Stage) {
    let parts = stage.parts();
    let sender = Sender::from_parts(Parts {
        settings: Settings {
            patience_after_expiry: Duration::from_secs(4),
            ..parts.settings
        },
        ..parts
    });
    let error = stage.send(&sender).await.unwrap_err();
    assert!(matches!(error, SendError::Uncertain(_)), "{error}");
    assert_eq!(stage.node.ledger.different(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_witness_is_uncertain_and_not_repeated() {
    let stage = Stage::set(2).await;
    stage.run_clock();
    stage.node.ledger.next_fates([Fate::Never]);
    // The second node answers everything but what a witness is asked.
    let broken = Rule::on("getBlockHeight", RpcFault::status(503));
    stage.ways[1].weather.add(broken);
    is_uncertain(&stage).await;
}

/// What a node says to have processed and never confirms is waited for only so long.
#[tokio::test(flavor = "multi_thread")]
async fn one_node_cannot_keep_a_sender_waiting() {
    let stage = Stage::set(2).await;
    stage.run_clock();
    stage.node.ledger.next_fates([Fate::Never]);
    stage.ways[0].weather.add(lies::claim_processed());
    is_uncertain(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_blockhash_is_never_used() {
    let stage = Stage::set(2).await;
    stage.run_clock();
    stage.ways[0].weather.add(lies::unknown_blockhash());
    stage.send(&stage.sender()).await.unwrap();
    let sent = stage.node.ledger.sent();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].landing.is_some());
}

/// A made-up one is not even used while the other node is away: it would hold up for its
/// whole life what is signed with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_blockhash_that_its_own_node_does_not_know_is_not_used() {
    let stage = Stage::set(2).await;
    stage.run_clock();
    let liar = &stage.ways[0].weather;
    let lie = liar.add(lies::unknown_blockhash());
    stage.ways[1].weather.set_down(true);
    let sender = stage.sender();
    let error = stage.send(&sender).await.unwrap_err();
    assert!(matches!(error, SendError::Rpc(_)), "{error}");
    assert_eq!(stage.node.ledger.arrivals(), 0);
    liar.remove(lie);
    stage.send(&sender).await.unwrap();
}

/// It gives none of its own, either.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_knows_no_blockhash_keeps_nobody_from_sending() {
    for nodes in [2, 3] {
        let stage = Stage::set(nodes).await;
        stage.run_clock();
        let liar = &stage.ways[0].weather;
        liar.add(lies::no_blockhash_is_valid());
        liar.add(Rule::on("getLatestBlockhash", RpcFault::status(503)));
        let sender = stage.sender();
        for lamports in 1..4 {
            let pay = stage.pay(lamports);
            in_time(sender.send(&pay, &stage.payer, &[])).await.unwrap();
        }
        let sent = stage.node.ledger.sent();
        assert!(sent.iter().all(|sent| sent.landing.is_some()));
        assert_eq!(stage.node.ledger.different(), 3);
    }
}

/// With too early an end a transaction would be signed anew that still can land; with too
/// late a one its sender would wait for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn how_long_a_blockhash_lasts_is_not_one_nodes_word() {
    let late = Fate::Land { after: 100 };
    for (height, fate, signed) in [(0, late, 1), (1_000_000, Fate::Never, 2)] {
        let stage = Stage::set(2).await;
        stage.node.ledger.run_clock(Duration::from_millis(30));
        stage.ways[0].weather.add(lies::blockhash_until(height));
        stage.node.ledger.next_fates([fate]);
        stage.send(&stage.sender()).await.unwrap();
        assert_eq!(stage.node.ledger.different(), signed);
    }
}

/// The other node is a block behind, or down.
#[tokio::test(flavor = "multi_thread")]
async fn a_blockhash_that_another_node_does_not_know_yet_is_used_and_blamed_on_nobody() {
    for fault in [
        RpcFault::lie(|_, answer| answer["result"]["value"] = false.into()),
        RpcFault::status(503),
    ] {
        let stage = Stage::set(2).await;
        stage.run_clock();
        for way in &stage.ways {
            let once = Rule::on("isBlockhashValid", fault.clone()).next(1);
            way.weather.add(once);
        }
        let sender = stage.sender();
        stage.send(&sender).await.unwrap();
        assert_eq!(stage.node.ledger.different(), 1);
        let asked = stage.ways.iter();
        let asked = asked.map(|way| way.weather.count("isBlockhashValid"));
        assert!(asked.sum::<u64>() >= 1);
        for endpoint in sender.pool().endpoints() {
            assert!(!endpoint.health().is_shunned(Instant::now()));
        }
    }
}

/// Neither at once nor a little: what the other node answers would count as stale.
#[tokio::test(flavor = "multi_thread")]
async fn slots_from_the_future_are_not_believed() {
    for (ahead, from_the_start) in [(1_000_000, false), (400, false), (1_000_000, true)] {
        let stage = Stage::set(2).await;
        stage.run_clock();
        let liar = &stage.ways[0].weather;
        if from_the_start {
            liar.add(lies::slot_ahead(ahead));
        }
        let pool = stage.pool();
        for way in &stage.ways {
            in_time(way.weather.until(|weather| weather.count("getSlot") >= 2)).await;
        }
        if !from_the_start {
            liar.add(lies::slot_ahead(ahead));
        }
        for _ in 0..20 {
            let asked = pool.request("getLatestBlockhash", json!([{"commitment": "confirmed"}]));
            let (endpoint, answer) = in_time(asked).await.unwrap();
            assert_eq!(endpoint, 1);
            let slot = answer["context"]["slot"].as_u64().unwrap();
            assert!(slot <= stage.node.ledger.slot(), "{slot}");
        }
        assert!(pool.slot() <= stage.node.ledger.slot() + 20);
        assert_eq!(*pool.resets().borrow(), 0);
    }
}

/// With the other node away there is nobody to ask.
#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_was_believed_for_want_of_another_is_taken_back() {
    let stage = Stage::set(2).await;
    stage.run_clock();
    stage.ways[0].weather.add(lies::slot_ahead(1_000_000));
    stage.ways[1].weather.set_down(true);
    let pool = stage.pool();
    let ask = || pool.request("getLatestBlockhash", json!([{"commitment": "confirmed"}]));
    in_time(ask()).await.unwrap();
    assert!(pool.slot() > 1_000_000);
    let mut resets = pool.resets();
    stage.ways[1].weather.set_down(false);
    in_time(resets.changed()).await.unwrap();
    let (endpoint, _) = in_time(ask()).await.unwrap();
    assert_eq!(endpoint, 1);
    assert!(pool.slot() <= stage.node.ledger.slot() + 20);
    assert!(!pool.can_be_at(1_000_000));
}
