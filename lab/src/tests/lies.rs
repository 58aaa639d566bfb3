//! What a node may say that is not so, as the client sees it.

use serde_json::json;
use solana_account::Account;
use solana_hash::Hash;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signature::Signature;

use super::{Proxied, ask, proxied, transfer_with};
use crate::{RpcFault, Rule, lies};

async fn with(lie: Rule<RpcFault>) -> (Proxied, RpcClient) {
    let lab = proxied().await;
    lab.proxy.weather.add(lie);
    let rpc = RpcClient::new(lab.proxy.url());
    (lab, rpc)
}

#[tokio::test]
async fn signatures_are_forgotten() {
    let (lab, rpc) = with(lies::forget_signatures()).await;
    let transaction = transfer_with(&rpc).await;
    let signature = rpc.send_transaction(&transaction).await.unwrap();
    lab.node.ledger.advance(1);
    assert_eq!(lab.node.ledger.landed(), 1);
    let statuses = rpc.get_signature_statuses(&[signature]).await.unwrap();
    assert_eq!(statuses.value, [None]);
}

#[tokio::test]
async fn success_is_claimed_for_signatures_that_nobody_sent() {
    let (_lab, rpc) = with(lies::claim_success()).await;
    let asked = [Signature::from([7; 64])];
    let statuses = rpc.get_signature_statuses(&asked).await.unwrap();
    let status = statuses.value[0].clone().unwrap();
    assert_eq!(status.err, None);
    assert_eq!(status.slot, statuses.context.slot);
    assert!(status.satisfies_commitment(solana_commitment_config::CommitmentConfig::finalized()));
}

#[tokio::test]
async fn heights_and_slots_are_ahead() {
    let (lab, rpc) = with(lies::block_height_ahead(500)).await;
    let processed = solana_commitment_config::CommitmentConfig::processed();
    let height = rpc.get_block_height_with_commitment(processed).await;
    assert_eq!(height.unwrap(), lab.node.ledger.block_height() + 500);

    let (lab, rpc) = with(lies::slot_ahead(500)).await;
    let slot = rpc.get_slot_with_commitment(processed).await.unwrap();
    assert_eq!(slot, lab.node.ledger.slot() + 500);
    let address = Pubkey::new_unique();
    let balance = rpc.get_balance_with_commitment(&address, processed).await;
    assert_eq!(balance.unwrap().context.slot, slot);
}

#[tokio::test]
async fn a_blockhash_is_one_that_no_node_knows() {
    let (lab, rpc) = with(lies::unknown_blockhash()).await;
    let hash: Hash = rpc.get_latest_blockhash().await.unwrap();
    let asked = json!([hash.to_string()]);
    let answer = ask(&lab.node.url(), "isBlockhashValid", asked).await;
    assert_eq!(answer["result"]["value"], false);
}

#[tokio::test]
async fn accounts_are_missing_or_hold_something_else() {
    let (program, address) = (Pubkey::new_unique(), Pubkey::new_unique());
    let account = Account {
        lamports: 5,
        owner: program,
        ..Default::default()
    };

    let (lab, _) = with(lies::no_program_accounts()).await;
    lab.node.ledger.set_account(address, account.clone());
    for context in [false, true] {
        let asked = json!([program.to_string(), {"withContext": context}]);
        let answer = ask(&lab.proxy.url(), "getProgramAccounts", asked).await;
        let pointer = if context { "/result/value" } else { "/result" };
        assert_eq!(answer.pointer(pointer), Some(&json!([])));
    }

    let (lab, rpc) = with(lies::balance(9)).await;
    lab.node.ledger.set_account(address, account);
    assert_eq!(rpc.get_balance(&address).await.unwrap(), 9);
    assert_eq!(rpc.get_account(&address).await.unwrap().lamports, 9);
    let nobody = Pubkey::new_unique();
    let several = rpc.get_multiple_accounts(&[address, nobody]).await.unwrap();
    assert_eq!(several[0].as_ref().unwrap().lamports, 9);
    assert_eq!(several[1], None);
}
