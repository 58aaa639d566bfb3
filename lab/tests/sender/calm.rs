//! What is asked for, what is paid, and what it takes.

use lottery_client::{
    lottery,
    sender::{Parts, SendError, Sender, fees::FeeSettings},
};
use lottery_lab::{Fate, Simulation, scripted_rpc::RpcError};
use solana_transaction_error::TransactionError;

use crate::stage::{Stage, in_time};

#[tokio::test(flavor = "multi_thread")]
async fn limits_come_from_the_simulation() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    stage.node.ledger.simulate_as(Simulation {
        units: 20_000,
        loaded_accounts_data_size: 100_000,
        return_data: Some((lottery::ID, vec![1, 2, 3])),
        ..Simulation::default()
    });
    let sender = stage.sender();
    let landed = stage.send(&sender).await.unwrap();
    let sent = stage.node.ledger.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].signature, landed.signature);
    assert_eq!(sent[0].landing.as_ref().unwrap().slot, landed.slot);
    assert_eq!(sent[0].compute_unit_limit(), Some(23_300));
    // Four pages of 32 KiB hold what is loaded; two are spare.
    let pages = sent[0].loaded_accounts_data_size_limit();
    assert_eq!(pages, Some(6 * 32 * 1024));
    // Nobody pays for priority here.
    assert_eq!(sent[0].compute_unit_price(), None);
    assert_eq!(stage.node.ledger.malformed(), 0);
}

/// Price and bound of loaded bytes are instructions, of 150 units each, that a
/// simulation does not have.
#[tokio::test(flavor = "multi_thread")]
async fn a_price_leaves_room_for_the_cheapest_instruction() {
    const UNITS: u32 = 700;
    let stage = Stage::set(0).await;
    stage.run_clock();
    let ledger = &stage.node.ledger;
    ledger.script_priority_fees(|_| vec![50_000; 150]);
    ledger.simulate_as(Simulation {
        units: UNITS.into(),
        loaded_accounts_data_size: 100_000,
        ..Simulation::default()
    });
    stage.send(&stage.sender()).await.unwrap();
    let sent = &ledger.sent()[0];
    assert!(sent.compute_unit_price().is_some());
    assert!(sent.loaded_accounts_data_size_limit().is_some());
    assert!(sent.compute_unit_limit().unwrap() >= UNITS + 2 * 150);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_price_is_a_percentile_of_what_others_paid() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    let paid: Vec<u64> = (1..=100).map(|n| n * 1_000).collect();
    let ledger = &stage.node.ledger;
    ledger.script_priority_fees(move |_| paid.clone());
    stage.send(&stage.sender()).await.unwrap();
    assert_eq!(ledger.sent()[0].compute_unit_price(), Some(50_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fee_spike_is_capped() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    let ledger = &stage.node.ledger;
    ledger.script_priority_fees(|_| vec![u64::MAX; 150]);
    ledger.simulate_as(Simulation {
        units: 100_000,
        ..Simulation::default()
    });
    let sender = Sender::from_parts(Parts {
        fees: FeeSettings {
            cap_lamports: 1_000,
            ..FeeSettings::default()
        },
        ..stage.parts()
    });
    stage.send(&sender).await.unwrap();
    let sent = &ledger.sent()[0];
    let price = sent.compute_unit_price().unwrap();
    let lamports = price * u64::from(sent.compute_unit_limit().unwrap()) / 1_000_000;
    assert!((999..=1_000).contains(&lamports), "{lamports}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_knows_no_fees_is_no_obstacle() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    let ledger = &stage.node.ledger;
    ledger.answer("getRecentPrioritizationFees", |_| {
        Err(RpcError {
            code: -32601,
            message: "Method not found".into(),
            data: None,
        })
    });
    stage.send(&stage.sender()).await.unwrap();
    assert_eq!(ledger.sent()[0].compute_unit_price(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_fail_is_not_sent() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    let broke = TransactionError::InsufficientFundsForFee;
    let simulation = Simulation::failure(broke.clone());
    stage.node.ledger.simulate_as(simulation);
    let error = stage.send(&stage.sender()).await.unwrap_err();
    assert!(matches!(error, SendError::Simulation { error, .. } if error == broke));
    assert_eq!(stage.node.ledger.arrivals(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_on_chain_is_told_and_not_repeated() {
    let stage = Stage::set(0).await;
    stage.run_clock();
    let error = TransactionError::AccountInUse;
    stage.node.ledger.next_fates([Fate::Fail {
        after: 1,
        error: error.clone(),
    }]);
    let failed = stage.send(&stage.sender()).await.unwrap_err();
    assert!(matches!(failed, SendError::Failed { error: found, .. } if found == error));
    assert_eq!(stage.node.ledger.different(), 1);
}

/// Three hundred at once cost one blockhash and a few questions for their statuses.
#[tokio::test(flavor = "multi_thread")]
async fn many_share_one_blockhash_and_few_questions() {
    const MANY: u64 = 300;
    let stage = Stage::set(0).await;
    stage.run_clock();
    let sender = stage.sender();
    let sends = (1..=MANY).map(|lamports| {
        let (sender, pay, payer) = (&sender, stage.pay(lamports), &stage.payer);
        async move { sender.send_with_limit(&pay, 10_000, payer, &[]).await }
    });
    for landed in in_time(futures_util::future::join_all(sends)).await {
        landed.unwrap();
    }
    let weather = &stage.node.weather;
    assert_eq!(stage.node.ledger.different() as u64, MANY);
    assert!(weather.count("getLatestBlockhash") <= 3);
    let asked = weather.count("getSignatureStatuses");
    assert!(asked <= MANY / 3, "{asked} questions");
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_tell_before_anybody_asks() {
    let stage = Stage::set(0).await;
    let sender = stage.sender();
    stage.run_clock();
    stage.send(&sender).await.unwrap();
    // Once the connection stands.
    in_time(async {
        while stage.node.sockets.open() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let before = stage.node.weather.count("getSignatureStatuses");
    for lamports in 2..6 {
        let pay = stage.pay(lamports);
        in_time(sender.send(&pay, &stage.payer, &[])).await.unwrap();
    }
    let asked = stage.node.weather.count("getSignatureStatuses") - before;
    assert!(asked <= 6, "{asked} questions for four transactions");
    assert!(stage.node.sockets.notified() >= 4);
}
