//! The oracle of a draw fails in every way that it can; another one draws.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use lottery::state::MIN_DRAW_TIMEOUT;
use lottery_client::history;
use lottery_lab::{
    GatewayFault, Rule,
    trial::{Terms, World, asker},
};

use crate::stage::Stage;

/// How long the keeper waits for an answer.
const GATEWAY_TIMEOUT_MS: u64 = 700;

pub async fn down(world: Arc<World>) {
    play(world, GatewayFault::LoseRequest).await;
}

pub async fn slow(world: Arc<World>) {
    let late = Duration::from_millis(3 * GATEWAY_TIMEOUT_MS);
    play(world, GatewayFault::slow(late)).await;
}

pub async fn wrong_signature(world: Arc<World>) {
    play(world, GatewayFault::WrongSignature).await;
}

pub async fn wrong_value(world: Arc<World>) {
    play(world, GatewayFault::WrongValue).await;
}

pub async fn garbage(world: Arc<World>) {
    play(world, GatewayFault::Garbage).await;
}

pub async fn endless(world: Arc<World>) {
    play(world, GatewayFault::Endless).await;
}

/// The first oracle that is asked never gives a value that can be used.
async fn play(world: Arc<World>, fault: GatewayFault) {
    let terms = Terms {
        draw_timeout: MIN_DRAW_TIMEOUT,
        rounds: 1,
        ..Terms::default()
    };
    let stage = Stage::set(world, terms, 1, true, |launch| {
        launch.flag("--gateway-timeout-ms", GATEWAY_TIMEOUT_MS)
    })
    .await;
    let (keeper, gateway) = (stage.keeper(), &stage.world.gateway.weather);
    let (node, first) = (keeper.node(), Arc::new(OnceLock::<Arc<str>>::new()));
    let chosen = first.clone();
    let rule = Rule::any(fault).only_if(move |seen| {
        asker(&seen.params) == Some(&*node)
            && chosen.get_or_init(|| seen.method.clone()) == &seen.method
    });
    let rule = gateway.add(rule);
    stage.start_all().await;
    stage.play().await;
    gateway.remove(rule);
    assert!(gateway.hits(rule) >= 1);

    // Paths begin with the oracle's position.
    let path = first.get().unwrap().trim_start_matches('/');
    let position: usize = path.split('/').next().unwrap().parse().unwrap();
    let bad = stage.world.localnet.oracles()[position].pubkey;
    let rpc = stage.scene.table.rpc();
    let record = history::record(rpc, &stage.scene.played).await.unwrap();
    let oracles: Vec<_> = record.draws.iter().map(|draw| draw.oracle).collect();
    assert!(oracles.len() == 1 && oracles[0] != bad, "{oracles:?}");
    let log = keeper.log();
    assert!(
        log.contains("gave up a draw whose oracle did not answer"),
        "no alert:\n{}",
        keeper.tail()
    );
    // What was seen of oracles outlives the keeper.
    assert!(keeper.stop().await.unwrap());
    let lease = stage.scene.house().to_string();
    let failures = stage.database().oracle_failures(&lease).await.unwrap();
    assert!(
        failures.get(&bad).is_some_and(|it| *it >= 1),
        "{failures:?}"
    );
    stage.judge(&[], true).await;
}
