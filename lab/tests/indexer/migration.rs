//! Migrations that are interrupted: the next one goes on.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use lottery_lab::{
    kill_everywhere::Victim,
    trial::{Database, Indexer, World},
};

use crate::{harness::PATIENCE, killed, stage::Stage};

pub async fn killed_everywhere(world: Arc<World>) {
    killed::everywhere(world, Victim::Migration).await;
}

/// Those that start together take turns, and both end well.
pub async fn two_at_once(world: Arc<World>) {
    let database = Database::create().await.unwrap();
    let stage = Stage::set(world, database, 4, |indexer| indexer).await;
    for indexer in &stage.indexers {
        indexer.start_migration().await.unwrap();
    }
    for indexer in &stage.indexers {
        let status = indexer.end(PATIENCE).await.unwrap().unwrap();
        assert!(status.success(), "{}", indexer.tail());
    }
    stage.indexer().start().await.unwrap();
    stage.judge().await;
}

/// A connection that is cut in the middle is an error that says so, and no more than that.
pub async fn connections_cut(world: Arc<World>) {
    let database = Database::create().await.unwrap();
    let stage = Stage::set(world, database, 1, |indexer| indexer).await;
    let indexer: &Arc<Indexer> = stage.indexer();
    for kind in [
        "INSERT INTO _sqlx_migrations",
        "COMMIT",
        "UPDATE _sqlx_migrations",
    ] {
        cut_once_at(indexer, kind);
        indexer.start_migration().await.unwrap();
        let status = indexer.end(PATIENCE).await.unwrap().unwrap();
        assert!(!status.success(), "it was cut at {kind}");
        assert!(
            indexer.tail().contains("migrating the database"),
            "{}",
            indexer.tail()
        );
    }
    indexer.start().await.unwrap();
    stage.judge().await;
}

/// Cuts all connections when a statement of this kind is asked next.
fn cut_once_at(indexer: &Indexer, kind: &'static str) {
    let (weather, done) = (indexer.postgres.weather.clone(), AtomicBool::new(false));
    indexer.watch.on_boundary(move |met| {
        let is_there = met.method == kind && !done.swap(true, Ordering::AcqRel);
        let weather = weather.clone();
        async move {
            if is_there {
                weather.cut_all();
                // Ends with its connection.
                std::future::pending::<()>().await;
            }
        }
    });
}
