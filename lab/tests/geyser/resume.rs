//! One stream after another.

use std::{collections::BTreeSet, time::Duration};

use lottery_indexer::source::{Event, GeyserConfig, SlotStatus, SlotUpdate};
use lottery_lab::{
    GeyserFault, Rule,
    scripted_geyser::{Code, geyser::CommitmentLevel},
};
use solana_commitment_config::CommitmentConfig;

use crate::{
    source::mirror::{contents, mirror, signatures, slots, snapshots},
    stage::{Run, Stage, number, signature_of},
};

/// A source that has delivered forty slots.
async fn established(commitment: CommitmentConfig) -> (Stage, Run) {
    let stage = Stage::set(commitment).await;
    let mut run = stage.run_subscribed().await;
    stage.play(40);
    run.until_applied(stage.chain().slot(CommitmentLevel::Confirmed))
        .await;
    let finalized = SlotUpdate {
        slot: number(stage.chain().slot(CommitmentLevel::Finalized)),
        parent: Some(number(stage.chain().slot(CommitmentLevel::Finalized) - 1)),
        status: SlotStatus::Finalized,
    };
    run.until(|seen| slots(seen).contains(&finalized)).await;
    (stage, run)
}

/// Loses the stream, and goes on while nobody listens.
async fn outage(stage: &Stage) {
    stage.server.connections.refuse(true);
    stage.server.connections.cut_all();
    stage
        .server
        .streams
        .until(|streams| streams.open() == 0)
        .await;
    stage.play(5);
}

