//! The scripted Geyser server, through the client that the protocol's crate has.

use std::collections::HashMap;

use futures_util::stream;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;
use yellowstone_grpc_proto::{
    geyser::{
        CommitmentLevel, GetSlotRequest, GetVersionRequest, PingRequest,
        SubscribeReplayInfoRequest, SubscribeRequest, SubscribeRequestFilterAccounts,
        SubscribeRequestFilterBlocksMeta, SubscribeRequestFilterSlots,
        SubscribeRequestFilterTransactions, SubscribeRequestPing, SubscribeUpdate,
        geyser_client::GeyserClient, subscribe_update::UpdateOneof,
    },
    tonic::{Code, Request, Status, Streaming, transport::Channel},
};

use super::soon;
use crate::{
    ScriptedGeyser,
    scripted_geyser::{ScriptedAccount, ScriptedTransaction},
    scripted_rpc::Depths,
};

pub const OWNER: Pubkey = Pubkey::new_from_array([7; 32]);

pub async fn client(server: &ScriptedGeyser) -> GeyserClient<Channel> {
    GeyserClient::connect(server.url()).await.unwrap()
}

/// Everything that is of the owner, or names it.
pub fn wanted(level: CommitmentLevel) -> SubscribeRequest {
    let owner = vec![OWNER.to_string()];
    SubscribeRequest {
        accounts: HashMap::from([(
            "a".to_owned(),
            SubscribeRequestFilterAccounts {
                owner: owner.clone(),
                ..Default::default()
            },
        )]),
        transactions: HashMap::from([(
            "t".to_owned(),
            SubscribeRequestFilterTransactions {
                vote: Some(false),
                account_include: owner,
                ..Default::default()
            },
        )]),
        slots: HashMap::from([(
            "s".to_owned(),
            SubscribeRequestFilterSlots {
                filter_by_commitment: None,
                interslot_updates: Some(true),
            },
        )]),
        blocks_meta: HashMap::from([("b".to_owned(), SubscribeRequestFilterBlocksMeta {})]),
        commitment: Some(level.into()),
        ..Default::default()
    }
}

pub async fn subscribe(
    server: &ScriptedGeyser,
    asked: SubscribeRequest,
) -> Streaming<SubscribeUpdate> {
    let before = server.streams.subscribed();
    let requests = stream::iter([asked]);
    let answer = client(server).await.subscribe(requests).await.unwrap();
    soon(server.streams.until(|s| s.subscribed() > before)).await;
    answer.into_inner()
}

pub fn account(number: u8, owner: Pubkey, data: &[u8]) -> ScriptedAccount {
    ScriptedAccount {
        address: Pubkey::new_from_array([number; 32]),
        lamports: 5,
        owner,
        data: data.to_vec(),
    }
}

fn transaction(number: u8, keys: &[Pubkey]) -> ScriptedTransaction {
    ScriptedTransaction {
        signature: Signature::from([number; 64]),
        keys: keys.to_vec(),
        ..Default::default()
    }
}

/// In a line what a message says.
fn line(update: SubscribeUpdate) -> String {
    match update.update_oneof.unwrap() {
        UpdateOneof::Account(update) => {
            let account = update.account.unwrap();
            format!(
                "{} account {} #{}",
                update.slot, account.pubkey[0], account.write_version
            )
        }
        UpdateOneof::Transaction(update) => {
            let info = update.transaction.unwrap();
            format!("{} transaction {}", update.slot, info.signature[0])
        }
        UpdateOneof::Slot(update) => {
            let status = update.status().as_str_name().to_lowercase();
            format!("{} on {} {status}", update.slot, update.parent.unwrap())
        }
        UpdateOneof::BlockMeta(update) => {
            format!(
                "{} block {}",
                update.slot,
                update.block_time.unwrap().timestamp
            )
        }
        UpdateOneof::Ping(_) => "ping".into(),
        UpdateOneof::Pong(pong) => format!("pong {}", pong.id),
        other => panic!("{other:?}"),
    }
}

/// The next messages.
pub async fn lines(stream: &mut Streaming<SubscribeUpdate>, count: usize) -> Vec<String> {
    let mut lines = Vec::new();
    while lines.len() < count {
        lines.push(line(soon(stream.message()).await.unwrap().unwrap()));
    }
    lines
}

