//! An oracle that never answers, and another that does.

use std::time::Duration;

use lottery::state::{Draw, Game, GameStatus, MIN_DRAW_TIMEOUT};
use lottery_client::history;
use lottery_demo::{
    scenario::{self, Kind, Settings, finish},
    table::one_round,
};
use lottery_localnet::ClusterChoice;

use crate::stage::{Stage, on_each_cluster, until};

const PLAYERS: usize = 5;

/// The keeper gives the draw up, asks the other oracle, and the game is played.
async fn a_draw_whose_oracle_never_answers(cluster: ClusterChoice, name: &str) {
    let purpose = format!("mute_{name}");
    let mut stage = Stage::set_with(cluster, &purpose, PLAYERS, None, |house| {
        house.draw_timeout = MIN_DRAW_TIMEOUT;
    })
    .await;
    stage.silence_oracles(true);
    stage.start_keeper().await;
    let game = stage
        .table
        .create_game(|id, now| one_round(id, now, PLAYERS as u32))
        .await
        .unwrap();
    let table = &stage.table;
    table.join_all(game, PLAYERS, |_| 1, || ()).await.unwrap();
    until("a draw is requested", async || {
        stage.state::<Game>(&game).await.is(GameStatus::Drawing)
    })
    .await;
    let first = stage.state::<Game>(&game).await.draw;
    let mute = stage.state::<Draw>(&first).await.oracle;
    let oracles = stage.localnet.oracles();
    let other = oracles
        .iter()
        .position(|oracle| oracle.pubkey != mute)
        .unwrap();
    stage.localnet.silence_oracle(other, false).unwrap();

    let settings = Settings {
        players: PLAYERS,
        patience: Duration::from_secs(180),
    };
    let mut services = stage.take_services();
    let played = scenario::Game {
        address: game,
        kind: Kind::OneRound,
    };
    finish(&stage.api, played, &settings, &mut services)
        .await
        .unwrap();
    stage.give_back(services);
    let record = history::record(stage.table.rpc(), &game).await.unwrap();
    let [draw] = record.draws.as_slice() else {
        panic!("{:?}", record.draws);
    };
    assert_eq!(draw.oracle, stage.localnet.oracles()[other].pubkey);
    assert_ne!(draw.draw, first);
    // The draw that was given up has returned its rent.
    let rpc = stage.table.rpc();
    assert_eq!(rpc.get_balance(&first).await.unwrap(), 0);
    stage.verify_game(&game).await;
    stage.verify_database().await;
    stage.strike().await;
}

on_each_cluster!(a_draw_whose_oracle_never_answers);
