//! Accounts and everything else that a scripted node answers.

use futures_util::StreamExt as _;
use serde_json::json;
use solana_account::Account;
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    config::{RpcAccountInfoConfig, RpcProgramAccountsConfig, UiAccountEncoding},
    filter::{Memcmp, RpcFilterType},
};

use super::{ask, soon};
use crate::{ScriptedRpc, scripted_rpc::RpcError};

fn account(owner: Pubkey, data: &[u8]) -> Account {
    Account {
        lamports: 42,
        data: data.to_vec(),
        owner,
        executable: false,
        rent_epoch: u64::MAX,
    }
}

fn config(filters: Vec<RpcFilterType>) -> RpcProgramAccountsConfig {
    RpcProgramAccountsConfig {
        filters: Some(filters),
        account_config: RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            ..Default::default()
        },
        ..Default::default()
    }
}

#[tokio::test]
async fn accounts_are_what_the_test_set() {
    let node = ScriptedRpc::start(1).await.unwrap();
    let rpc = RpcClient::new(node.url());
    let (program, [one, two]) = (Pubkey::new_unique(), [(); 2].map(|()| Pubkey::new_unique()));
    node.ledger.set_account(one, account(program, &[1, 2, 3]));
    node.ledger
        .set_account(two, account(program, &[7, 2, 3, 4]));
    assert_eq!(
        rpc.get_account(&one).await.unwrap(),
        account(program, &[1, 2, 3])
    );
    assert_eq!(rpc.get_balance(&one).await.unwrap(), 42);
    let several = rpc.get_multiple_accounts(&[two, program]).await.unwrap();
    assert_eq!(several, [Some(account(program, &[7, 2, 3, 4])), None]);

    for (filters, found) in [
        (vec![], vec![one, two]),
        (vec![RpcFilterType::DataSize(4)], vec![two]),
        (
            vec![RpcFilterType::Memcmp(Memcmp::new_base58_encoded(
                0,
                &[1, 2],
            ))],
            vec![one],
        ),
        (
            vec![RpcFilterType::Memcmp(Memcmp::new_raw_bytes(1, vec![2, 3]))],
            vec![one, two],
        ),
        (
            vec![RpcFilterType::Memcmp(Memcmp::new_raw_bytes(9, vec![2]))],
            vec![],
        ),
    ] {
        let asked = rpc.get_program_ui_accounts_with_config(&program, config(filters));
        let accounts = asked.await.unwrap();
        let mut addresses: Vec<_> = accounts.iter().map(|(address, _)| *address).collect();
        addresses.sort();
        let mut found = found;
        found.sort();
        assert_eq!(addresses, found);
    }
    let asked =
        json!([one.to_string(), {"encoding": "base64", "dataSlice": {"offset": 1, "length": 9}}]);
    let answer = ask(&node.url(), "getAccountInfo", asked).await;
    assert_eq!(answer["result"]["value"]["data"], json!(["AgM=", "base64"]));
    assert_eq!(answer["result"]["value"]["space"], 3);

    node.ledger.remove_account(&one);
    assert!(rpc.get_account(&one).await.is_err());
}

#[tokio::test]
async fn who_subscribed_is_told_of_accounts() {
    let node = ScriptedRpc::start(1).await.unwrap();
    let client = PubsubClient::new(node.ws_url()).await.unwrap();
    let (program, address) = (Pubkey::new_unique(), Pubkey::new_unique());
    let filtered = config(vec![RpcFilterType::DataSize(1)]);
    let (mut of_program, _end) = soon(client.program_subscribe(&program, Some(filtered)))
        .await
        .unwrap();
    let plain = config(vec![]).account_config;
    let (mut of_account, _end) = soon(client.account_subscribe(&address, Some(plain)))
        .await
        .unwrap();

    node.ledger.set_account(address, account(program, &[1, 2]));
    node.ledger.set_account(address, account(program, &[3]));
    node.ledger.remove_account(&address);
    let told = soon(of_program.next()).await.unwrap();
    assert_eq!(told.context.slot, node.ledger.slot());
    assert_eq!(told.value.pubkey, address.to_string());
    let shown: Account = told.value.account.to_account().unwrap();
    assert_eq!(shown, account(program, &[3]));
    // The end is told to who asked for the account, not to who asked for the program.
    let mut lamports = Vec::new();
    for _ in 0..3 {
        lamports.push(soon(of_account.next()).await.unwrap().value.lamports);
    }
    assert_eq!(lamports, [42, 42, 0]);
    node.ledger.set_account(address, account(program, &[4]));
    let told = soon(of_program.next()).await.unwrap();
    assert_eq!(told.value.account.to_account().unwrap().data, [4]);
}

#[tokio::test]
async fn whoever_unsubscribes_is_told_no_more() {
    let node = ScriptedRpc::start(1).await.unwrap();
    let client = PubsubClient::new(node.ws_url()).await.unwrap();
    let (mut slots, end) = soon(client.slot_subscribe()).await.unwrap();
    soon(end()).await;
    node.ledger.advance(1);
    assert!(soon(slots.next()).await.is_none());
}

#[tokio::test]
async fn slots_and_heights_follow_the_commitment() {
    let node = ScriptedRpc::start(1).await.unwrap();
    let rpc = RpcClient::new(node.url());
    node.ledger.advance(3);
    let newest = node.ledger.slot();
    for (commitment, behind) in [
        (CommitmentConfig::processed(), 0),
        (CommitmentConfig::confirmed(), 1),
        (CommitmentConfig::finalized(), 32),
    ] {
        assert_eq!(
            rpc.get_slot_with_commitment(commitment).await.unwrap(),
            newest - behind
        );
        let height = rpc
            .get_block_height_with_commitment(commitment)
            .await
            .unwrap();
        assert_eq!(height, node.ledger.block_height() - behind);
    }
    let asked = json!([{"commitment": "confirmed", "minContextSlot": newest}]);
    let answer = ask(&node.url(), "getLatestBlockhash", asked).await;
    assert_eq!(answer["error"]["code"], -32016);
}

#[tokio::test]
async fn any_method_can_be_answered_by_the_test() {
    let node = ScriptedRpc::start(1).await.unwrap();
    let slot = |answer: &serde_json::Value| answer["result"].as_u64();
    node.ledger.answer("getSlot", |_| Ok(5.into()));
    assert_eq!(slot(&ask(&node.url(), "getSlot", json!([])).await), Some(5));
    node.ledger
        .answer("getSlot", |_| Err(RpcError::new(-32005, "behind")));
    let answer = ask(&node.url(), "getSlot", json!([])).await;
    assert_eq!(answer["error"]["message"], "behind");
}