/// How a stream ends.
pub async fn end(stream: &mut Streaming<SubscribeUpdate>) -> Option<Status> {
    loop {
        match soon(stream.message()).await {
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(status) => return Some(status),
        }
    }
}

#[tokio::test]
async fn processed_is_told_as_it_happens_and_only_what_was_asked_for() {
    let server = ScriptedGeyser::start(1).await.unwrap();
    let mut stream = subscribe(&server, wanted(CommitmentLevel::Processed)).await;
    let chain = &server.chain;
    let slot = chain.open();
    chain.put(slot, account(1, OWNER, b"one"));
    chain.put(slot, account(2, Pubkey::default(), b"foreign"));
    chain.put(slot, account(1, OWNER, b"again"));
    chain.transact(slot, transaction(3, &[Pubkey::default()]));
    chain.transact(slot, transaction(4, &[OWNER]));
    let loaded = ScriptedTransaction {
        loaded_readonly: vec![OWNER],
        error: Some(TransactionError::AccountInUse),
        ..transaction(5, &[])
    };
    chain.transact(slot, loaded);
    chain.transact(
        slot,
        ScriptedTransaction {
            vote: true,
            ..transaction(6, &[OWNER])
        },
    );
    // As the real plugin: who is closed is the system program's, and not asked for.
    chain.close(slot, Pubkey::new_from_array([1; 32]));
    chain.seal(slot);
    chain.open();
    assert_eq!(
        lines(&mut stream, 9).await,
        [
            "1001 on 1000 slot_created_bank",
            "1001 account 1 #1",
            "1001 account 1 #3",
            "1001 transaction 4",
            "1001 transaction 5",
            "1001 on 1000 slot_completed",
            "1001 block 1700001001",
            "1001 on 1000 slot_processed",
            "1002 on 1001 slot_created_bank",
        ]
    );
}

#[tokio::test]
async fn confirmed_is_told_whole() {
    let server = ScriptedGeyser::start(1).await.unwrap();
    let mut stream = subscribe(&server, wanted(CommitmentLevel::Confirmed)).await;
    let chain = &server.chain;
    let slot = chain.open();
    chain.put(slot, account(1, OWNER, b"one"));
    chain.transact(slot, transaction(4, &[OWNER]));
    chain.put(slot, account(1, OWNER, b"two"));
    chain.seal(slot);
    chain.confirm(slot);
    chain.finalize(slot);
    assert_eq!(
        lines(&mut stream, 8).await,
        [
            "1001 on 1000 slot_created_bank",
            "1001 on 1000 slot_completed",
            "1001 on 1000 slot_processed",
            "1001 transaction 4",
            "1001 account 1 #2",
            "1001 block 1700001001",
            "1001 on 1000 slot_confirmed",
            "1001 on 1000 slot_finalized",
        ]
    );
}

#[tokio::test]
async fn a_fork_is_two_slots_on_one() {
    let server = ScriptedGeyser::start(1).await.unwrap();
    let chain = &server.chain;
    let nothing = Depths {
        confirmed: 99,
        finalized: 99,
    };
    chain.set_depths(nothing);
    chain.hide_lifecycle();
    let mut stream = subscribe(&server, wanted(CommitmentLevel::Processed)).await;
    for slot in [1001, 1002] {
        chain.begin(slot, 1000);
        chain.put(
            slot,
            account(1, OWNER, &[u8::try_from(slot - 1000).unwrap()]),
        );
        chain.freeze(slot);
    }
    chain.begin(1003, 1001);
    chain.freeze(1003);
    [1001, 1003]
        .into_iter()
        .for_each(|slot| chain.confirm(slot));
    let mut told = lines(&mut stream, 10).await;
    told.retain(|line| line.contains("slot"));
    assert_eq!(
        told,
        [
            "1001 on 1000 slot_processed",
            "1002 on 1000 slot_processed",
            "1003 on 1001 slot_processed",
            "1001 on 1000 slot_confirmed",
            "1003 on 1001 slot_confirmed",
        ]
    );
    assert_eq!(chain.slot(CommitmentLevel::Confirmed), 1003);
    assert_eq!(chain.accounts(1003)[0].data, [1]);
    assert_eq!(chain.accounts(1002)[0].data, [2]);
}

