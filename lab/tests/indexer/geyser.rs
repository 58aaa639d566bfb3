//! Streams over gRPC that cannot be relied upon, of a chain that plays on; and forks.

use std::sync::Arc;

use lottery_lab::{
    GeyserFault::{self, Late, Lose, Noise, Truncate, Twice},
    Rule,
    trial::{Database, Relay, World},
};

use crate::{harness::until, stage::Stage};

/// Games that end meanwhile.
const GAMES: u64 = 2;

/// An indexer of an empty database that hears of the chain from a relay, and is level.
async fn set(world: Arc<World>, forks: bool) -> (Relay, Stage) {
    let relay = Relay::start(&world, forks).await.unwrap();
    let commitment = if forks { "processed" } else { "confirmed" };
    let database = Database::create().await.unwrap();
    let stage = Stage::set(world, database, 1, |indexer| {
        indexer.of_relay(&relay).flag("--commitment", commitment)
    })
    .await;
    stage.indexer().start().await.unwrap();
    stage.until_level().await;
    (relay, stage)
}

async fn endure(
    world: Arc<World>,
    faults: &[(&str, GeyserFault, f64)],
    letters: &'static [&'static str],
) {
    let (relay, mut stage) = set(world, false).await;
    stage.letters = letters;
    let weather = &relay.server.weather;
    for (kind, fault, share) in faults {
        weather.add(Rule::on(*kind, fault.clone()).with_probability(*share));
    }
    stage.play(GAMES).await;
    weather.clear();
    stage.judge().await;
}

pub async fn messages_come_twice_late_and_not_at_all(world: Arc<World>) {
    let faults = [
        ("account", Twice, 0.2),
        ("account", Late(3), 0.2),
        ("account", Lose, 0.1),
        ("transaction", Twice, 0.2),
        ("transaction", Lose, 0.1),
        ("block_meta", Late(2), 0.2),
        ("slot", Late(4), 0.1),
        ("slot", Lose, 0.05),
    ];
    endure(world, &faults, &[]).await;
}

pub async fn messages_are_garbled(world: Arc<World>) {
    let faults = [
        ("account", Noise, 0.02),
        ("account", Truncate, 0.02),
        ("transaction", Truncate, 0.05),
    ];
    endure(world, &faults, &["message"]).await;
}

/// Streams break, and for a while there are none.
pub async fn streams_are_cut(world: Arc<World>) {
    let (relay, stage) = set(world, false).await;
    let (connections, streams) = (&relay.server.connections, &relay.server.streams);
    for _ in 0..3 {
        let before = streams.subscribed();
        connections.cut_all();
        until("there is another one", async || {
            streams.subscribed() > before
        })
        .await;
    }
    connections.refuse(true);
    connections.cut_all();
    stage.play(1).await;
    connections.refuse(false);
    stage.judge().await;
}

/// Streams are open and tell nothing: they are given up for others.
pub async fn streams_fall_silent(world: Arc<World>) {
    let (relay, stage) = set(world, false).await;
    let streams = &relay.server.streams;
    let before = streams.subscribed();
    streams.set_silent(true);
    until("a stream is opened anew", async || {
        streams.subscribed() > before
    })
    .await;
    stage.play(1).await;
    streams.set_silent(false);
    stage.judge().await;
}

/// Every now and then another block is made first, with accounts and a transaction that the
/// chain will never have had.
pub async fn forks_are_taken_back(world: Arc<World>) {
    let (relay, stage) = set(world, true).await;
    stage.play(GAMES).await;
    until("a fork was taken back", async || {
        stage.database.dropped_slots().await.unwrap() > 0
    })
    .await;
    relay.calm();
    stage.judge().await;
}
