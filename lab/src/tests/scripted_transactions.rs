//! What becomes of transactions, as the client that services use sees it.

use futures_util::StreamExt as _;
use serde_json::json;
use solana_commitment_config::CommitmentConfig;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    config::{RpcSendTransactionConfig, RpcSignatureSubscribeConfig, RpcSimulateTransactionConfig},
    response::RpcSignatureResult,
};
use solana_signature::Signature;
use solana_signer::Signer as _;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;
use std::time::Duration;

use super::{ask, soon, transfer_with};
use crate::{Fate, ScriptedRpc, Simulation, scripted_rpc::Depths};

struct Lab {
    node: ScriptedRpc,
    rpc: RpcClient,
}

async fn lab() -> Lab {
    let node = ScriptedRpc::start(2).await.unwrap();
    let rpc = RpcClient::new_with_commitment(node.url(), CommitmentConfig::confirmed());
    Lab { node, rpc }
}

impl Lab {
    /// Sends as services do: without a simulation first.
    async fn send(&self, transaction: &Transaction) -> Signature {
        let config = RpcSendTransactionConfig {
            skip_preflight: true,
            ..Default::default()
        };
        let sent = self.rpc.send_transaction_with_config(transaction, config);
        sent.await.unwrap()
    }

    async fn send_new(&self) -> (Transaction, Signature) {
        let transaction = transfer_with(&self.rpc).await;
        let signature = self.send(&transaction).await;
        (transaction, signature)
    }

    /// The commitment that a status names, and the error.
    async fn status(&self, signature: Signature) -> Option<(String, Option<TransactionError>)> {
        let asked = json!([[signature.to_string()]]);
        let answer = ask(&self.node.url(), "getSignatureStatuses", asked).await;
        let level = answer["result"]["value"][0]["confirmationStatus"].as_str()?;
        let statuses = self.rpc.get_signature_statuses(&[signature]).await.unwrap();
        Some((level.to_owned(), statuses.value[0].clone()?.err))
    }

    async fn level(&self, signature: Signature) -> Option<String> {
        self.status(signature).await.map(|(level, _)| level)
    }
}

#[tokio::test]
async fn a_transaction_lands_and_becomes_certain() {
    let lab = lab().await;
    lab.node.ledger.next_fates([Fate::Land { after: 2 }]);
    let (_, signature) = lab.send_new().await;
    lab.node.ledger.advance(1);
    assert_eq!(lab.status(signature).await, None);
    lab.node.ledger.advance(1);
    assert_eq!(lab.level(signature).await.as_deref(), Some("processed"));
    lab.node.ledger.advance(1);
    assert_eq!(lab.level(signature).await.as_deref(), Some("confirmed"));
    lab.node.ledger.advance(31);
    assert_eq!(lab.level(signature).await.as_deref(), Some("finalized"));
    let sent = lab.node.ledger.sent();
    assert_eq!(
        sent[0].landing.as_ref().unwrap().slot,
        sent[0].arrivals[0].slot + 2
    );
}

#[tokio::test]
async fn fates_are_met_in_order() {
    let lab = lab().await;
    let error = TransactionError::AccountInUse;
    let never = Fate::Never;
    let fail = Fate::Fail {
        after: 0,
        error: error.clone(),
    };
    lab.node.ledger.next_fates([never, fail]);
    lab.node.ledger.script_fates(|sent| {
        assert!(sent.arrivals.is_empty());
        Fate::Land { after: 0 }
    });
    let (_, lost) = lab.send_new().await;
    let (_, failed) = lab.send_new().await;
    let (_, landed) = lab.send_new().await;
    lab.node.ledger.advance(1);
    assert_eq!(lab.status(lost).await, None);
    let confirmed = |error| Some(("confirmed".to_owned(), error));
    assert_eq!(lab.status(failed).await, confirmed(Some(error)));
    assert_eq!(lab.status(landed).await, confirmed(None));
    assert_eq!(
        (lab.node.ledger.different(), lab.node.ledger.landed()),
        (3, 2)
    );
}

#[tokio::test]
async fn a_transaction_lands_only_if_it_is_sent_again() {
    let lab = lab().await;
    let fate = Fate::LandOnSend { nth: 3, after: 0 };
    lab.node.ledger.next_fates([fate]);
    let (transaction, signature) = lab.send_new().await;
    lab.send(&transaction).await;
    lab.node.ledger.advance(5);
    assert_eq!(lab.status(signature).await, None);
    lab.send(&transaction).await;
    assert!(lab.status(signature).await.is_some());
    // The same bytes each time.
    let sent = lab.node.ledger.sent();
    assert_eq!((sent.len(), sent[0].arrivals.len()), (1, 3));
    assert_eq!(sent[0].bytes, bincode::serialize(&transaction).unwrap());
    assert_eq!(lab.node.ledger.arrivals(), 3);
}

