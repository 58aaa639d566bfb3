//! How the scripted Geyser server misbehaves.

use yellowstone_grpc_proto::{
    geyser::{
        CommitmentLevel, GetSlotRequest, GetVersionRequest, geyser_client::GeyserClient,
        subscribe_update::UpdateOneof,
    },
    prost::Message as _,
    tonic::Code,
};

use super::{
    geyser::{OWNER, account, client, end, lines, subscribe, wanted},
    soon,
};
use crate::{GeyserFault, Rule, ScriptedGeyser};

#[tokio::test]
async fn messages_meet_their_faults() {
    let server = ScriptedGeyser::start(1).await.unwrap();
    let on = |nth: u64, fault| {
        server
            .weather
            .add(Rule::on("account", fault).after(nth).next(1));
    };
    on(0, GeyserFault::Lose);
    on(1, GeyserFault::Twice);
    on(2, GeyserFault::Late(2));
    on(
        5,
        GeyserFault::tamper_with(|update| {
            if let Some(UpdateOneof::Account(update)) = &mut update.update_oneof {
                update.slot = u64::MAX;
            }
        }),
    );
    on(6, GeyserFault::End(Some((Code::Unavailable, "going away"))));
    server.chain.hide_lifecycle();
    let mut stream = subscribe(&server, wanted(CommitmentLevel::Processed)).await;
    let slot = server.chain.open();
    for number in 1..=8 {
        server.chain.put(slot, account(number, OWNER, b""));
    }
    let max = format!("{} account 6 #6", u64::MAX);
    assert_eq!(
        lines(&mut stream, 6).await,
        [
            "1001 account 2 #2",
            "1001 account 2 #2",
            "1001 account 4 #4",
            "1001 account 5 #5",
            "1001 account 3 #3",
            &max,
        ]
    );
    let status = end(&mut stream).await.unwrap();
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unavailable, "going away")
    );
    assert_eq!(server.weather.faults()["twice"], 1);
}

#[tokio::test]
async fn garbage_is_no_message() {
    for fault in [GeyserFault::Truncate, GeyserFault::Noise] {
        let server = ScriptedGeyser::start(1).await.unwrap();
        server.weather.add(Rule::on("account", fault));
        let mut stream = subscribe(&server, wanted(CommitmentLevel::Processed)).await;
        let slot = server.chain.open();
        server.chain.put(slot, account(1, OWNER, b"some data"));
        let status = end(&mut stream).await.unwrap();
        assert_eq!(status.code(), Code::Internal);
        assert!(status.message().contains("decode"), "{status}");
    }
}

#[tokio::test]
async fn a_silent_stream_says_nothing_while_calls_are_answered() {
    let server = ScriptedGeyser::start(1).await.unwrap();
    server.chain.hide_lifecycle();
    let mut stream = subscribe(&server, wanted(CommitmentLevel::Confirmed)).await;
    server.streams.set_silent(true);
    server.chain.advance(2);
    let mut client = client(&server).await;
    let answer = client.get_slot(GetSlotRequest { commitment: None });
    assert_eq!(answer.await.unwrap().into_inner().slot, 1002);
    assert_eq!(server.streams.handed(), 0);
    server.streams.set_silent(false);
    let told = lines(&mut stream, 4).await;
    assert_eq!(told[0], "1001 on 1000 slot_processed");
    assert_eq!(told[3], "1001 on 1000 slot_confirmed");
}

#[tokio::test]
async fn a_stream_that_lags_is_slots_behind() {
    let server = ScriptedGeyser::start(1).await.unwrap();
    server.chain.hide_lifecycle();
    server.streams.set_lag(3);
    let mut stream = subscribe(&server, wanted(CommitmentLevel::Processed)).await;
    server.chain.advance(3);
    assert_eq!(server.streams.handed(), 0);
    server.chain.advance(1);
    let told = lines(&mut stream, 2).await;
    assert_eq!(told[1], "1001 on 1000 slot_processed");
}

#[tokio::test]
async fn who_does_not_read_is_not_sent_and_in_the_end_disconnected() {
    let server = ScriptedGeyser::start(1).await.unwrap();
    let mut stream = subscribe(&server, wanted(CommitmentLevel::Processed)).await;
    let slot = server.chain.open();
    let big = vec![0; 100_000];
    for _ in 0..400 {
        server.chain.put(slot, account(1, OWNER, &big));
    }
    // 40 MB do not fit in what HTTP/2 lets through unread, and some of them do.
    soon(server.streams.until(|streams| streams.handed() > 5)).await;
    assert!(server.streams.handed() < 200, "{}", server.streams.handed());
    let update = soon(stream.message()).await.unwrap().unwrap();
    assert!(update.encoded_len() < 200_000);
    server.chain.set_capacity(100);
    server.chain.put(slot, account(1, OWNER, &big));
    let status = end(&mut stream).await.unwrap();
    assert_eq!(status.message(), "lagged to send an update");
    soon(server.streams.until(|streams| streams.open() == 0)).await;
}

#[tokio::test]
async fn connections_are_cut_and_refused() {
    let server = ScriptedGeyser::start(1).await.unwrap();
    let mut stream = subscribe(&server, wanted(CommitmentLevel::Processed)).await;
    server.connections.cut_all();
    assert!(end(&mut stream).await.is_some());
    soon(server.streams.until(|streams| streams.open() == 0)).await;
    server.connections.refuse(true);
    let refused = match GeyserClient::connect(server.url()).await {
        Ok(mut client) => client.get_version(GetVersionRequest {}).await.is_err(),
        Err(_) => true,
    };
    assert!(refused);
}
