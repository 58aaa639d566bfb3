//! What most stories do.

use std::sync::Arc;

use lottery_lab::trial::{Database, Indexer, World, faults_of_tables, until_level};

use crate::harness::PATIENCE;

/// Indexers of one database, and a chain on which games go on.
pub struct Stage {
    pub world: Arc<World>,
    pub database: Database,
    pub indexers: Vec<Arc<Indexer>>,
    /// Kinds of dead letters that the story makes.
    pub letters: &'static [&'static str],
}

impl Stage {
    /// With so many indexers; none is started.
    pub async fn set(
        world: Arc<World>,
        database: Database,
        indexers: usize,
        vary: impl Fn(Indexer) -> Indexer,
    ) -> Self {
        world.games().await.unwrap();
        let mut hired = Vec::new();
        for _ in 0..indexers {
            let indexer = Indexer::hire(&world, &database).await.unwrap();
            hired.push(Arc::new(vary(indexer)));
        }
        Self {
            world,
            database,
            indexers: hired,
            letters: &[],
        }
    }

    /// With one indexer of an empty database, which is level with the chain.
    pub async fn level(world: Arc<World>) -> Self {
        let database = Database::create().await.unwrap();
        let stage = Self::set(world, database, 1, |indexer| indexer).await;
        stage.indexer().start().await.unwrap();
        stage.until_level().await;
        stage
    }

    /// The indexer of a stage that has one.
    pub fn indexer(&self) -> &Arc<Indexer> {
        &self.indexers[0]
    }

    /// Waits until so many more games were played to their ends.
    pub async fn play(&self, games: u64) {
        let games = self.world.games().await.unwrap().until_over(games);
        let played = tokio::time::timeout(PATIENCE, games).await;
        played.expect("games end in time").unwrap();
    }

    /// Waits until the tables are where the chain is now; the slot.
    pub async fn until_level(&self) -> u64 {
        let look = async || Ok(());
        match until_level(&self.world, &self.database, PATIENCE, look).await {
            Ok(slot) => slot,
            Err(error) => panic!("{error:#}\n{}", self.last_words()),
        }
    }

    pub fn last_words(&self) -> String {
        let words = self.indexers.iter().map(|indexer| indexer.tail());
        words.collect::<Vec<_>>().join("\n--\n")
    }

    /// Waits until the tables are level, and fails where they differ from the chain.
    pub async fn compare(&self) {
        let slot = self.until_level().await;
        let found = faults_of_tables(&self.world, &self.database, slot, self.letters).await;
        let faults = found.unwrap();
        let words = self.last_words();
        assert!(faults.is_empty(), "{}\n{words}", faults.join("\n"));
    }

    /// As [`compare`](Self::compare); then stops who still runs, in order, and clears away.
    pub async fn judge(self) {
        self.compare().await;
        for indexer in &self.indexers {
            if indexer.id().await.is_some() {
                assert!(indexer.stop().await.unwrap());
            }
        }
        self.database.scratch.drop_now().await.unwrap();
    }
}
