//! Connections, and who waits for whom.

use std::io::Write as _;

use lottery_indexer::source::{
    Event, GeyserConfig,
    geyser::{About, Authorities, GeyserError, GeyserServer, about},
};
use lottery_lab::{
    GeyserFault, Rule, ScriptedGeyser,
    scripted_geyser::{
        Code,
        geyser::{CommitmentLevel, PingRequest, geyser_client::GeyserClient},
    },
};
use solana_commitment_config::CommitmentConfig;

use crate::{
    source::mirror::{contents, mirror},
    stage::{PATIENCE, Stage, account, in_time},
};

/// Writes as much as fits in no window and no buffer, 60 MB, and waits for the server to be
/// held back. Returns the slot.
async fn flood(stage: &Stage) -> u64 {
    let streams = &stage.server.streams;
    let before = streams.handed();
    let slot = stage.chain().open();
    for number in 0..600 {
        let data = vec![u8::try_from(number % 250 + 1).unwrap(); 100_000];
        stage.chain().put(slot, account(number, &data));
    }
    stage.chain().seal(slot);
    in_time(streams.until(|streams| streams.handed() > before + 5)).await;
    // Meanwhile it could send more, and does not: what nobody reads is bounded.
    let mut client = GeyserClient::connect(stage.server.url()).await.unwrap();
    for count in 0..300 {
        client.ping(PingRequest { count }).await.unwrap();
    }
    let sent = streams.handed() - before;
    assert!(sent < 200, "{sent} messages of 100 kB");
    slot
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_writer_holds_the_server_back() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let mut run = stage.run_with(stage.config(), 4);
    stage.subscribed(1).await;
    stage.play(3);
    run.until_applied(stage.chain().slot(CommitmentLevel::Processed))
        .await;
    let slot = flood(&stage).await;
    run.until_applied(slot).await;
    let expected = contents(&stage.node.accounts(slot));
    assert_eq!(mirror(&run.seen, &[]), expected);
    assert_eq!(stage.server.streams.opened(), 1);
}

