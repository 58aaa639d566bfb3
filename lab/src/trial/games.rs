//! Games that go on by themselves, one after the other, for whoever watches a chain.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;
use tokio::{sync::watch, task::JoinSet};

use super::{
    keeper::{Keeper, Launch},
    scene::{Scene, Terms},
    world::World,
};

/// Houses that play at the same time.
const HOUSES: usize = 2;

/// Pause of a house between two games: the chain's history grows for as long as anybody
/// watches, and is read from its beginning again and again.
const PAUSE: Duration = Duration::from_secs(2);

/// Rounds of a game.
const ROUNDS: u8 = 2;

/// How long a game may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Houses that play; they stop when this is dropped.
pub struct Games {
    over: watch::Receiver<u64>,
    _houses: JoinSet<()>,
}

impl Games {
    /// Opens houses, each with a keeper, and begins.
    pub(super) async fn begin(world: &World) -> Result<Self> {
        let (sender, over) = watch::channel(0);
        let sender = Arc::new(sender);
        let mut houses = JoinSet::new();
        for (scene, keeper) in try_join_all((0..HOUSES).map(|_| open(world))).await? {
            let over = sender.clone();
            houses.spawn(async move {
                // Whoever waits for a game sees that none ends any more.
                if let Err(error) = play(&scene, &over).await {
                    tracing::error!(keeper = keeper.tail(), "no games any more: {error:#}");
                }
            });
        }
        Ok(Self {
            over,
            _houses: houses,
        })
    }

    /// How many games are over: played, paid and closed.
    pub fn over(&self) -> u64 {
        *self.over.borrow()
    }

    /// Waits until so many more are over.
    ///
    /// # Errors
    /// When nobody plays any more.
    pub async fn until_over(&self, more: u64) -> Result<()> {
        let mut over = self.over.clone();
        let wanted = self.over() + more;
        let waited = over.wait_for(|over| *over >= wanted).await;
        waited.map(|_| ()).context("no games are played any more")
    }
}

async fn open(world: &World) -> Result<(Scene, Keeper)> {
    let scene = Scene::set(world, Terms::default()).await?;
    let launch = Launch::of(scene.house()).flag("--lanes", 1);
    let keeper = Keeper::hire(world, launch, None).await?;
    keeper.start().await?;
    Ok((scene, keeper))
}

async fn play(scene: &Scene, over: &watch::Sender<u64>) -> Result<()> {
    let note = || over.send_modify(|over| *over += 1);
    let unwatched = async || Ok(());
    scene.sell_out().await?;
    for game in [scene.cancelled, scene.played] {
        scene.until_closed(&game, PATIENCE, unwatched).await?;
        note();
    }
    loop {
        tokio::time::sleep(PAUSE).await;
        let game = scene.play_another(ROUNDS).await?;
        scene.until_closed(&game, PATIENCE, unwatched).await?;
        note();
    }
}
