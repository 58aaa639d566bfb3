//! What builds on a transaction need not wait for its confirmation.

use lottery_client::sender::{Basis, Landed, SendError, Sender, fees::Urgency};
use lottery_lab::{Fate, scripted_rpc::Depths};
use solana_signer::Signer as _;
use solana_transaction_error::TransactionError;
use tokio::sync::oneshot;

use crate::stage::{Stage, in_time};

/// A confirmation that does not come before the test is over.
const NEVER: Depths = Depths {
    confirmed: 10_000,
    finalized: 20_000,
};

async fn send(
    stage: &Stage,
    sender: &Sender,
    herald: oneshot::Sender<u64>,
) -> Result<Landed, SendError> {
    let (pay, payer) = (stage.pay(1), &stage.payer);
    let address = payer.pubkey();
    let basis = Basis::Confirmed;
    let prepared = sender.prepare(&pay, &address, 0, Urgency::default(), basis);
    let (_, quote) = prepared.await?;
    let sent = sender.send_heralded(&pay, &quote, payer, &[], "", Some(herald));
    sent.await
}

async fn is_told_before_it_is_confirmed(subscribes: bool) {
    let stage = Stage::set(0).await;
    let mut parts = stage.parts();
    parts.settings.subscribe = subscribes;
    let sender = Sender::from_parts(parts);
    stage.run_clock();
    // A blockhash that is confirmed.
    let (herald, told) = oneshot::channel();
    in_time(send(&stage, &sender, herald)).await.unwrap();
    in_time(told).await.unwrap();

    stage.node.ledger.set_depths(NEVER);
    let (herald, told) = oneshot::channel();
    let pay = stage.pay(2);
    let quote = {
        let payer = stage.payer.pubkey();
        let basis = Basis::Confirmed;
        let prepared = sender.prepare(&pay, &payer, 0, Urgency::default(), basis);
        in_time(prepared).await.unwrap().1
    };
    let sent = sender.send_heralded(&pay, &quote, &stage.payer, &[], "", Some(herald));
    let slot = tokio::select! {
        slot = in_time(told) => slot.unwrap(),
        end = sent => panic!("it ended before: {end:?}"),
    };
    let landing = stage.node.ledger.sent().last().unwrap().landing.clone();
    assert!(landing.unwrap().slot <= slot);
    // What builds on it is simulated on what was processed.
    let basis = Basis::Processed(slot);
    let payer = stage.payer.pubkey();
    let prepared = sender.prepare(&pay, &payer, 0, Urgency::default(), basis);
    in_time(prepared).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_herald_comes_before_the_confirmation() {
    is_told_before_it_is_confirmed(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_herald_comes_without_sockets_too() {
    is_told_before_it_is_confirmed(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_heralded_of_what_fails() {
    let stage = Stage::set(0).await;
    let sender = stage.sender();
    stage.run_clock();
    stage.node.ledger.next_fates([Fate::Fail {
        after: 1,
        error: TransactionError::AccountInUse,
    }]);
    let (herald, told) = oneshot::channel();
    let failed = in_time(send(&stage, &sender, herald)).await.unwrap_err();
    assert!(matches!(failed, SendError::Failed { .. }), "{failed}");
    in_time(told).await.unwrap_err();
}

/// What builds on a slot waits for a node that has it.
#[tokio::test(flavor = "multi_thread")]
async fn what_builds_on_a_slot_that_nobody_has_is_not_simulated() {
    let stage = Stage::set(0).await;
    let sender = stage.sender();
    let basis = Basis::Processed(stage.node.ledger.slot() + 1_000);
    let payer = stage.payer.pubkey();
    let pay = stage.pay(1);
    let prepared = sender.prepare(&pay, &payer, 0, Urgency::default(), basis);
    let error = in_time(prepared).await.unwrap_err();
    assert!(error.to_string().contains("context slot"), "{error}");
}
