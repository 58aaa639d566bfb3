//! Snapshots in as many parts as it takes.

use std::collections::BTreeSet;

use anchor_lang::Discriminator as _;
use bytemuck::Zeroable as _;
use futures_util::StreamExt as _;
use lottery_client::lottery::{self, state::Entry};
use lottery_indexer::source::{Event, RpcSnapshots, Snapshots as _, SourceError};
use lottery_lab::{Decision, Moment, RpcFault, Rule};
use solana_account::Account;

use crate::{
    source::{
        mirror::mirror,
        run::{in_time, number},
        tables::lane,
    },
    stage::{Stage, address_of},
};

/// Many entries, some lanes, and accounts of others.
async fn crowd() -> Stage {
    let stage = Stage::set().await;
    for account in 0..2_000u64 {
        let mut entry = Entry::zeroed();
        entry.joined_at = 1_700_000_000 + i64::try_from(account / 2).unwrap();
        entry.player = address_of(account).to_bytes().into();
        let data = [Entry::DISCRIMINATOR, bytemuck::bytes_of(&entry)].concat();
        stage.put(account, &data);
    }
    for account in 5_000..5_020 {
        stage.put(account, &lane(account));
    }
    stage
}

async fn take(snapshots: &RpcSnapshots, least: i64) -> Result<Vec<Event>, SourceError> {
    let pieces = snapshots.take(least).collect::<Vec<_>>();
    in_time(pieces).await.into_iter().collect()
}

fn asked(stage: &Stage) -> u64 {
    stage.node.weather.count("getProgramAccounts")
}

#[tokio::test(flavor = "multi_thread")]
async fn few_accounts_take_one_question() {
    let stage = crowd().await;
    let events = take(&stage.snapshots(), 0).await.unwrap();
    assert_eq!(mirror(&events, &[]), stage.contents());
    assert_eq!(asked(&stage), 1);
    assert_eq!(events.first(), Some(&Event::Begin));
    assert!(matches!(events.last(), Some(Event::Complete { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_for_one_answer_is_asked_for_in_parts() {
    let stage = crowd().await;
    let snapshots = stage.snapshots().with_largest_answer(100_000);
    let events = take(&snapshots, 0).await.unwrap();
    assert_eq!(mirror(&events, &[]), stage.contents());
    let mut seen = BTreeSet::new();
    for event in &events {
        if let Event::Part(accounts) = event {
            assert!(accounts.len() < 300, "{}", accounts.len());
            assert!(accounts.iter().all(|account| seen.insert(account.address)));
        }
    }
    // All at once, every kind, and every value of one byte of an entry.
    assert_eq!(asked(&stage), 1 + 7 + 256);
    // What was too much is not asked for again.
    take(&snapshots, 0).await.unwrap();
    assert_eq!(asked(&stage), 2 * (1 + 7 + 256) - 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_parted_is_refused() {
    let stage = Stage::set().await;
    for account in 0..100 {
        stage.put(account, &lane(account));
    }
    let snapshots = stage.snapshots().with_largest_answer(1_000);
    let refused = take(&snapshots, 0).await;
    assert!(
        matches!(refused, Err(SourceError::TooLong(1_000))),
        "{refused:?}"
    );
}

/// Parts are read one after the other, and the chain goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_of_the_lowest_slot_of_its_parts() {
    let stage = crowd().await;
    let ledger = stage.ledger().clone();
    stage.node.weather.on_request(move |seen| {
        if &*seen.method == "getProgramAccounts" && seen.moment == Moment::BeforeForward {
            ledger.advance(1);
        }
        async { Decision::Pass }
    });
    let before = number(stage.ledger().slot());
    let events = take(&stage.snapshots().with_largest_answer(100_000), 0)
        .await
        .unwrap();
    let slots: BTreeSet<i64> = events
        .iter()
        .filter_map(|event| match event {
            Event::Part(accounts) => Some(accounts.iter().map(|account| account.slot)),
            _ => None,
        })
        .flatten()
        .collect();
    assert!(slots.len() > 100, "{}", slots.len());
    let Some(Event::Complete { slot }) = events.last() else {
        panic!("{:?}", events.last());
    };
    assert!(*slot <= *slots.first().unwrap() && *slot > before);
}

/// A part that fails is asked for again; what was read before is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_fails_is_asked_for_again() {
    let stage = crowd().await;
    let snapshots = stage.snapshots().with_largest_answer(100_000);
    take(&snapshots, 0).await.unwrap();
    let before = asked(&stage);
    let weather = &stage.node.weather;
    weather.add(Rule::on("getProgramAccounts", RpcFault::status(429)).next(1));
    let events = take(&snapshots, 0).await.unwrap();
    assert_eq!(mirror(&events, &[]), stage.contents());
    assert_eq!(asked(&stage), before + 1 + 7 - 1 + 256);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_behind_is_refused() {
    let stage = crowd().await;
    let slot = number(stage.ledger().slot());
    let refused = take(&stage.snapshots(), slot + 5).await;
    let Err(SourceError::Behind { slot: at, known }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((at, known), (slot - 1, slot + 5));
}

/// Anybody can give the program an account that is all zeros.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_others_are_not_delivered() {
    let stage = crowd().await;
    let mut run = stage.run_joined().await;
    for (account, length) in [(9_000, 0), (9_001, 3), (9_002, 200)] {
        let foreign = Account {
            lamports: 1_000,
            data: vec![0; length],
            owner: lottery::ID,
            ..Account::default()
        };
        stage.ledger().set_account(address_of(account), foreign);
    }
    stage.play(2);
    stage.again.notify_one();
    run.until_event(|event| matches!(event, Event::Complete { .. }))
        .await;
    stage.ledger().advance(1);
    run.until_applied(stage.ledger().slot() - 1).await;
    assert_eq!(mirror(&run.seen, &[]), stage.contents());
    let parted = take(&stage.snapshots().with_largest_answer(100_000), 0).await;
    assert_eq!(mirror(&parted.unwrap(), &[]), stage.contents());
}
