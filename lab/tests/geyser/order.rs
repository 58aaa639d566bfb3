//! Messages that come twice, late or never.

use std::{collections::BTreeSet, time::Duration};

use lottery_indexer::source::{Event, GeyserConfig};
use lottery_lab::{GeyserFault, Rule, Seen, scripted_geyser::geyser::CommitmentLevel};
use solana_commitment_config::CommitmentConfig;

use crate::{
    source::mirror::{
        assert_orderly, contents, mirror, signatures, slots, snapshots, transactions,
    },
    stage::{Run, Stage, number, signature_of},
};

fn in_slot(slot: u64) -> impl Fn(&Seen) -> bool + Send + Sync + 'static {
    move |seen| seen.params["slot"] == slot
}

/// Plays five slots; rules strike the middle one. Returns it.
async fn struck(stage: &Stage, run: &mut Run, rules: &[(&str, GeyserFault)]) -> u64 {
    stage.play(2);
    let slot = stage.chain().slot(CommitmentLevel::Processed) + 1;
    for (kind, fault) in rules {
        let rule = Rule::on(*kind, fault.clone()).only_if(in_slot(slot));
        stage.server.weather.add(rule);
    }
    stage.play(3);
    run.until_applied(slot + 2).await;
    slot
}

async fn all_is_well(rules: &[(&str, GeyserFault)]) -> (Stage, Run, u64) {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let mut run = stage.run_subscribed().await;
    let slot = struck(&stage, &mut run, rules).await;
    let expected = contents(&stage.node.accounts(slot + 2));
    assert_eq!(mirror(&run.seen, &[]), expected);
    let told: BTreeSet<_> = (slot - 2..=slot + 2).map(signature_of).collect();
    assert_eq!(BTreeSet::from_iter(signatures(&run.seen)), told);
    assert_eq!((stage.node.taken(), run.troubles().len()), (1, 0));
    (stage, run, slot)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_twice_is_told_once_where_that_matters() {
    let twice = GeyserFault::Twice;
    let kinds = ["account", "transaction", "slot", "block_meta"];
    let (_stage, run, _) = all_is_well(&kinds.map(|kind| (kind, twice.clone()))).await;
    let told = slots(&run.seen);
    let mut once = told.clone();
    once.dedup();
    assert_eq!(told, once);
    assert_eq!(transactions(&run.seen).len(), 5);
}

/// The block comes after the status that it belongs before.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_block_still_gives_its_time() {
    let (_stage, run, slot) = all_is_well(&[("block_meta", GeyserFault::Late(1))]).await;
    let timed = |t: &&&lottery_indexer::source::TransactionUpdate| t.block_time.is_some();
    assert_eq!(
        transactions(&run.seen).iter().filter(timed).count(),
        5,
        "{slot}"
    );
    assert_orderly(&run.seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_a_slot_may_change_places() {
    let (_stage, run, _) = all_is_well(&[("account", GeyserFault::Late(1))]).await;
    assert_orderly(&run.seen);
}

/// A slot's status comes after that of the one that builds on it.
#[tokio::test(flavor = "multi_thread")]
async fn slots_may_change_places() {
    let (_stage, run, slot) = all_is_well(&[("slot", GeyserFault::Late(8))]).await;
    assert!(
        slots(&run.seen)
            .iter()
            .any(|update| update.slot == number(slot))
    );
    assert!(
        !run.seen
            .iter()
            .any(|event| matches!(event, Event::Gap { .. }))
    );
}

/// Its transactions wait until it is confirmed, and are told without a time.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_never_comes_is_not_waited_for() {
    let (_stage, run, slot) = all_is_well(&[("block_meta", GeyserFault::Lose)]).await;
    let times: Vec<_> = transactions(&run.seen)
        .iter()
        .filter(|t| t.block_time.is_none())
        .map(|t| t.slot)
        .collect();
    assert_eq!(times, [number(slot)]);
    assert_orderly(&run.seen);
}

/// Slots without blocks are no gap.
#[tokio::test(flavor = "multi_thread")]
async fn skipped_slots_are_not_missed() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let mut run = stage.run_subscribed().await;
    stage.play(3);
    stage.chain().skip(5);
    stage.play(15);
    run.until_applied(stage.chain().slot(CommitmentLevel::Processed))
        .await;
    assert!(
        !run.seen
            .iter()
            .any(|event| matches!(event, Event::Gap { .. }))
    );
    assert_eq!(stage.node.taken(), 1);
    assert_orderly(&run.seen);
}

