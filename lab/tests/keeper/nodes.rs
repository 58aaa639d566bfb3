//! One of two nodes cannot be relied upon, for a whole game.

use std::{sync::Arc, time::Duration};

use lottery_lab::{
    Notifications, RpcFault, RpcProxy, Rule, lies,
    rpc::Lag,
    trial::{Terms, World},
};

use crate::stage::Stage;

async fn set(world: Arc<World>) -> Stage {
    Stage::set(world, Terms::default(), 1, false, |mut launch| {
        launch.endpoints = 2;
        launch.flag("--probe-ms", 500)
    })
    .await
}

/// Plays while the first node, which is preferred, has this weather.
async fn play(world: Arc<World>, spoil: impl FnOnce(&RpcProxy)) {
    let stage = set(world).await;
    spoil(&stage.keeper().rpc[0]);
    stage.start_all().await;
    stage.play().await;
    stage.judge(&[], false).await;
}

pub async fn one_of_two_lies(world: Arc<World>) {
    play(world, |node| {
        let weather = &node.weather;
        weather.add(lies::block_height_ahead(10_000));
        weather.add(lies::forget_signatures());
        weather.add(lies::no_program_accounts().with_probability(0.5));
    })
    .await;
}

/// What it claims to have landed is believed and planned again, so that two transactions
/// for one purpose may be under way; the program lets one take effect.
pub async fn one_of_two_claims_success(world: Arc<World>) {
    let stage = set(world).await;
    let weather = &stage.keeper().rpc[0].weather;
    weather.add(lies::claim_success().with_probability(0.3));
    stage.start_all().await;
    stage.play().await;
    stage.judge_races().await;
}

/// Nothing is signed with it: the other node does not know it.
pub async fn one_of_two_makes_a_blockhash_up(world: Arc<World>) {
    play(world, |node| {
        node.weather.add(lies::unknown_blockhash());
    })
    .await;
}

pub async fn one_of_two_is_stale(world: Arc<World>) {
    play(world, |node| {
        let stale = RpcFault::Stale(Lag::Time(Duration::from_secs(20)));
        node.weather.add(Rule::any(stale).after(50));
        node.sockets.set_notifications(Notifications {
            stale_slots: 60,
            ..Notifications::default()
        });
    })
    .await;
}

/// It goes down in the middle of the game.
pub async fn one_of_two_goes_down(world: Arc<World>) {
    let stage = set(world).await;
    stage.start_all().await;
    stage.until_closed(&stage.scene.cancelled).await;
    stage.scene.sell_out().await.unwrap();
    let node = &stage.keeper().rpc[0];
    node.weather.set_down(true);
    node.sockets.refuse(true);
    node.sockets.disconnect_all();
    stage.until_closed(&stage.scene.played).await;
    stage.judge(&[], false).await;
}

pub async fn one_of_two_limits_rates(world: Arc<World>) {
    play(world, |node| {
        node.weather.add(Rule::any(RpcFault::rate_limit(3)));
    })
    .await;
}

/// Connections stay open, and say nothing.
pub async fn notifications_stop(world: Arc<World>) {
    let stage = set(world).await;
    for node in &stage.keeper().rpc {
        node.sockets.set_notifications(Notifications {
            silent: true,
            ..Notifications::default()
        });
    }
    stage.start_all().await;
    stage.play().await;
    stage.judge(&[], false).await;
}

/// All connections break at every step of the game.
pub async fn sockets_are_cut(world: Arc<World>) {
    let stage = set(world).await;
    let keeper = stage.keeper();
    let sockets: Vec<_> = keeper.rpc.iter().map(|node| node.sockets.clone()).collect();
    keeper.watch.on_boundary(move |met| {
        if met.method == "simulateTransaction" {
            sockets.iter().for_each(|it| it.disconnect_all());
        }
        async {}
    });
    stage.start_all().await;
    stage.play().await;
    assert!(stage.keeper().rpc[0].sockets.opened() > 3);
    stage.judge(&[], false).await;
}

pub async fn notifications_come_twice_and_swapped(world: Arc<World>) {
    let stage = set(world).await;
    for node in &stage.keeper().rpc {
        node.sockets.set_notifications(Notifications {
            duplicate: 0.5,
            swap: 0.3,
            lose: 0.2,
            ..Notifications::default()
        });
    }
    stage.start_all().await;
    stage.play().await;
    stage.judge(&[], false).await;
}
