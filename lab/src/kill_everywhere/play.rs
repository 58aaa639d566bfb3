//! The games of a house, played by a keeper that is killed at a spot.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use tokio::time::{Instant, sleep};

use super::{NoScene, Played, Spot, killer::Killer};
use crate::trial::{Case, Database, Keeper, Launch, Scene, Sent, Terms, World, faults};

/// How long a game may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long a keeper may take to find out what became of what was sent.
const FATES: Duration = Duration::from_secs(90);

/// Pause between two looks.
const LOOKS: Duration = Duration::from_millis(50);

/// What a keeper is about once it was asked to stop.
const STOP: &str = "stop";

/// What a keeper is about that starts after one was killed.
pub(super) const RECOVERY: &str = "recovery";

/// A keeper, and who kills it.
struct Doomed {
    keeper: Arc<Keeper>,
    killer: Arc<Killer>,
    /// Boundaries that were met before the present life.
    before: AtomicUsize,
}

impl Doomed {
    /// Starts the next life of a keeper that was killed; fails where it ended by itself.
    async fn revive(&self) -> Result<()> {
        let keeper = &self.keeper;
        if self.killer.has_killed(keeper).await {
            self.before
                .store(keeper.watch.seen().len(), Ordering::Relaxed);
            keeper.watch.enter(RECOVERY);
            keeper.start().await?;
        }
        if let Some(status) = keeper.ended().await {
            bail!("it ended by itself: {status}");
        }
        Ok(())
    }
}

/// Plays the games of a new house to their end, kills the keeper at each of these spots
/// in turn, and judges.
pub async fn play(world: &World, spots: &[Spot]) -> Result<Played> {
    let database = Database::create().await?;
    let played = play_with(world, &database, spots).await;
    let dropped = database.scratch.drop_now().await;
    let played = played?;
    dropped?;
    Ok(played)
}

async fn play_with(world: &World, database: &Database, spots: &[Spot]) -> Result<Played> {
    let scene = Scene::set(world, Terms::default()).await.context(NoScene)?;
    let launch = Launch::of(scene.house()).flag("--lease-seconds", 1);
    let hired = Keeper::hire(world, launch, Some(database)).await;
    let keeper = Arc::new(hired.context(NoScene)?);
    let doomed = Doomed {
        killer: Killer::aim(spots, &keeper, &keeper.watch, None),
        keeper: keeper.clone(),
        before: AtomicUsize::new(0),
    };
    keeper.start().await?;
    let ended = act(&scene, &doomed, database).await;
    let mut boundaries = keeper.watch.seen();
    boundaries.drain(..doomed.before.load(Ordering::Relaxed));
    ended.with_context(|| format!("the keeper's last words:\n{}", keeper.tail()))?;
    let case = Case {
        world,
        games: &[scene.cancelled, scene.played],
        sent: Sent::together([keeper.watch.sent()]),
        journal: Some(database.journal(&scene.house().to_string()).await?),
        is_led: true,
    };
    Ok(Played {
        boundaries,
        met: doomed.killer.is_done(),
        faults: faults(&case).await?,
    })
}

async fn act(scene: &Scene, doomed: &Doomed, database: &Database) -> Result<()> {
    let keeper = &doomed.keeper;
    let look_after = async || doomed.revive().await;
    scene
        .until_closed(&scene.cancelled, PATIENCE, look_after)
        .await?;
    scene.sell_out().await.context(NoScene)?;
    scene
        .until_closed(&scene.played, PATIENCE, look_after)
        .await?;
    until_known(scene, doomed, database).await?;
    keeper.watch.enter(STOP);
    if !keeper.stop().await? {
        // Killed while it drained: the next one has nothing to do, and drains too.
        keeper.start().await?;
        until_leads(scene, keeper, database).await?;
        until_known(scene, doomed, database).await?;
        keeper.stop().await?;
    }
    Ok(())
}

/// Waits until the journal says what became of everything, or long enough.
async fn until_known(scene: &Scene, doomed: &Doomed, database: &Database) -> Result<()> {
    let deadline = Instant::now() + FATES;
    let lease = scene.house().to_string();
    loop {
        doomed.revive().await?;
        let journal = database.journal(&lease).await?;
        if journal.iter().all(|written| written.state != "open") || Instant::now() > deadline {
            return Ok(());
        }
        sleep(LOOKS).await;
    }
}

async fn until_leads(scene: &Scene, keeper: &Keeper, database: &Database) -> Result<()> {
    let deadline = Instant::now() + FATES;
    let name = scene.house().to_string();
    while Instant::now() < deadline {
        let lease = database.lease(&name).await?;
        if lease.is_some_and(|lease| lease.holds) && keeper.id().await.is_some() {
            return Ok(());
        }
        sleep(LOOKS).await;
    }
    bail!("nobody leads")
}
