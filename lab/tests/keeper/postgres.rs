//! Postgres is lost while games are due, and comes back.

use std::sync::Arc;

use lottery_lab::{
    TcpWeather,
    trial::{Sent, Terms, World},
};

use crate::stage::{Stage, until};

/// Slots after which nobody can still be busy with what was begun before.
const LONG: u64 = 40;

fn gone(weather: &TcpWeather) {
    weather.refuse(true);
    weather.cut_all();
}

fn stalled(weather: &TcpWeather) {
    weather.set_stalled(true);
}

async fn set(world: Arc<World>, without: &str) -> Stage {
    let stage = Stage::set(world, Terms::default(), 1, true, |launch| {
        launch
            .flag("--without-database", without)
            .flag("--database-patience-seconds", 2)
            .flag("--lease-seconds", 2)
    })
    .await;
    stage.start_all().await;
    stage.until_closed(&stage.scene.cancelled).await;
    stage
}

fn weather(stage: &Stage) -> TcpWeather {
    stage.keeper().postgres.as_ref().unwrap().weather.clone()
}

pub async fn gone_and_keepers_act(world: Arc<World>) {
    act(world, gone).await;
}

pub async fn stalled_and_keepers_act(world: Arc<World>) {
    act(world, stalled).await;
}

/// Play goes on without the database, and with it again once it is back.
async fn act(world: Arc<World>, lose: fn(&TcpWeather)) {
    let stage = set(world, "act").await;
    let weather = weather(&stage);
    lose(&weather);
    stage.scene.sell_out().await.unwrap();
    stage.until_closed(&stage.scene.played).await;
    weather.clear();
    until("the keeper leads again", async || {
        stage.leader().await.is_some()
    })
    .await;
    let before = stage.sent();
    let another = stage.scene.play_another(1).await.unwrap();
    stage.until_closed(&another).await;
    assert_all_written_since(&stage, &before).await;
    stage.judge(&[another], false).await;
}

pub async fn gone_and_keepers_wait(world: Arc<World>) {
    wait(world, gone).await;
}

pub async fn stalled_and_keepers_wait(world: Arc<World>) {
    wait(world, stalled).await;
}

/// Nothing is begun until the database is back; then it goes on.
async fn wait(world: Arc<World>, lose: fn(&TcpWeather)) {
    let stage = set(world, "wait").await;
    let weather = weather(&stage);
    lose(&weather);
    until("the lease has run out", async || {
        stage.leader().await.is_none()
    })
    .await;
    let before = stage.sent().signatures();
    stage.scene.sell_out().await.unwrap();
    let clock = async || stage.scene.table.clock().await.unwrap().slot;
    let due = clock().await;
    until("a game has been due for long", async || {
        clock().await > due + LONG
    })
    .await;
    assert_eq!(stage.sent().signatures().len(), before.len());
    assert_eq!(stage.rounds(&stage.scene.played).await, 0);
    weather.clear();
    stage.until_closed(&stage.scene.played).await;
    stage.judge(&[], true).await;
}

/// Connections break in the middle of everything, and are made again.
pub async fn connections_cut(world: Arc<World>) {
    let stage = set(world, "wait").await;
    let weather = weather(&stage);
    stage.scene.sell_out().await.unwrap();
    for round in 0..2 {
        weather.cut_all();
        until("a round is settled", async || {
            stage.rounds(&stage.scene.played).await > round
        })
        .await;
    }
    stage.until_closed(&stage.scene.played).await;
    stage.judge(&[], true).await;
}

async fn assert_all_written_since(stage: &Stage, before: &Sent) {
    let journal = stage
        .database()
        .journal(&stage.scene.house().to_string())
        .await;
    let journal = journal.unwrap();
    let old = before.signatures();
    for trip in stage.sent().trips() {
        let signature = trip.read.signature;
        let is_written = journal.iter().any(|written| written.signature == signature);
        assert!(
            is_written || old.contains(&signature),
            "{} was not written down",
            trip.read.name
        );
    }
}
