//! A node that is behind.

use std::time::Duration;

use serde_json::{Value, json};
use solana_account::Account;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;

use super::{Proxied, ask, proxied, slot, transfer_with};
use crate::{RpcFault, Rule, rpc::Lag};

fn behind(lab: &Proxied, slots: u64) {
    let stale = RpcFault::Stale(Lag::Slots(slots));
    lab.proxy.weather.add(Rule::any(stale));
}

fn lamports(lamports: u64) -> Account {
    Account {
        lamports,
        ..Default::default()
    }
}

async fn result(lab: &Proxied, method: &str, mut params: Vec<Value>) -> Value {
    params.push(json!({"commitment": "processed"}));
    let answer = ask(&lab.proxy.url(), method, params.into()).await;
    answer["result"].clone()
}

#[tokio::test]
async fn answers_are_those_that_passed_when_the_chain_was_there() {
    let lab = proxied().await;
    let address = Pubkey::new_unique();
    let mut then = Vec::new();
    // Every request is asked at four instants, five slots apart.
    for round in 1..=4 {
        lab.node.ledger.set_account(address, lamports(round));
        then.push((
            slot(&lab.proxy.url()).await,
            result(&lab, "getBalance", vec![address.to_string().into()]).await,
            result(&lab, "getLatestBlockhash", vec![]).await,
            result(&lab, "getBlockHeight", vec![]).await,
        ));
        lab.node.ledger.advance(5);
    }
    slot(&lab.proxy.url()).await;
    // Now 20 slots after the first instant: 12 slots ago it was the second one's slots.
    behind(&lab, 12);
    let there = &then[1];
    assert_eq!(slot(&lab.proxy.url()).await, there.0);
    let balance = result(&lab, "getBalance", vec![address.to_string().into()]).await;
    assert_eq!(balance, there.1);
    assert_eq!(balance["context"]["slot"], there.0);
    assert_eq!(result(&lab, "getLatestBlockhash", vec![]).await, there.2);
    assert_eq!(result(&lab, "getBlockHeight", vec![]).await, there.3);
}

#[tokio::test]
async fn what_was_never_asked_is_as_old_as_can_be_told() {
    let lab = proxied().await;
    behind(&lab, 10);
    // The first answer tells where the chain is.
    let newest = lab.node.ledger.slot();
    assert_eq!(slot(&lab.proxy.url()).await, newest - 10);
    let height = result(&lab, "getBlockHeight", vec![]).await;
    assert_eq!(height, lab.node.ledger.block_height() - 10);
    let address = Pubkey::new_unique().to_string();
    let balance = result(&lab, "getBalance", vec![address.into()]).await;
    assert_eq!(balance["context"]["slot"], newest - 10);
}

#[tokio::test]
async fn signatures_that_landed_later_are_unknown() {
    let lab = proxied().await;
    let rpc = RpcClient::new(lab.proxy.url());
    let transaction = transfer_with(&rpc).await;
    let signature = rpc.send_transaction(&transaction).await.unwrap();
    lab.node.ledger.advance(1);
    let knows = async || {
        let statuses = rpc.get_signature_statuses(&[signature]).await.unwrap();
        statuses.value[0].is_some()
    };
    assert!(knows().await);
    behind(&lab, 4);
    lab.node.ledger.advance(3);
    assert!(!knows().await);
    lab.node.ledger.advance(1);
    assert!(knows().await);
}

#[tokio::test]
async fn a_slot_that_was_not_reached_is_refused() {
    let lab = proxied().await;
    let newest = slot(&lab.proxy.url()).await;
    behind(&lab, 2);
    for (wanted, refused) in [(newest, true), (newest - 2, false)] {
        let asked = json!([{"commitment": "processed", "minContextSlot": wanted}]);
        let answer = ask(&lab.proxy.url(), "getSlot", asked).await;
        assert_eq!(answer["error"]["code"] == -32016, refused, "{answer}");
        if refused {
            assert_eq!(answer["error"]["data"]["contextSlot"], newest - 2);
        }
    }
}

#[tokio::test]
async fn time_is_a_measure_too() {
    let lab = proxied().await;
    let then = slot(&lab.proxy.url()).await;
    let lag = Duration::from_millis(100);
    tokio::time::sleep(lag).await;
    lab.node.ledger.advance(3);
    let now = slot(&lab.proxy.url()).await;
    assert_eq!(now, then + 3);
    let stale = RpcFault::Stale(Lag::Time(lag));
    lab.proxy.weather.add(Rule::any(stale));
    assert_eq!(slot(&lab.proxy.url()).await, then);
}
