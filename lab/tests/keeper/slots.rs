//! Each cluster with the other's slot time: games are played while the keeper is killed.

use std::sync::Arc;

use lottery_lab::trial::{Terms, World};

use crate::stage::{Stage, until};

pub async fn a_kill_at_another_slot_time(world: Arc<World>) {
    let stage = Stage::set(world, Terms::default(), 1, true, |launch| {
        launch.flag("--lease-seconds", 1)
    })
    .await;
    stage.start_all().await;
    stage.until_closed(&stage.scene.cancelled).await;
    stage.scene.sell_out().await.unwrap();
    until("a round is settled", async || {
        stage.rounds(&stage.scene.played).await >= 1
    })
    .await;
    assert!(stage.keeper().kill().await.unwrap());
    stage.start_all().await;
    stage.until_closed(&stage.scene.played).await;
    stage.judge(&[], true).await;
}
