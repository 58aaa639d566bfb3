//! Where a snapshot and the stream meet.

use lottery_indexer::source::Event;
use lottery_lab::scripted_geyser::{ScriptedTransaction, geyser::CommitmentLevel};
use solana_commitment_config::CommitmentConfig;

use crate::{
    source::mirror::{assert_orderly, contents, mirror, signatures, snapshots, transactions},
    stage::{Stage, account, address_of, number, signature_of, transaction},
};

/// Subscribes in the middle of a slot.
async fn join_in_the_middle(commitment: CommitmentConfig, hide_lifecycle: bool) {
    let stage = Stage::set(commitment).await;
    let chain = stage.chain();
    if hide_lifecycle {
        chain.hide_lifecycle();
    }
    stage.play(3);
    let slot = chain.open();
    chain.put(slot, account(1, b"before the stream"));
    chain.put(slot, account(0, b"in the middle"));
    chain.transact(slot, transaction(1));
    let mut run = stage.run_subscribed().await;
    chain.put(slot, account(2, b"in the stream"));
    chain.transact(slot, transaction(2));
    chain.seal(slot);
    stage.play(4);
    chain.advance(2);
    let last = chain.slot(CommitmentLevel::Confirmed);
    run.until_applied(last).await;

    let expected = contents(&stage.node.accounts(last));
    assert_eq!(mirror(&run.seen, &[]), expected);
    // It knows the slot in the middle of which the stream began.
    let joined = snapshots(&run.seen);
    assert_eq!(joined.len(), 1);
    assert!(joined[0] >= number(slot), "{joined:?}");
    // Every transaction once; before the stream there is one that the ledger has to look
    // for, unless it was sent with its whole slot.
    let whole = commitment != CommitmentConfig::processed();
    let mut told: Vec<_> = (slot + 1..=slot + 4).map(signature_of).collect();
    told.insert(0, signature_of(2));
    if whole {
        told.insert(0, signature_of(1));
        // It became confirmed while the stream was open.
        told.insert(0, signature_of(slot - 1));
    }
    assert_eq!(signatures(&run.seen), told);
    let first = run
        .seen
        .iter()
        .find(|event| !matches!(event, Event::Begin | Event::Part(_)));
    assert!(matches!(first, Some(Event::Complete { .. })), "{first:?}");
    assert_orderly(&run.seen);
    assert!(run.troubles().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missing_or_doubled_at_processed() {
    join_in_the_middle(CommitmentConfig::processed(), false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missing_or_doubled_where_no_beginnings_are_told() {
    join_in_the_middle(CommitmentConfig::processed(), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missing_or_doubled_at_confirmed() {
    join_in_the_middle(CommitmentConfig::confirmed(), false).await;
}

/// The node for snapshots is not the one that streams.
#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_waits_for_a_node_that_is_behind() {
    let stage = Stage::set(CommitmentConfig::confirmed()).await;
    stage.play(5);
    stage.node.set_behind(3);
    let mut run = stage.run_subscribed().await;
    stage.play(1);
    let began = stage.chain().slot(CommitmentLevel::Confirmed);
    stage.node.until_asked(5).await;
    assert_eq!(stage.node.taken(), 0);
    stage.node.set_behind(0);
    run.until_applied(began).await;
    assert_eq!(snapshots(&run.seen), [number(began)]);
}

/// A chain that stands still begins no slot, and has accounts nevertheless.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_stands_still_is_joined_too() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    stage.play(2);
    let config = lottery_indexer::source::GeyserConfig {
        silence: std::time::Duration::from_millis(50),
        ..stage.config()
    };
    let mut run = stage.run_with(config, 64);
    run.until(|seen| !snapshots(seen).is_empty()).await;
    assert!(run.troubles().is_empty());
}

/// What waits for the snapshot is bounded, and comes in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_waits_for_its_snapshot() {
    let stage = Stage::set(CommitmentConfig::confirmed()).await;
    stage.play(2);
    stage.node.set_open(false);
    let mut run = stage.run_subscribed().await;
    stage.play(40);
    stage.node.until_asked(1).await;
    assert!(run.events.try_recv().is_err());
    stage.node.set_open(true);
    let last = stage.chain().slot(CommitmentLevel::Confirmed);
    run.until_applied(last).await;
    let expected = contents(&stage.node.accounts(last));
    assert_eq!(mirror(&run.seen, &[]), expected);
    assert_orderly(&run.seen);
}

/// What came and went before the snapshot is not told after it: nobody would tell that it
/// went.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_snapshot_knows_to_be_gone_does_not_come_back() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let chain = stage.chain();
    stage.node.set_open(false);
    let mut run = stage.run_subscribed().await;
    stage.play(3);
    let short_lived = chain.slot(CommitmentLevel::Processed);
    let slot = chain.open();
    chain.close(slot, address_of(short_lived));
    chain.seal(slot);
    stage.play(3);
    stage.node.set_open(true);
    let last = chain.slot(CommitmentLevel::Processed);
    run.until_applied(last).await;
    let expected = contents(&stage.node.accounts(last));
    assert!(!expected.contains_key(&address_of(short_lived)));
    assert_eq!(mirror(&run.seen, &[]), expected);
    assert_orderly(&run.seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_give_transactions_their_times() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let mut run = stage.run_subscribed().await;
    stage.play(3);
    let slot = stage.chain().open();
    stage.fill(slot);
    stage.chain().set_time(slot, None);
    stage.chain().seal(slot);
    run.until_applied(slot).await;
    let times: Vec<_> = transactions(&run.seen)
        .iter()
        .map(|t| (t.slot, t.block_time))
        .collect();
    let timed = |slot| (slot, Some(1_700_000_000 + slot));
    let slot = number(slot);
    let expected = [
        timed(slot - 3),
        timed(slot - 2),
        timed(slot - 1),
        (slot, None),
    ];
    assert_eq!(times, expected);
}

/// The subscription is to accounts of ours, and a closed account is the system program's.
#[tokio::test(flavor = "multi_thread")]
async fn closed_accounts_are_told_by_the_transactions_that_closed_them() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let chain = stage.chain();
    stage.play(2);
    let gone = chain.slot(CommitmentLevel::Processed);
    let mut run = stage.run_subscribed().await;
    stage.play(2);
    let slot = chain.open();
    chain.put(slot, account(gone, b"the last thing it says"));
    chain.close(slot, address_of(gone));
    let closing = ScriptedTransaction {
        keys: transaction(gone).keys,
        balances: vec![(9_000, 10_000), (1_000, 0), (1, 1)],
        ..transaction(slot)
    };
    chain.transact(slot, closing);
    // Closed and created again in one slot: it is there.
    let again = gone - 1;
    let close = ScriptedTransaction {
        signature: signature_of(7_001),
        balances: vec![(9_000, 10_000), (1_000, 0), (1, 1)],
        ..transaction(again)
    };
    let create = ScriptedTransaction {
        signature: signature_of(7_002),
        balances: vec![(9_000, 8_000), (0, 1_000), (1, 1)],
        ..transaction(again)
    };
    chain.close(slot, address_of(again));
    chain.transact(slot, close);
    chain.put(slot, account(again, b"again"));
    chain.transact(slot, create);
    chain.seal(slot);
    chain.advance(1);
    run.until_applied(slot).await;
    let expected = contents(&stage.node.accounts(slot));
    assert!(!expected.contains_key(&address_of(gone)));
    assert!(expected.contains_key(&address_of(again)));
    assert_eq!(mirror(&run.seen, &[]), expected);
    assert_orderly(&run.seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_taken_when_somebody_wants_them() {
    let stage = Stage::set(CommitmentConfig::confirmed()).await;
    let mut run = stage.run_subscribed().await;
    stage.play(3);
    run.until(|seen| !snapshots(seen).is_empty()).await;
    stage.again.notify_one();
    run.until(|seen| snapshots(seen).len() == 2).await;
    // A node that fails then is no reason to give up the stream.
    stage.node.set_down(true);
    stage.again.notify_one();
    run.until_event(|event| matches!(event, Event::Trouble(_)))
        .await;
    stage.node.set_down(false);
    stage.play(2);
    let last = stage.chain().slot(CommitmentLevel::Confirmed);
    run.until_applied(last).await;
    assert_eq!(stage.server.streams.opened(), 1);
}