async fn missed(commitment: CommitmentConfig, level: CommitmentLevel) {
    let stage = Stage::set(commitment).await;
    let mut run = stage.run_subscribed().await;
    stage.play(3);
    run.until_applied(stage.chain().slot(CommitmentLevel::Confirmed))
        .await;
    let first = stage.chain().slot(CommitmentLevel::Processed) + 1;
    let lost = |seen: &Seen| seen.params["slot"].as_u64();
    let lose = Rule::any(GeyserFault::Lose)
        .only_if(move |seen| lost(seen).is_some_and(|slot| (first..first + 3).contains(&slot)));
    let rule = stage.server.weather.add(lose);
    stage.play(20);
    let gap = Event::Gap {
        from: number(first),
        to: number(first + 2),
    };
    run.until_event(|event| *event == gap).await;
    assert!(stage.server.weather.hits(rule) > 0);
    run.until(|seen| snapshots(seen).len() == 2).await;
    stage.play(2);
    let last = stage.chain().slot(level);
    run.until_applied(last).await;
    let expected = contents(&stage.node.accounts(last));
    assert_eq!(mirror(&run.seen, &[]), expected);
    // In the same stream.
    assert_eq!(stage.server.streams.opened(), 1);
    // Nothing is said to be applied that was missing, before it was made up for.
    let said = run.seen.iter().position(|event| *event == gap).unwrap();
    let before = run.seen[..said].iter().filter_map(|event| match event {
        Event::Progress { applied, .. } => Some(*applied),
        _ => None,
    });
    assert!(before.max().unwrap() < number(first));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_told_and_a_snapshot_makes_up_for_it_at_processed() {
    missed(CommitmentConfig::processed(), CommitmentLevel::Processed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_told_and_a_snapshot_makes_up_for_it_at_confirmed() {
    missed(CommitmentConfig::confirmed(), CommitmentLevel::Confirmed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lag_is_told() {
    let stage = Stage::set(CommitmentConfig::confirmed()).await;
    let mut run = stage.run_subscribed().await;
    stage.play(3);
    run.until_applied(stage.chain().slot(CommitmentLevel::Confirmed))
        .await;
    stage.server.streams.set_lag(10);
    stage.play(20);
    let last = number(stage.chain().slot(CommitmentLevel::Confirmed));
    run.until_event(|event| {
        matches!(event, Event::Progress { applied, chain } if *chain == last && *applied < last - 5)
    })
    .await;
    stage.server.streams.set_lag(0);
    run.until_applied(stage.chain().slot(CommitmentLevel::Confirmed))
        .await;
    assert_orderly(&run.seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_is_given_up_while_the_chain_goes_on() {
    let stage = Stage::set(CommitmentConfig::confirmed()).await;
    let config = GeyserConfig {
        silence: Duration::from_millis(100),
        ..stage.config()
    };
    let mut run = stage.run_with(config, 64);
    stage.subscribed(1).await;
    stage.play(3);
    run.until_applied(stage.chain().slot(CommitmentLevel::Confirmed))
        .await;
    // A chain that stands still is silent, too.
    stage.node.until_asked(30).await;
    assert_eq!(stage.server.streams.opened(), 1);
    stage.server.streams.set_silent(true);
    let mut opened = 1;
    while opened < 2 {
        stage.play(1);
        stage.node.until_asked(1).await;
        opened = stage.server.streams.opened();
    }
    stage.server.streams.set_silent(false);
    let last = stage.play_until_applied(&mut run).await;
    let said = run.troubles().concat();
    assert!(said.contains("told of no slot"), "{said}");
    assert_eq!(mirror(&run.seen, &[]), contents(&stage.node.accounts(last)));
}
