//! Transactions of 4,096 bytes, where the cluster has them.

use std::sync::Arc;

use lottery_lab::trial::{Terms, World};

use crate::stage::Stage;

pub async fn large_transactions(world: Arc<World>) {
    let stage = Stage::set(world, Terms::default(), 1, true, |launch| {
        launch.flag("--transaction-version", "v1")
    })
    .await;
    stage.start_all().await;
    stage.play().await;
    stage.judge(&[], true).await;
}
