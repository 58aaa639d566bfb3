//! Nodes whose notifications and answers cannot be relied upon, while games go on.

use std::{sync::Arc, time::Duration};

use lottery_lab::{Notifications, RpcFault, RpcProxy, Rule, trial::World};

use crate::{harness::until, stage::Stage};

/// Share of requests that fail while notifications do.
const SHARE: f64 = 0.1;

/// Games that end meanwhile.
const GAMES: u64 = 2;

fn fail_requests(rpc: &RpcProxy) {
    for fault in [
        RpcFault::LoseRequest,
        RpcFault::LoseAnswer,
        RpcFault::status(503),
        RpcFault::node_is_behind(),
        RpcFault::Garbage,
    ] {
        rpc.weather
            .add(Rule::any(fault).with_probability(SHARE / 5.0));
    }
}

/// A tenth of requests fails, and notifications are so; then all is calm.
async fn endure(world: Arc<World>, notifications: Notifications) {
    let stage = Stage::level(world).await;
    let rpc = &stage.indexer().rpc;
    fail_requests(rpc);
    rpc.sockets.set_notifications(notifications);
    stage.play(GAMES).await;
    rpc.weather.clear();
    rpc.sockets.set_notifications(Notifications::default());
    stage.judge().await;
}

pub async fn notifications_are_late(world: Arc<World>) {
    let late = Notifications {
        delay: Some(Duration::ZERO..=Duration::from_secs(3)),
        ..Default::default()
    };
    endure(world, late).await;
}

pub async fn notifications_come_twice_and_swapped(world: Arc<World>) {
    let mixed = Notifications {
        duplicate: 0.4,
        swap: 0.4,
        ..Default::default()
    };
    endure(world, mixed).await;
}

pub async fn notifications_are_lost(world: Arc<World>) {
    let lossy = Notifications {
        lose: 0.5,
        ..Default::default()
    };
    endure(world, lossy).await;
}

/// The stream is open and says nothing: it is given up for another one.
pub async fn notifications_stop(world: Arc<World>) {
    let stage = Stage::level(world).await;
    let sockets = &stage.indexer().rpc.sockets;
    let before = sockets.opened();
    let silent = Notifications {
        silent: true,
        ..Default::default()
    };
    sockets.set_notifications(silent);
    until("the stream is opened anew", async || {
        sockets.opened() > before
    })
    .await;
    stage.play(1).await;
    sockets.set_notifications(Notifications::default());
    stage.judge().await;
}

/// WebSockets break, and for a while there are none.
pub async fn sockets_are_cut(world: Arc<World>) {
    let stage = Stage::level(world).await;
    let rpc = &stage.indexer().rpc;
    fail_requests(rpc);
    for _ in 0..3 {
        let before = rpc.sockets.opened();
        rpc.sockets.disconnect_all();
        until("there is another one", async || {
            rpc.sockets.opened() > before
        })
        .await;
    }
    rpc.sockets.refuse(true);
    rpc.sockets.disconnect_all();
    stage.play(1).await;
    rpc.sockets.refuse(false);
    rpc.weather.clear();
    stage.judge().await;
}

/// Answers end in the middle, and what was listed is not served.
pub async fn answers_are_truncated(world: Arc<World>) {
    let stage = Stage::level(world).await;
    let weather = &stage.indexer().rpc.weather;
    for claim_whole in [false, true] {
        let truncate = RpcFault::Truncate { claim_whole };
        weather.add(Rule::any(truncate).with_probability(SHARE));
    }
    stage.play(GAMES).await;
    weather.clear();
    stage.judge().await;
}

/// The node is gone for a while, and all that it served with it.
pub async fn goes_down(world: Arc<World>) {
    let stage = Stage::level(world).await;
    let weather = &stage.indexer().rpc.weather;
    weather.set_down(true);
    stage.play(1).await;
    weather.set_down(false);
    stage.judge().await;
}

/// Its answers are those of a while ago, again and again.
pub async fn is_behind(world: Arc<World>) {
    let stage = Stage::level(world).await;
    let weather = &stage.indexer().rpc.weather;
    let stale = RpcFault::Stale(lottery_lab::rpc::Lag::Slots(12));
    weather.add(Rule::any(stale).with_probability(0.5));
    stage.play(GAMES).await;
    weather.clear();
    stage.judge().await;
}
