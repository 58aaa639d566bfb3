//! Whole games through the real services on a real cluster and a real Postgres:
//! on surfpool's cluster, and on Agave's validator where it is on PATH.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod mint;
mod mute_oracle;
mod stage;
mod token_game;
mod wallet;

use std::time::Duration;

use lottery::state::{Game, GameStatus, Lane};
use lottery_demo::{
    scenario::{self, Kind, Settings, finish, play},
    table::{five_rounds, one_round},
};
use lottery_localnet::ClusterChoice;
use stage::{Stage, on_each_cluster, until};

/// A game of each sort is played to its end; then every draw is recomputed, the tables
/// are compared with the chain; then everything is closed, and checked once more.
async fn whole_games(cluster: ClusterChoice, name: &str) {
    let mut stage = Stage::set(cluster, &format!("games_{name}"), 30).await;
    stage.start_keeper().await;
    let settings = Settings {
        players: 30,
        patience: Duration::from_secs(120),
    };
    let mut services = stage.take_services();
    let games = play(&stage.table, &stage.api, &settings, &mut services)
        .await
        .unwrap();
    assert_eq!(games.len(), 3);
    stage.give_back(services);
    for game in &games {
        stage.verify_game(&game.address).await;
    }
    stage.verify_database().await;
    let games: Vec<_> = games.iter().map(|game| game.address).collect();
    // A game some of whose entries are gone is checked by its own hash.
    stage.close_one_entry(&games[0]).await;
    stage.verify_game(&games[0]).await;
    stage.close_everything(&games).await;
    for game in &games {
        stage.verify_game(game).await;
    }
    stage.verify_database().await;
    stage.a_late_indexer_tells_the_same(name).await;
    stage.strike().await;
}

/// The keeper is killed while a draw waits for its value, and again while rounds
/// are being played; another one takes up from the chain and finishes.
async fn keeper_killed_in_the_middle_of_a_draw(cluster: ClusterChoice, name: &str) {
    let mut stage = Stage::set(cluster, &format!("killed_{name}"), 20).await;
    let game = stage
        .table
        .create_game(|id, now| five_rounds(id, now, 20))
        .await
        .unwrap();
    let other = stage
        .table
        .create_game(|id, now| one_round(id, now, 20))
        .await
        .unwrap();
    // No value can come: the draw stays in the middle.
    stage.silence_oracles(true);
    stage.start_keeper().await;
    for game in [game, other] {
        stage.table.join_all(game, 20, |_| 1, || ()).await.unwrap();
    }
    until("a draw is requested and waits", async || {
        stage.state::<Game>(&game).await.is(GameStatus::Drawing)
            && stage.table.lane(0).await.unwrap().state == Lane::COMMITTED
    })
    .await;
    stage.kill_keeper().await;
    stage.silence_oracles(false);
    stage.start_keeper().await;
    until("a second keeper has settled a round", async || {
        stage.state::<Game>(&game).await.rounds_settled >= 1
    })
    .await;
    stage.kill_keeper().await;
    stage.start_keeper().await;

    let settings = Settings {
        players: 20,
        patience: Duration::from_secs(120),
    };
    let mut services = stage.take_services();
    for (address, kind) in [(game, Kind::FiveRounds), (other, Kind::OneRound)] {
        let game = scenario::Game { address, kind };
        finish(&stage.api, game, &settings, &mut services)
            .await
            .unwrap();
    }
    stage.give_back(services);
    for game in [game, other] {
        let over = stage.state::<Game>(&game).await;
        let held = stage.table.rpc().get_balance(&game).await.unwrap();
        let kept = over.rent_reserve + over.bounty_escrow;
        assert_eq!(held, kept, "paid once, and all of it");
        stage.verify_game(&game).await;
    }
    stage.verify_database().await;
    stage.strike().await;
}

on_each_cluster!(whole_games, keeper_killed_in_the_middle_of_a_draw);