#[tokio::test]
async fn a_fork_that_loses_takes_a_transaction_along() {
    let lab = lab().await;
    let fate = Fate::Forked { after: 0, lasts: 3 };
    lab.node.ledger.next_fates([fate]);
    let (transaction, signature) = lab.send_new().await;
    lab.node.ledger.advance(2);
    // Old enough to be confirmed, had it been on the fork that won.
    assert_eq!(lab.level(signature).await.as_deref(), Some("processed"));
    lab.node.ledger.advance(1);
    assert_eq!(lab.status(signature).await, None);
    lab.send(&transaction).await;
    lab.node.ledger.advance(1);
    assert_eq!(lab.level(signature).await.as_deref(), Some("confirmed"));
}

#[tokio::test]
async fn a_blockhash_expires_with_blocks_and_not_with_slots() {
    let lab = lab().await;
    let late = |after| Fate::Land { after };
    lab.node.ledger.next_fates([late(150), late(151)]);
    lab.node.ledger.set_depths(Depths {
        confirmed: 0,
        finalized: 32,
    });
    let (_, in_time) = lab.send_new().await;
    let (_, too_late) = lab.send_new().await;
    lab.node.ledger.skip(20);
    let first = lab.node.ledger.block_height();
    lab.node.ledger.advance(130);
    // 150 slots and 130 blocks later the first one landed.
    assert_eq!(lab.node.ledger.block_height(), first + 130);
    assert!(lab.status(in_time).await.is_some());
    lab.node.ledger.advance(30);
    assert!(lab.status(too_late).await.is_some());

    lab.node.ledger.next_fates([late(151)]);
    let (_, expired) = lab.send_new().await;
    lab.node.ledger.advance(160);
    assert_eq!(lab.status(expired).await, None);
    let (_, last_valid) = lab
        .rpc
        .get_latest_blockhash_with_commitment(CommitmentConfig::processed())
        .await
        .unwrap();
    assert_eq!(last_valid, lab.node.ledger.block_height() + 150);
}

#[tokio::test]
async fn an_unknown_blockhash_never_lands() {
    let lab = lab().await;
    let payer = Keypair::new();
    let message = Message::new(&[], Some(&payer.pubkey()));
    let transaction = Transaction::new(
        &[&payer],
        message,
        solana_hash::Hash::new_from_array([8; 32]),
    );
    let signature = lab.send(&transaction).await;
    lab.node.ledger.advance(2);
    assert_eq!(lab.status(signature).await, None);
    // With a simulation first it is refused.
    let refused = lab.rpc.send_transaction(&transaction).await.unwrap_err();
    let error = refused.get_transaction_error();
    assert_eq!(error, Some(TransactionError::BlockhashNotFound));
}

#[tokio::test]
async fn old_statuses_are_in_the_history_only() {
    let lab = lab().await;
    lab.node.ledger.set_recent_slots(10);
    let (_, signature) = lab.send_new().await;
    lab.node.ledger.advance(12);
    assert_eq!(lab.status(signature).await, None);
    let asked = [signature];
    let searched = lab.rpc.get_signature_statuses_with_history(&asked);
    assert!(searched.await.unwrap().value[0].is_some());
}

#[tokio::test]
async fn what_is_not_signed_is_refused_and_counted() {
    let lab = lab().await;
    let mut transaction = transfer_with(&lab.rpc).await;
    transaction.signatures[0] = Signature::from([1; 64]);
    assert!(lab.rpc.send_transaction(&transaction).await.is_err());
    let garbage = json!(["AAAA", {"encoding": "base64"}]);
    let answer = ask(&lab.node.url(), "sendTransaction", garbage).await;
    assert_eq!(answer["error"]["code"], -32602);
    assert_eq!(
        (lab.node.ledger.malformed(), lab.node.ledger.different()),
        (2, 0)
    );
}

