//! Two and five keepers at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use lottery_lab::trial::{Instant as Met, Terms, World};

use crate::stage::{Stage, until};

/// How soon another keeper must lead once a leader is gone.
const TAKEOVER_MS: u128 = 5_000;

pub async fn two_take_turns(world: Arc<World>) {
    take_turns(world, 2).await;
}

pub async fn five_take_turns(world: Arc<World>) {
    take_turns(world, 5).await;
}

/// After every round the leader is killed, and comes back as a follower.
async fn take_turns(world: Arc<World>, keepers: usize) {
    let terms = Terms {
        rounds: 3,
        ..Terms::default()
    };
    let stage = Stage::set(world, terms, keepers, true, |launch| launch).await;
    stage.start_all().await;
    stage.until_closed(&stage.scene.cancelled).await;
    stage.scene.sell_out().await.unwrap();
    let mut takeovers = Vec::new();
    for round in 1..3 {
        let played = &stage.scene.played;
        until("a round is settled", async || {
            stage.rounds(played).await >= round
        })
        .await;
        let (leader, epoch) = stage.leader().await.expect("somebody leads");
        assert!(stage.keepers[leader].kill().await.unwrap());
        let took = until("another keeper leads", async || {
            let next = stage.leader().await;
            next.is_some_and(|(index, next)| index != leader && next > epoch)
        })
        .await;
        takeovers.push(took.as_millis());
        stage.keepers[leader].start().await.unwrap();
    }
    println!("     {keepers} keepers: takeovers after {takeovers:?} ms");
    stage.until_closed(&stage.scene.played).await;
    assert!(
        takeovers.iter().all(|took| *took < TAKEOVER_MS),
        "{takeovers:?} ms"
    );
    stage.judge(&[], true).await;
}

/// The leader is suspended between writing a transaction down and sending it; when it
/// goes on, another one has led for long.
pub async fn a_frozen_leader_has_nothing_to_say(world: Arc<World>) {
    let stage = Stage::set(world, Terms::default(), 2, true, |launch| launch).await;
    stage.start_all().await;
    stage.until_closed(&stage.scene.cancelled).await;
    let (leader, epoch) = stage.leader().await.expect("somebody leads");
    let (old, new) = (&stage.keepers[leader], &stage.keepers[1 - leader]);
    let frozen = Arc::new(AtomicBool::new(false));
    let (keeper, is_frozen) = (Arc::downgrade(old), frozen.clone());
    old.watch.on_boundary(move |met| {
        let is_there = met.method == "journal: write"
            && met.step.contains("settle_draw")
            && met.moment == Met::Answered
            && !is_frozen.swap(true, Ordering::AcqRel);
        let keeper = keeper.upgrade().filter(|_| is_there);
        async move {
            if let Some(keeper) = keeper {
                keeper.freeze().await.unwrap();
            }
        }
    });
    // What was met before must not count twice.
    stage.scene.sell_out().await.unwrap();
    until("the leader is frozen", async || {
        frozen.load(Ordering::Acquire)
    })
    .await;
    let took = until("another keeper leads", async || {
        stage.leader().await.is_some_and(|(_, next)| next > epoch)
    })
    .await;
    println!(
        "     takeover from a frozen leader after {} ms",
        took.as_millis()
    );
    stage.until_closed(&stage.scene.played).await;
    let before = old.watch.sent();
    old.thaw().await.unwrap();
    // It plays on beside its successor.
    let another = stage.scene.play_another(1).await.unwrap();
    stage.until_closed(&another).await;
    assert_eq!(
        stage.leader().await.map(|(index, _)| index),
        Some(1 - leader)
    );
    let known = before.signatures();
    let successor = new.watch.sent().signatures();
    for trip in old.watch.sent().trips() {
        let signature = trip.read.signature;
        assert!(
            known.contains(&signature) || successor.contains(&signature),
            "{} ({}) was sent on an old lease",
            signature,
            trip.read.name
        );
    }
    stage.judge(&[another], true).await;
}

pub async fn two_without_a_database(world: Arc<World>) {
    race(world, 2).await;
}

pub async fn five_without_a_database(world: Arc<World>) {
    race(world, 5).await;
}

/// All act at the same time: whoever is late fails, nothing is done twice.
async fn race(world: Arc<World>, keepers: usize) {
    let stage = Stage::set(world, Terms::default(), keepers, false, |launch| launch).await;
    stage.start_all().await;
    stage.play().await;
    let (mut landed, mut failed) = (0, 0);
    for keeper in &stage.keepers {
        let (all, lost) = keeper.landed(&stage.world).await.unwrap();
        landed += all;
        failed += lost;
    }
    println!("     {keepers} keepers without a database: {failed} of {landed} transactions failed");
    stage.judge(&[], false).await;
}