async fn recovered(stage: &Stage, run: &mut Run) {
    stage.server.connections.refuse(false);
    stage.subscribed(2).await;
    stage.play(3);
    let last = stage.chain().slot(CommitmentLevel::Confirmed);
    run.until_applied(last).await;
    let expected = contents(&stage.node.accounts(last));
    assert_eq!(mirror(&run.seen, &[]), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_stream_begins_after_what_is_final() {
    let (stage, mut run) = established(CommitmentConfig::confirmed()).await;
    let finalized = stage.chain().slot(CommitmentLevel::Finalized);
    outage(&stage).await;
    recovered(&stage, &mut run).await;
    assert_eq!(
        stage.server.streams.asked_from(),
        [None, Some(finalized + 1)]
    );
    assert_eq!(stage.node.taken(), 1);
    let told = signatures(&run.seen);
    let last = stage.chain().slot(CommitmentLevel::Confirmed);
    for slot in 1_002..=last {
        assert!(told.contains(&signature_of(slot)), "{slot}");
    }
    assert!(!run.troubles().is_empty());
    assert!(
        !run.seen
            .iter()
            .any(|event| matches!(event, Event::Gap { .. }))
    );
}

/// Then a server does not send again how the newest slot began.
#[tokio::test(flavor = "multi_thread")]
async fn at_processed_a_new_stream_takes_a_snapshot_too() {
    let (stage, mut run) = established(CommitmentConfig::processed()).await;
    let finalized = stage.chain().slot(CommitmentLevel::Finalized);
    outage(&stage).await;
    let slot = stage.chain().open();
    stage.fill(slot);
    stage.server.connections.refuse(false);
    stage.subscribed(2).await;
    stage.chain().seal(slot);
    recovered(&stage, &mut run).await;
    assert_eq!(
        stage.server.streams.asked_from(),
        [None, Some(finalized + 1)]
    );
    let joined = snapshots(&run.seen);
    assert_eq!(joined.len(), 2);
    assert!(joined[1] >= number(slot), "{joined:?}");
}

/// Older servers do not say what is sent again, and what is new.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_beginnings_is_resumed_too() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    stage.chain().hide_lifecycle();
    stage.play(40);
    let config = GeyserConfig {
        silence: Duration::from_millis(100),
        finalized_slot: Some(number(stage.chain().slot(CommitmentLevel::Finalized))),
        ..stage.config()
    };
    let mut run = stage.run_with(config, 64);
    stage.subscribed(1).await;
    let last = stage.play_until_applied(&mut run).await;
    run.until_applied(stage.chain().slot(CommitmentLevel::Processed))
        .await;
    assert_eq!(snapshots(&run.seen).len(), 1);
    let told: BTreeSet<_> = signatures(&run.seen).into_iter().collect();
    assert!((1_010..last).all(|slot| told.contains(&signature_of(slot))));
}

/// What is sent again may be more than there is room for before the snapshot.
#[tokio::test(flavor = "multi_thread")]
async fn much_that_is_sent_again_is_no_obstacle() {
    let (stage, mut run) = established(CommitmentConfig::processed()).await;
    outage(&stage).await;
    stage.play(1_200);
    let slot = stage.chain().open();
    stage.fill(slot);
    stage.server.connections.refuse(false);
    stage.subscribed(2).await;
    stage.chain().seal(slot);
    stage.play(3);
    let last = stage.chain().slot(CommitmentLevel::Processed);
    run.until_applied(last).await;
    assert_eq!(mirror(&run.seen, &[]), contents(&stage.node.accounts(last)));
    let joined = snapshots(&run.seen);
    assert_eq!(joined.len(), 2);
    assert!(joined[1] >= number(slot), "{joined:?}");
    let told: BTreeSet<_> = signatures(&run.seen).into_iter().collect();
    for played in (1_002..slot).chain(slot + 1..=last) {
        assert!(told.contains(&signature_of(played)), "{played}");
    }
    assert_eq!(stage.server.streams.opened(), 2);
}

/// What the server no longer has is known by a snapshot, and told as a gap.
async fn refused(stage: Stage, mut run: Run) {
    let applied = stage.chain().slot(CommitmentLevel::Confirmed);
    outage(&stage).await;
    stage.server.connections.refuse(false);
    stage.subscribed(3).await;
    stage.play(3);
    let last = stage.chain().slot(CommitmentLevel::Confirmed);
    run.until_applied(last).await;
    assert_eq!(mirror(&run.seen, &[]), contents(&stage.node.accounts(last)));
    let asked = stage.server.streams.asked_from();
    assert!(matches!(asked[..], [None, Some(_), None]), "{asked:?}");
    assert_eq!(stage.node.taken(), 2);
    let gaps: Vec<_> = run
        .seen
        .iter()
        .filter(|e| matches!(e, Event::Gap { .. }))
        .collect();
    let [Event::Gap { from, to }] = gaps[..] else {
        panic!("{gaps:?}");
    };
    assert_eq!(*from, number(applied + 1));
    assert!(*to >= number(applied + 5), "{to}");
    let said = run.troubles().concat();
    assert!(said.contains("no longer has slot"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_longer_kept_is_a_gap() {
    let (stage, run) = established(CommitmentConfig::confirmed()).await;
    let newest = stage.chain().slot(CommitmentLevel::Processed);
    stage.chain().forget_before(newest);
    refused(stage, run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_keeps_nothing_is_no_obstacle() {
    let (stage, run) = established(CommitmentConfig::confirmed()).await;
    stage.chain().forbid_replay();
    refused(stage, run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_just_started_is_no_obstacle() {
    let (stage, run) = established(CommitmentConfig::confirmed()).await;
    let refusal = GeyserFault::Refuse(Code::Internal, "failed to get replay response");
    // Another way to refuse: the call fails, and not the stream.
    stage
        .server
        .weather
        .add(Rule::on("Subscribe", refusal).next(1));
    let applied = stage.chain().slot(CommitmentLevel::Confirmed);
    let mut run = run;
    outage(&stage).await;
    stage.server.connections.refuse(false);
    stage.subscribed(2).await;
    stage.play(3);
    let last = stage.chain().slot(CommitmentLevel::Confirmed);
    run.until_applied(last).await;
    assert_eq!(stage.server.streams.asked_from(), [None, None]);
    assert_eq!(mirror(&run.seen, &[]), contents(&stage.node.accounts(last)));
    let from = number(applied + 1);
    let gap = |event: &Event| matches!(event, Event::Gap { from: f, .. } if *f == from);
    assert!(run.seen.iter().any(gap));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_stream_goes_on_from_what_is_stored() {
    let stage = Stage::set(CommitmentConfig::confirmed()).await;
    stage.play(40);
    let finalized = stage.chain().slot(CommitmentLevel::Finalized);
    let config = GeyserConfig {
        finalized_slot: Some(number(finalized)),
        ..stage.config()
    };
    let mut run = stage.run_with(config, 64);
    stage.subscribed(1).await;
    stage.play(2);
    let last = stage.chain().slot(CommitmentLevel::Confirmed);
    run.until_applied(last).await;
    // It need not wait for the snapshot that makes sure.
    assert!(stage.node.taken() <= 1);
    assert_eq!(stage.server.streams.asked_from(), [Some(finalized + 1)]);
    let told = signatures(&run.seen);
    let expected: Vec<_> = (finalized + 1..=last).map(signature_of).collect();
    assert_eq!(told, expected);
    let first = slots(&run.seen)[0];
    assert_eq!(first.parent, Some(number(finalized)));
}