#[tokio::test]
async fn simulations_find_what_the_test_says() {
    let lab = lab().await;
    let program = Pubkey::new_unique();
    lab.node.ledger.simulate_as(Simulation {
        units: 4_321,
        loaded_accounts_data_size: 9_876,
        return_data: Some((program, vec![1, 2, 3])),
        logs: vec!["a line".into()],
        error: None,
    });
    let transaction = transfer_with(&lab.rpc).await;
    let config = RpcSimulateTransactionConfig {
        replace_recent_blockhash: true,
        ..Default::default()
    };
    let found = lab
        .rpc
        .simulate_transaction_with_config(&transaction, config.clone())
        .await
        .unwrap()
        .value;
    assert_eq!(found.err, None);
    assert_eq!(found.units_consumed, Some(4_321));
    assert_eq!(found.loaded_accounts_data_size, Some(9_876));
    assert_eq!(found.logs.unwrap(), ["a line"]);
    assert_eq!(found.return_data.unwrap().program_id, program.to_string());
    assert!(found.replacement_blockhash.is_some());

    let error = TransactionError::InsufficientFundsForFee;
    let wanted = error.clone();
    lab.node
        .ledger
        .script_simulations(move |_| Simulation::failure(wanted.clone()));
    let found = lab
        .rpc
        .simulate_transaction_with_config(&transaction, config)
        .await
        .unwrap()
        .value;
    assert_eq!(found.err.map(TransactionError::from), Some(error));
}

#[tokio::test]
async fn priority_fees_are_told_for_accounts_and_budgets_are_read() {
    let lab = lab().await;
    let dear = Pubkey::new_unique();
    lab.node.ledger.script_priority_fees(move |addresses| {
        let fee = if addresses.contains(&dear) { 900 } else { 1 };
        vec![fee, 0]
    });
    let fees = lab
        .rpc
        .get_recent_prioritization_fees(&[dear])
        .await
        .unwrap();
    let fees: Vec<_> = fees
        .iter()
        .map(|fee| (fee.slot, fee.prioritization_fee))
        .collect();
    let slot = lab.node.ledger.slot();
    assert_eq!(fees, [(slot - 1, 0), (slot, 900)]);

    let payer = Keypair::new();
    let instructions = [
        ComputeBudgetInstruction::set_compute_unit_limit(5_000),
        ComputeBudgetInstruction::set_compute_unit_price(77),
        ComputeBudgetInstruction::set_loaded_accounts_data_size_limit(64_000),
    ];
    let message = Message::new(&instructions, Some(&payer.pubkey()));
    let transaction = Transaction::new(&[&payer], message, lab.node.ledger.blockhash());
    lab.send(&transaction).await;
    let sent = lab.node.ledger.sent().remove(0);
    assert_eq!(sent.compute_unit_limit(), Some(5_000));
    assert_eq!(sent.compute_unit_price(), Some(77));
    assert_eq!(sent.loaded_accounts_data_size_limit(), Some(64_000));
}

#[tokio::test]
async fn who_subscribed_to_a_signature_is_told_once_it_is_certain_enough() {
    let lab = lab().await;
    let client = PubsubClient::new(lab.node.ws_url()).await.unwrap();
    let (transaction, signature) = lab.send_new().await;
    let at = |commitment| RpcSignatureSubscribeConfig {
        commitment: Some(commitment),
        ..Default::default()
    };
    let confirmed = at(CommitmentConfig::confirmed());
    let (mut told, _end) = soon(client.signature_subscribe(&signature, Some(confirmed)))
        .await
        .unwrap();
    lab.node.ledger.advance(1);
    lab.node.ledger.advance(1);
    let first = soon(told.next()).await.unwrap();
    let RpcSignatureResult::ProcessedSignature(result) = first.value else {
        panic!("{first:?}");
    };
    assert_eq!(result.err, None);
    // It had landed a slot earlier, which was not certain enough.
    assert_eq!(
        lab.node.ledger.slot(),
        lab.node.ledger.sent()[0].arrivals[0].slot + 2
    );

    // Whoever subscribes afterwards is told at once.
    let processed = at(CommitmentConfig::processed());
    let (mut late, _end) = soon(client.signature_subscribe(&signature, Some(processed)))
        .await
        .unwrap();
    assert!(soon(late.next()).await.is_some());
    drop(transaction);
}

#[tokio::test]
async fn a_clock_goes_on_by_itself_until_it_is_stopped() {
    let lab = lab().await;
    let first = lab.node.ledger.slot();
    lab.node.ledger.run_clock(Duration::from_millis(5));
    soon(lab.node.ledger.until(|ledger| ledger.slot() >= first + 3)).await;
    lab.node.ledger.stop_clock();
    let stopped = lab.node.ledger.slot();
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert!(lab.node.ledger.slot() <= stopped + 1);
}
