//! What most stories do.

use std::sync::Arc;

use lottery_lab::trial::{Case, Database, Keeper, Launch, Scene, Sent, Terms, World, faults};
use solana_pubkey::Pubkey;

use crate::harness::PATIENCE;
pub use crate::harness::until;

/// A house, its keepers and their database.
pub struct Stage {
    pub world: Arc<World>,
    pub scene: Scene,
    pub keepers: Vec<Arc<Keeper>>,
    pub database: Option<Database>,
}

impl Stage {
    /// With keepers that share a database if they are to have one; none is started.
    pub async fn set(
        world: Arc<World>,
        terms: Terms,
        keepers: usize,
        with_database: bool,
        launch: impl Fn(Launch) -> Launch,
    ) -> Self {
        let scene = Scene::set(&world, terms).await.unwrap();
        let database = match with_database {
            true => Some(Database::create().await.unwrap()),
            false => None,
        };
        let mut hired = Vec::new();
        for _ in 0..keepers {
            let launch = launch(Launch::of(scene.house()));
            let keeper = Keeper::hire(&world, launch, database.as_ref()).await;
            hired.push(Arc::new(keeper.unwrap()));
        }
        Self {
            world,
            scene,
            keepers: hired,
            database,
        }
    }

    pub async fn start_all(&self) {
        for keeper in &self.keepers {
            keeper.start().await.unwrap();
        }
    }

    /// The keeper of a stage that has one.
    pub fn keeper(&self) -> &Arc<Keeper> {
        &self.keepers[0]
    }

    pub fn database(&self) -> &Database {
        self.database.as_ref().unwrap()
    }

    /// Position of the keeper that leads now, and the lease's epoch.
    pub async fn leader(&self) -> Option<(usize, i64)> {
        let name = self.scene.house().to_string();
        let lease = self.database().lease(&name).await.unwrap()?;
        for (index, keeper) in self.keepers.iter().enumerate() {
            if lease.holds && keeper.id().await == Some(lease.process) {
                return Some((index, lease.epoch));
            }
        }
        None
    }

    pub async fn until_closed(&self, game: &Pubkey) {
        let look = async || Ok(());
        if let Err(error) = self.scene.until_closed(game, PATIENCE, look).await {
            panic!("{error}\n{}", self.last_words());
        }
    }

    /// Rounds of a game that are settled; all, once it is closed.
    pub async fn rounds(&self, game: &Pubkey) -> u8 {
        let game = self.scene.game(game).await.unwrap();
        game.map_or(u8::MAX, |game| game.rounds_settled)
    }

    /// Both games, with whatever the weather is.
    pub async fn play(&self) {
        self.until_closed(&self.scene.cancelled).await;
        self.scene.sell_out().await.unwrap();
        self.until_closed(&self.scene.played).await;
    }

    fn last_words(&self) -> String {
        let words = self.keepers.iter().map(|keeper| keeper.tail());
        words.collect::<Vec<_>>().join("\n--\n")
    }

    /// Waits until the journal knows what became of everything.
    pub async fn until_known(&self) {
        let lease = self.scene.house().to_string();
        until("the journal knows all ends", async || {
            let journal = self.database().journal(&lease).await.unwrap();
            journal.iter().all(|written| written.state != "open")
        })
        .await;
    }

    /// Everything that all keepers sent.
    pub fn sent(&self) -> Sent {
        Sent::together(self.keepers.iter().map(|keeper| keeper.watch.sent()))
    }

    /// Fails where anything is wrong with how it ended; then clears away. `journal` says
    /// whether all that was sent must be in the journal.
    pub async fn judge(self, more: &[Pubkey], journal: bool) {
        let sent = self.sent();
        self.judge_sent(more, journal, sent).await;
    }

    /// As [`judge`](Self::judge), where transactions for one purpose may be under way at
    /// the same time.
    pub async fn judge_races(self) {
        let sent = self.sent();
        self.conclude(&[], false, sent, false).await;
    }

    /// As [`judge`](Self::judge), where more was sent than arrived.
    pub async fn judge_sent(self, more: &[Pubkey], journal: bool, sent: Sent) {
        // One alone takes turns with itself.
        let is_led = self.database.is_some() || self.keepers.len() == 1;
        self.conclude(more, journal, sent, is_led).await;
    }

    async fn conclude(self, more: &[Pubkey], journal: bool, sent: Sent, is_led: bool) {
        if journal {
            self.until_known().await;
        }
        for keeper in &self.keepers {
            if keeper.id().await.is_some() {
                assert!(keeper.stop().await.unwrap());
            }
        }
        let mut games = vec![self.scene.cancelled, self.scene.played];
        games.extend(more);
        let lease = self.scene.house().to_string();
        let journal = match &self.database {
            Some(database) if journal => Some(database.journal(&lease).await.unwrap()),
            _ => None,
        };
        let case = Case {
            world: &self.world,
            games: &games,
            sent,
            journal,
            is_led,
        };
        let faults = faults(&case).await.unwrap();
        assert!(
            faults.is_empty(),
            "{}\n{}",
            faults.join("\n"),
            self.last_words()
        );
        if let Some(database) = self.database {
            database.scratch.drop_now().await.unwrap();
        }
    }
}
