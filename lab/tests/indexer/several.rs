//! Two indexers of one database: one writes, the other stands by and answers.

use std::sync::Arc;

use lottery_lab::trial::{Database, Indexer, World};

use crate::{
    harness::{PATIENCE, until},
    stage::Stage,
};

/// Two that run, and the tables are level.
async fn set(world: Arc<World>) -> Stage {
    let database = Database::create().await.unwrap();
    let stage = Stage::set(world, database, 2, |indexer| indexer).await;
    for indexer in &stage.indexers {
        indexer.start().await.unwrap();
    }
    stage.until_level().await;
    for indexer in &stage.indexers {
        until("it answers", async || answers(indexer).await).await;
    }
    stage
}

async fn answers(indexer: &Indexer) -> bool {
    let status = indexer.api().unwrap().get("/api/status").await;
    status.is_ok_and(|status| status["indexed_slot"].is_number())
}

/// Position of the one that writes: it alone asks its node for the chain's slot.
async fn writer(stage: &Stage) -> usize {
    let asked = || {
        let all = stage.indexers.iter();
        all.map(|indexer| indexer.rpc.weather.count("getSlot"))
    };
    let before: Vec<u64> = asked().collect();
    let has_asked = || asked().zip(&before).position(|(now, before)| now > *before);
    until("one of them writes", async || has_asked().is_some()).await;
    has_asked().unwrap()
}

/// The writer is killed, comes back as the one that stands by, and so on.
pub async fn take_turns(world: Arc<World>) {
    let stage = set(world).await;
    for _ in 0..3 {
        let old = writer(&stage).await;
        let (old, new) = (&stage.indexers[old], &stage.indexers[1 - old]);
        assert!(answers(new).await);
        old.kill().await.unwrap();
        stage.until_level().await;
        assert!(answers(new).await);
        old.start().await.unwrap();
        until("it answers again", async || answers(old).await).await;
    }
    stage.judge().await;
}

/// Its connections break, time and again: whoever writes then, only one does.
pub async fn the_writer_is_cut_off(world: Arc<World>) {
    let stage = set(world).await;
    for _ in 0..3 {
        let writer = writer(&stage).await;
        stage.indexers[writer].postgres.weather.cut_all();
        stage.until_level().await;
    }
    stage.judge().await;
}

/// The writer is suspended in the middle of things and loses its connections; the other one
/// takes over, and it has nothing to say any more when it goes on: it ends, and says why.
pub async fn a_frozen_writer_steps_down(world: Arc<World>) {
    frozen(world, true).await;
}

/// The same, but its connections stay: Postgres does not wait for ever for one that is silent.
pub async fn a_silent_writer_is_replaced(world: Arc<World>) {
    frozen(world, false).await;
}

async fn frozen(world: Arc<World>, is_cut: bool) {
    let stage = set(world).await;
    let old = writer(&stage).await;
    let (old, new) = (&stage.indexers[old], &stage.indexers[1 - old]);
    old.freeze().await.unwrap();
    if is_cut {
        old.postgres.weather.cut_all();
    }
    stage.play(1).await;
    stage.until_level().await;
    old.thaw().await.unwrap();
    stage.play(1).await;
    let status = old.end(PATIENCE).await.unwrap().unwrap();
    assert!(!status.success());
    assert!(old.tail().contains("another indexer"), "{}", old.tail());
    assert!(answers(new).await);
    stage.judge().await;
}