/// Whatever the stream brings before the snapshot, memory is bounded.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_snapshot_holds_the_server_back() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    stage.node.set_open(false);
    let mut run = stage.run_subscribed().await;
    stage.play(1);
    flood(&stage).await;
    stage.play(2);
    stage.node.set_open(true);
    let last = stage.chain().slot(CommitmentLevel::Processed);
    run.until_applied(last).await;
    let expected = contents(&stage.node.accounts(last));
    assert_eq!(mirror(&run.seen, &[]), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_it_at_once() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let mut run = stage.run_with(stage.config(), 1);
    stage.subscribed(1).await;
    // While it waits for a snapshot, for its writer, and for a server.
    run.stop.cancel();
    in_time(&mut run.task).await.unwrap();

    let mut run = stage.run_with(stage.config(), 1);
    stage.subscribed(2).await;
    stage.play(50);
    in_time(stage.server.streams.until(|streams| streams.handed() > 50)).await;
    run.stop.cancel();
    in_time(&mut run.task).await.unwrap();

    stage.server.connections.refuse(true);
    let mut run = stage.run();
    run.until_event(|event| matches!(event, Event::Trouble(_)))
        .await;
    run.stop.cancel();
    in_time(&mut run.task).await.unwrap();
    let streams = &stage.server.streams;
    in_time(streams.until(|streams| streams.open() == 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_nobody_listens() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let mut run = stage.run_subscribed().await;
    stage.play(3);
    run.until_applied(stage.chain().slot(CommitmentLevel::Processed))
        .await;
    run.events.close();
    while run.events.recv().await.is_some() {}
    stage.play(1);
    in_time(&mut run.task).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_says_what_to_do() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    stage.server.streams.require_token("right");
    let with = |token: &str| GeyserConfig {
        server: stage.with_token(token),
        ..stage.config()
    };
    let mut run = stage.run_with(with("wrong"), 64);
    run.until_event(|event| matches!(event, Event::Trouble(_)))
        .await;
    let said = run.troubles().concat();
    assert!(
        said.contains("set the x-token that its operator gave out"),
        "{said}"
    );
    assert!(!said.contains("wrong"), "{said}");
    assert!(!format!("{:?}", with("wrong")).contains("wrong"));

    let _run = stage.run_with(with("right"), 64);
    stage.subscribed(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_tried_again() {
    let stage = Stage::set(CommitmentConfig::confirmed()).await;
    stage.server.connections.refuse(true);
    let mut run = stage.run();
    run.until(|seen| seen.len() >= 2).await;
    let said = run.troubles().concat();
    assert!(said.contains("the Geyser server"), "{said}");
    stage.server.connections.refuse(false);
    stage.subscribed(1).await;
    stage.play(3);
    run.until_applied(stage.chain().slot(CommitmentLevel::Confirmed))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_says_what_it_is() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    stage.server.streams.require_token("right");
    stage.chain().forget_before(1_234);
    let right = stage.with_token("right");
    let said = about(&right, PATIENCE).await.unwrap();
    let expected = About {
        version: "14.0.0".to_owned(),
        first_slot: Some(1_234),
    };
    assert_eq!(said, expected);
    let nobody = stage.at(&stage.server.url());
    let refused = about(&nobody, PATIENCE).await.unwrap_err();
    assert!(matches!(refused, GeyserError::Token(_)), "{refused}");
    let unknown = GeyserFault::Refuse(Code::Unimplemented, "unknown method");
    let weather = &stage.server.weather;
    weather.add(Rule::on("SubscribeReplayInfo", unknown));
    let said = about(&right, PATIENCE).await.unwrap();
    assert_eq!(said.first_slot, None);
    weather.add(Rule::on("GetVersion", GeyserFault::Hang));
    let short = std::time::Duration::from_millis(100);
    let late = about(&right, short).await.unwrap_err();
    assert!(matches!(late, GeyserError::Timeout(_)), "{late}");
}

/// This one has no certificate; what matters is that somebody can find out.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_said_to_have_none() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let config = GeyserConfig {
        server: stage.at(&stage.server.url().replace("http://", "https://")),
        ..stage.config()
    };
    let mut run = stage.run_with(config, 64);
    run.until_event(|event| matches!(event, Event::Trouble(_)))
        .await;
    let said = run.troubles().concat();
    assert!(said.contains("cannot be reached"), "{said}");
    assert!(said.contains("InvalidContentType"), "{said}");
}

/// One of an operator who is his own authority.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_believed_for_who_vouches_for_it() {
    let server = ScriptedGeyser::start_secure_after(1_000, 7).await.unwrap();
    let stage = Stage::of(server, CommitmentConfig::confirmed());
    let stranger = stage.at(&stage.server.url());
    let refused = about(&stranger, PATIENCE).await.unwrap_err().to_string();
    assert!(refused.contains("geyser_ca"), "{refused}");
    let mut run = stage.run();
    run.until_event(|event| matches!(event, Event::Trouble(_)))
        .await;
    assert_eq!(stage.server.streams.subscribed(), 0);

    let mut file = tempfile::NamedTempFile::new().unwrap();
    let authority = stage.server.authority().unwrap();
    file.write_all(authority.as_bytes()).unwrap();
    let known = GeyserServer {
        authorities: Some(Authorities::read(file.path()).unwrap()),
        ..stranger
    };
    let config = GeyserConfig {
        server: known,
        ..stage.config()
    };
    let mut run = stage.run_with(config, 64);
    stage.subscribed(1).await;
    stage.play(3);
    run.until_applied(stage.chain().slot(CommitmentLevel::Confirmed))
        .await;
    assert!(run.troubles().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_ends_is_opened_again() {
    let slow = Some((Code::Internal, "lagged to send an update"));
    for end in [None, slow] {
        let stage = Stage::set(CommitmentConfig::confirmed()).await;
        let mut run = stage.run_subscribed().await;
        let end = Rule::on("account", GeyserFault::End(end)).after(20).next(1);
        stage.server.weather.add(end);
        stage.play(60);
        run.until_event(|event| matches!(event, Event::Trouble(_)))
            .await;
        stage.subscribed(2).await;
        stage.play(2);
        let last = stage.chain().slot(CommitmentLevel::Confirmed);
        run.until_applied(last).await;
        assert_eq!(mirror(&run.seen, &[]), contents(&stage.node.accounts(last)));
        let said = run.troubles().concat();
        assert!(said.contains("ended the stream"), "{said}");
    }
}

/// A call that is never answered does not hold it up for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_is_given_up() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    stage
        .server
        .weather
        .add(Rule::on("Subscribe", GeyserFault::Hang).next(1));
    let config = GeyserConfig {
        connect_timeout: std::time::Duration::from_millis(500),
        ..stage.config()
    };
    let mut run = stage.run_with(config, 64);
    run.until_event(|event| matches!(event, Event::Trouble(_)))
        .await;
    stage.subscribed(1).await;
    stage.play(2);
    run.until_applied(stage.chain().slot(CommitmentLevel::Processed))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pings_are_answered() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let _run = stage.run_subscribed().await;
    stage.chain().ping();
    in_time(stage.server.streams.until(|streams| streams.pings() == 1)).await;
}