#[tokio::test]
async fn what_happened_is_told_again_as_far_as_it_is_kept() {
    let server = ScriptedGeyser::start(1).await.unwrap();
    let chain = &server.chain;
    for number in 1..=3 {
        let slot = chain.open();
        chain.put(slot, account(number, OWNER, b""));
        chain.seal(slot);
    }
    let from = |slot| SubscribeRequest {
        from_slot: Some(slot),
        ..wanted(CommitmentLevel::Processed)
    };
    let mut stream = subscribe(&server, from(1002)).await;
    chain.open();
    assert_eq!(
        lines(&mut stream, 8).await,
        [
            "1002 account 2 #2",
            "1002 block 1700001002",
            "1002 on 1001 slot_processed",
            "1002 on 1001 slot_confirmed",
            "1003 account 3 #3",
            "1003 block 1700001003",
            "1003 on 1002 slot_processed",
            "1004 on 1003 slot_created_bank",
        ]
    );
    chain.forget_before(1003);
    let mut stream = subscribe(&server, from(1002)).await;
    let refused = end(&mut stream).await.unwrap();
    assert_eq!(refused.code(), Code::OutOfRange);
    assert_eq!(
        refused.message(),
        "broadcast from 1002 is not available, last available: 1003"
    );
    let answer = client(&server)
        .await
        .subscribe_replay_info(SubscribeReplayInfoRequest {})
        .await;
    assert_eq!(answer.unwrap().into_inner().first_available, Some(1003));
    let mut stream = subscribe(&server, from(1005)).await;
    let refused = end(&mut stream).await.unwrap();
    assert_eq!(refused.message(), "failed to get replay response");
    chain.forbid_replay();
    let mut stream = subscribe(&server, from(1003)).await;
    let refused = end(&mut stream).await.unwrap();
    assert_eq!(refused.message(), "from_slot is not supported");
}

#[tokio::test]
async fn calls_are_answered_to_whoever_has_the_token() {
    let server = ScriptedGeyser::start(1).await.unwrap();
    server.streams.require_token("secret");
    server.chain.advance(40);
    let mut client = client(&server).await;
    let refused = client.get_version(GetVersionRequest {}).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let refused = client.subscribe(stream::iter([])).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    for (level, expected) in [
        (CommitmentLevel::Processed, 1040),
        (CommitmentLevel::Confirmed, 1039),
        (CommitmentLevel::Finalized, 1008),
    ] {
        let commitment = Some(level.into());
        let mut request = Request::new(GetSlotRequest { commitment });
        request
            .metadata_mut()
            .insert("x-token", "secret".parse().unwrap());
        let answer = client.get_slot(request).await.unwrap();
        assert_eq!(answer.into_inner().slot, expected);
    }
    let mut request = Request::new(PingRequest { count: 3 });
    request
        .metadata_mut()
        .insert("x-token", "secret".parse().unwrap());
    assert_eq!(client.ping(request).await.unwrap().into_inner().count, 3);
}

#[tokio::test]
async fn a_filter_that_cannot_be_understood_ends_the_stream() {
    let server = ScriptedGeyser::start(1).await.unwrap();
    let mut asked = wanted(CommitmentLevel::Processed);
    asked.accounts.get_mut("a").unwrap().owner = vec!["no key".to_owned()];
    let mut stream = subscribe(&server, asked).await;
    let refused = end(&mut stream).await.unwrap();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().starts_with("failed to create filter"));
}

#[tokio::test]
async fn pings_go_both_ways() {
    let server = ScriptedGeyser::start(1).await.unwrap();
    let ping = SubscribeRequest {
        ping: Some(SubscribeRequestPing { id: 4 }),
        ..Default::default()
    };
    let requests = stream::iter([wanted(CommitmentLevel::Processed), ping]);
    let answer = client(&server).await.subscribe(requests).await.unwrap();
    let mut stream = answer.into_inner();
    soon(server.streams.until(|streams| streams.pings() == 1)).await;
    server.chain.ping();
    assert_eq!(lines(&mut stream, 2).await, ["pong 4", "ping"]);
}
