//! The games of a house, played by a keeper that is killed at a spot.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use tokio::time::{Instant, sleep};

use super::Spot;
use crate::trial::{Boundary, Case, Database, Keeper, Launch, Scene, Sent, Terms, World, faults};

/// How long a game may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long a keeper may take to find out what became of what was sent.
const FATES: Duration = Duration::from_secs(90);

/// Pause between two looks.
const LOOKS: Duration = Duration::from_millis(50);

/// What a keeper is about once it was asked to stop.
const STOP: &str = "stop";

/// A play.
#[derive(Clone, Debug)]
pub struct Played {
    /// All that were met, in order.
    pub boundaries: Vec<Boundary>,
    /// Whether the keeper was killed.
    pub met: bool,
    pub faults: Vec<String>,
}

/// Kills a keeper, once.
#[derive(Default)]
struct Killer {
    /// How often the spot's boundary was met.
    count: AtomicU32,
    struck: AtomicBool,
}

impl Killer {
    fn aim(self: Arc<Self>, keeper: &Arc<Keeper>, spot: &Spot) {
        let spot = spot.clone();
        // The watch is part of the keeper, which must not hold itself.
        let keeper_of_hook = Arc::downgrade(keeper);
        keeper.watch.on_boundary(move |met| {
            let is_there =
                spot.is_at(&met) && self.count.fetch_add(1, Ordering::Relaxed) + 1 == spot.nth;
            let (killer, keeper) = (self.clone(), keeper_of_hook.clone());
            async move {
                let Some(keeper) = keeper.upgrade().filter(|_| is_there) else {
                    return;
                };
                match keeper.kill().await {
                    Ok(true) => killer.struck.store(true, Ordering::Release),
                    Ok(false) => {}
                    Err(error) => tracing::error!(%error, "cannot kill the keeper"),
                }
            }
        });
    }

    fn has_struck(&self) -> bool {
        self.struck.load(Ordering::Acquire)
    }
}

/// Plays the games of a new house to their end, and judges. Without a spot nobody is
/// killed.
pub async fn play(world: &World, spot: Option<&Spot>) -> Result<Played> {
    let database = Database::create().await?;
    let played = play_with(world, &database, spot).await;
    let dropped = database.drop_now().await;
    let played = played?;
    dropped?;
    Ok(played)
}

async fn play_with(world: &World, database: &Database, spot: Option<&Spot>) -> Result<Played> {
    let scene = Scene::set(world, Terms::default()).await?;
    let launch = Launch::of(scene.house()).flag("--lease-seconds", 1);
    let keeper = Arc::new(Keeper::hire(world, launch, Some(database)).await?);
    let killer = Arc::new(Killer::default());
    if let Some(spot) = spot {
        killer.clone().aim(&keeper, spot);
    }
    keeper.start().await?;
    let ended = act(&scene, &keeper, &killer, database).await;
    // What is listed is one life.
    let boundaries = keeper.watch.seen();
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
        met: killer.has_struck(),
        faults: faults(&case).await?,
    })
}

async fn act(scene: &Scene, keeper: &Keeper, killer: &Killer, database: &Database) -> Result<()> {
    let look_after = async || revive(keeper, killer).await;
    scene
        .until_closed(&scene.cancelled, PATIENCE, look_after)
        .await?;
    scene.sell_out().await?;
    scene
        .until_closed(&scene.played, PATIENCE, look_after)
        .await?;
    until_known(scene, keeper, killer, database).await?;
    keeper.watch.enter(STOP);
    if !keeper.stop().await? {
        // Killed while it drained: the next one has nothing to do, and drains too.
        keeper.start().await?;
        until_leads(scene, keeper, database).await?;
        until_known(scene, keeper, killer, database).await?;
        keeper.stop().await?;
    }
    Ok(())
}

/// Starts the next life of a keeper that was killed; fails where it ended by itself.
async fn revive(keeper: &Keeper, killer: &Killer) -> Result<()> {
    if killer.has_struck() {
        keeper.start().await?;
    }
    if let Some(status) = keeper.ended().await {
        bail!("it ended by itself: {status}");
    }
    Ok(())
}

/// Waits until the journal says what became of everything, or long enough.
async fn until_known(
    scene: &Scene,
    keeper: &Keeper,
    killer: &Killer,
    database: &Database,
) -> Result<()> {
    let deadline = Instant::now() + FATES;
    let lease = scene.house().to_string();
    loop {
        revive(keeper, killer).await?;
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
