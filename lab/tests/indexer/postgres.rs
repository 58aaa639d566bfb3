//! Postgres dies, is suspended and comes back, and connections to it break, while games go
//! on.

use std::sync::Arc;

use lottery_lab::trial::{Database, Server, Shutdown, World};

use crate::{harness::until, stage::Stage};

/// Share of connections that fail.
const SHARE: f64 = 0.1;

/// How often connections are cut, each in the middle of something.
const CUTS: u64 = 12;

/// Chunks between two cuts.
const BETWEEN: u64 = 40;

async fn set(world: Arc<World>) -> (Server, Stage) {
    let server = Server::start().await.unwrap();
    let database = Database::on(server.options()).await.unwrap();
    let stage = Stage::set(world, database, 1, |indexer| indexer).await;
    stage.indexer().start().await.unwrap();
    stage.until_level().await;
    (server, stage)
}

/// A dead server has forgotten how many deadlocks there were; its log has not.
async fn judge(server: Server, stage: Stage) {
    stage.judge().await;
    let log = server.log();
    assert!(!log.contains("deadlock detected"), "{log}");
}

/// All of its processes die at once, again and again.
pub async fn killed(world: Arc<World>) {
    let (mut server, stage) = set(world).await;
    for _ in 0..3 {
        server.kill().await.unwrap();
        stage.play(1).await;
        server.restart().await.unwrap();
        stage.until_level().await;
    }
    judge(server, stage).await;
}

/// An operator is in a hurry, or not.
pub async fn shut_down(world: Arc<World>) {
    let (mut server, stage) = set(world).await;
    for how in [Shutdown::Immediate, Shutdown::Fast] {
        server.shut_down(how).await.unwrap();
        stage.play(1).await;
        server.restart().await.unwrap();
        stage.until_level().await;
    }
    judge(server, stage).await;
}

/// It neither answers nor ends, and goes on where it stood.
pub async fn suspended(world: Arc<World>) {
    let (server, stage) = set(world).await;
    for _ in 0..2 {
        server.freeze().await.unwrap();
        stage.play(2).await;
        server.thaw().await.unwrap();
        stage.until_level().await;
    }
    judge(server, stage).await;
}

/// Connections are refused and cut in the middle of statements.
pub async fn a_tenth_of_connections_fails(world: Arc<World>) {
    let stage = Stage::level(world).await;
    let weather = &stage.indexer().postgres.weather;
    weather.set_fail_share(SHARE);
    for _ in 0..CUTS {
        let next = weather.chunks() + BETWEEN;
        weather.until(|weather| weather.chunks() >= next).await;
        weather.cut_all();
    }
    until("a connection fails", async || weather.refused() > 0).await;
    weather.clear();
    stage.judge().await;
}
