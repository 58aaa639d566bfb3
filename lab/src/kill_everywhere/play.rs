//! The games of a house, played by a keeper that is killed at a spot.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use tokio::time::{Instant, sleep};

use super::Spot;
use crate::{
    lock::lock,
    trial::{Boundary, Case, Database, Keeper, Launch, Scene, Sent, Terms, World, faults},
};

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

/// The players' part could not be played: that says nothing of the keeper.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the scene cannot be set")]
pub(super) struct NoScene;

/// A play.
#[derive(Clone, Debug)]
pub struct Played {
    /// All that were met in the last life, in order.
    pub boundaries: Vec<Boundary>,
    /// Whether the keeper was killed as often as it was to be.
    pub met: bool,
    pub faults: Vec<String>,
}

/// Kills a keeper at each of these, one after the other.
struct Killer {
    spots: Vec<Spot>,
    aim: Mutex<Aim>,
    /// Kills that are over.
    struck: AtomicUsize,
    /// Boundaries that were met before the present life.
    before: AtomicUsize,
}

#[derive(Default)]
struct Aim {
    /// Position of the spot that comes next.
    next: usize,
    /// How often its boundary was met.
    count: u32,
}

impl Killer {
    fn aim(spots: &[Spot], keeper: &Arc<Keeper>) -> Arc<Self> {
        let killer = Arc::new(Self {
            spots: spots.to_vec(),
            aim: Mutex::default(),
            struck: AtomicUsize::new(0),
            before: AtomicUsize::new(0),
        });
        // The watch is part of the keeper, which must not hold itself.
        let (hook, victim) = (killer.clone(), Arc::downgrade(keeper));
        keeper.watch.on_boundary(move |met| {
            let is_there = hook.is_there(&met);
            let (killer, victim) = (hook.clone(), victim.clone());
            async move {
                let Some(keeper) = victim.upgrade().filter(|_| is_there) else {
                    return;
                };
                match keeper.kill().await {
                    Ok(_) => {
                        killer.struck.fetch_add(1, Ordering::Release);
                    }
                    Err(error) => tracing::error!(%error, "cannot kill the keeper"),
                }
            }
        });
        killer
    }

    fn is_there(&self, met: &Boundary) -> bool {
        let mut aim = lock(&self.aim);
        let Some(spot) = self.spots.get(aim.next).filter(|spot| spot.is_at(met)) else {
            return false;
        };
        aim.count += 1;
        let is_there = aim.count == spot.nth;
        if is_there {
            *aim = Aim {
                next: aim.next + 1,
                count: 0,
            };
        }
        is_there
    }

    fn is_done(&self) -> bool {
        self.struck.load(Ordering::Acquire) == self.spots.len()
    }

    /// Starts the next life of a keeper that was killed; fails where it ended by itself.
    async fn revive(&self, keeper: &Keeper) -> Result<()> {
        let struck = self.struck.load(Ordering::Acquire);
        // Not while it is being killed.
        if struck == lock(&self.aim).next && struck > 0 && keeper.id().await.is_none() {
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
    let dropped = database.drop_now().await;
    let played = played?;
    dropped?;
    Ok(played)
}

async fn play_with(world: &World, database: &Database, spots: &[Spot]) -> Result<Played> {
    let scene = Scene::set(world, Terms::default()).await.context(NoScene)?;
    let launch = Launch::of(scene.house()).flag("--lease-seconds", 1);
    let hired = Keeper::hire(world, launch, Some(database)).await;
    let keeper = Arc::new(hired.context(NoScene)?);
    let killer = Killer::aim(spots, &keeper);
    keeper.start().await?;
    let ended = act(&scene, &keeper, &killer, database).await;
    let mut boundaries = keeper.watch.seen();
    boundaries.drain(..killer.before.load(Ordering::Relaxed));
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
        met: killer.is_done(),
        faults: faults(&case).await?,
    })
}

async fn act(scene: &Scene, keeper: &Keeper, killer: &Killer, database: &Database) -> Result<()> {
    let look_after = async || killer.revive(keeper).await;
    scene
        .until_closed(&scene.cancelled, PATIENCE, look_after)
        .await?;
    scene.sell_out().await.context(NoScene)?;
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
        killer.revive(keeper).await?;
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
