//! Forks are told as slots with parents; whoever reads resolves them.

use lottery_indexer::source::{SlotStatus, SlotUpdate};
use lottery_lab::{scripted_geyser::geyser::CommitmentLevel, scripted_rpc::Depths};
use solana_commitment_config::CommitmentConfig;

use crate::{
    source::mirror::{assert_orderly, contents, mirror, slots, transactions},
    stage::{Run, Stage, account, number, signature_of, transaction},
};

fn told(slot: u64, parent: u64, status: SlotStatus) -> SlotUpdate {
    SlotUpdate {
        slot: number(slot),
        parent: Some(number(parent)),
        status,
    }
}

/// Two blocks on one, each with its own idea of one account, and one transaction in both.
/// Returns the three slots, of which the first is the one that both build on.
async fn forked(stage: &Stage, run: &mut Run) -> [u64; 3] {
    let chain = stage.chain();
    stage.play(3);
    let base = chain.slot(CommitmentLevel::Processed);
    run.until_applied(base).await;
    chain.set_depths(Depths {
        confirmed: 1_000,
        finalized: 1_000,
    });
    for (slot, data) in [(base + 1, b"loses"), (base + 2, b"wins ")] {
        chain.begin(slot, base);
        chain.put(slot, account(0, data));
        chain.transact(slot, transaction(5_000));
        chain.transact(slot, transaction(slot));
        chain.freeze(slot);
    }
    [base, base + 1, base + 2]
}

async fn a_fork_ends(kill: bool) {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let chain = stage.chain();
    let mut run = stage.run_subscribed().await;
    let [base, loser, winner] = forked(&stage, &mut run).await;
    if kill {
        chain.kill(loser);
    }
    chain.confirm(base);
    chain.confirm(winner);
    chain.begin(winner + 1, winner);
    chain.freeze(winner + 1);
    chain.confirm(winner + 1);
    for slot in [base, winner, winner + 1] {
        chain.finalize(slot);
    }
    let last = told(winner + 1, winner, SlotStatus::Finalized);
    run.until(|seen| slots(seen).contains(&last)).await;

    let mut fates = slots(&run.seen);
    fates.retain(|update| update.slot > number(base));
    let processed = SlotStatus::Processed;
    let mut expected = vec![told(loser, base, processed), told(winner, base, processed)];
    if kill {
        expected.push(told(loser, base, SlotStatus::Dead));
    }
    expected.extend([
        told(winner, base, SlotStatus::Confirmed),
        told(winner + 1, winner, processed),
        told(winner + 1, winner, SlotStatus::Confirmed),
        told(winner, base, SlotStatus::Finalized),
        last,
    ]);
    assert_eq!(fates, expected);
    // What happened on either is told with its slot, also what happened on both.
    let both: Vec<_> = transactions(&run.seen)
        .iter()
        .filter(|t| t.signature == signature_of(5_000))
        .map(|t| t.slot)
        .collect();
    assert_eq!(both, [number(loser), number(winner)]);
    let expected = contents(&stage.node.accounts(winner + 1));
    assert_eq!(mirror(&run.seen, &[number(loser)]), expected);
    assert_orderly(&run.seen);
    assert!(run.troubles().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_that_dies_is_told_with_its_parents() {
    a_fork_ends(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_that_is_never_confirmed_is_told_with_its_parents() {
    a_fork_ends(false).await;
}

/// A block that was dropped may be executed again.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_slot_may_come_back() {
    let stage = Stage::set(CommitmentConfig::processed()).await;
    let chain = stage.chain();
    let mut run = stage.run_subscribed().await;
    let [base, slot, other] = forked(&stage, &mut run).await;
    chain.kill(slot);
    chain.begin(slot, base);
    chain.put(slot, account(0, b"again"));
    chain.freeze(slot);
    let again = told(slot, base, SlotStatus::Processed);
    run.until(|seen| {
        slots(seen)
            .iter()
            .filter(|update| **update == again)
            .count()
            == 2
    })
    .await;
    let expected = contents(&stage.node.accounts(slot));
    assert_eq!(mirror(&run.seen, &[number(other)]), expected);
}

/// At higher commitments nothing of a fork is told.
#[tokio::test(flavor = "multi_thread")]
async fn at_confirmed_only_the_winner_is_told() {
    let stage = Stage::set(CommitmentConfig::confirmed()).await;
    let chain = stage.chain();
    let mut run = stage.run_subscribed().await;
    stage.play(2);
    run.until_applied(chain.slot(CommitmentLevel::Confirmed))
        .await;
    let base = chain.slot(CommitmentLevel::Processed);
    for slot in [base + 1, base + 2] {
        chain.begin(slot, base);
        stage.fill(slot);
        chain.freeze(slot);
    }
    chain.confirm(base);
    chain.confirm(base + 2);
    run.until_applied(base + 2).await;
    let told = |slot: u64| {
        transactions(&run.seen)
            .iter()
            .any(|t| t.slot == number(slot))
    };
    assert!(!told(base + 1) && told(base + 2));
    let expected = contents(&stage.node.accounts(base + 2));
    assert_eq!(mirror(&run.seen, &[]), expected);
    assert_orderly(&run.seen);
}
