//! Kills a service at every instant at which something passes between it and the outside.
//!
//! A keeper acts on nothing but what passes its sockets, and nobody can tell from outside
//! where between two such instants it was killed. So these instants are listed, by
//! playing a house's games without kills; then, for each of them, the games of another
//! house are played, the keeper is killed exactly there, the next one starts with the
//! same key and the same database, and what became of it all is compared with the ledger.
//!
//! An indexer leaves nothing behind but what it says to Postgres. So it is killed before each
//! kind of statement, which is lost with it, and after it, when it does not learn how it
//! went; and its tables are compared with the chain.

mod killer;
mod play;
mod report;
mod spot;
mod tables;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use futures_util::{StreamExt as _, stream};
use lottery_localnet::ClusterChoice;

pub use report::{Finding, Report, Verdict};
pub use spot::{Spot, kinds, spots};

use crate::trial::{Boundary, World};

/// How often the games are played for a spot that is not met; the last time its boundary
/// will do at whatever step: what comes by the clock is not at the same one every time.
const ATTEMPTS: u32 = 4;

/// The players' part could not be played: that says nothing of the keeper.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the scene cannot be set")]
pub(super) struct NoScene;

/// A play.
#[derive(Clone, Debug)]
pub struct Played {
    /// All that were met in the last life, in order.
    pub boundaries: Vec<Boundary>,
    /// Whether it was killed as often as it was to be.
    pub met: bool,
    pub faults: Vec<String>,
}

/// Who is killed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Victim {
    /// A keeper that plays a house's games.
    #[default]
    Keeper,
    /// An indexer that fills an empty database, follows, stops, and starts again.
    Indexer,
    /// The same of a chain with forks, which it hears of over gRPC.
    Forks,
    /// An indexer's migration of an empty database.
    Migration,
}

impl Victim {
    /// Lets it live, killed at each of these spots in turn, and judges what became of it.
    pub async fn play(self, world: &World, spots: &[Spot]) -> Result<Played> {
        match self {
            Self::Keeper => play::play(world, spots).await,
            Self::Indexer => tables::follow(world, spots).await,
            Self::Forks => tables::follow_forks(world, spots).await,
            Self::Migration => tables::migrate(world, spots).await,
        }
    }
}

/// What is done.
#[derive(Clone, Debug)]
pub struct Settings {
    pub of: Victim,
    pub cluster: ClusterChoice,
    /// Milliseconds per slot.
    pub slot_ms: u64,
    /// Houses played at the same time.
    pub jobs: usize,
    /// Plays without kills that list the boundaries.
    pub listings: usize,
    /// How often each boundary of a step counts.
    pub bound: u32,
    /// Only spots whose name contains this.
    pub only: Option<String>,
    /// One spot of each kind instead of all.
    pub kinds: bool,
    /// A keeper is killed that has written a transaction down and not sent it; and the
    /// next one while it takes up what was left open.
    pub recovery: bool,
}

/// Who wants to know how it goes on.
pub trait Progress: Sync {
    /// So many spots are going to be tried.
    fn listed(&self, spots: usize, boundaries: usize);
    fn found(&self, finding: &Finding);
}

/// Lists, kills and compares.
///
/// # Errors
/// Where something is missing, or the games cannot be played without kills. That a kill
/// did harm is no error: the report says so.
pub async fn run(settings: &Settings, progress: &impl Progress) -> Result<Report> {
    let world = World::start(settings.cluster.clone(), settings.slot_ms).await?;
    let report = run_in(Arc::new(world), settings, progress).await;
    report.context("killing everywhere")
}

/// The same in a world that is there.
pub async fn run_in(
    world: Arc<World>,
    settings: &Settings,
    progress: &impl Progress,
) -> Result<Report> {
    let started = Instant::now();
    ensure!(
        settings.of == Victim::Keeper || !settings.recovery,
        "only a keeper's recovery can be listed"
    );
    let before = match settings.recovery {
        true => vec![Spot::unsent()],
        false => Vec::new(),
    };
    let listings = list(&world, settings, &before).await?;
    let boundaries = listings.iter().map(Vec::len).max().unwrap_or(0);
    let mut spots = spots(&listings, settings.bound);
    if settings.kinds {
        spots = kinds(spots);
    }
    if let Some(only) = &settings.only {
        spots.retain(|spot| spot.to_string().contains(only));
    }
    progress.listed(spots.len(), boundaries);
    let mut findings: Vec<(usize, Finding)> = stream::iter(spots.into_iter().enumerate())
        .map(|(index, spot)| {
            let (world, before, victim) = (&world, &before, settings.of);
            async move { (index, attempt(victim, world, before, spot).await) }
        })
        .buffer_unordered(settings.jobs.max(1))
        .inspect(|(_, finding)| progress.found(finding))
        .collect()
        .await;
    findings.sort_by_key(|(index, _)| *index);
    Ok(Report {
        cluster: world.localnet.kind(),
        slot_ms: settings.slot_ms,
        boundaries,
        findings: findings.into_iter().map(|(_, finding)| finding).collect(),
        took_ms: millis(started.elapsed()),
    })
}

/// The boundaries of plays without further kills; of those after a kill, the ones until
/// the next keeper does something of its own.
async fn list(world: &World, settings: &Settings, before: &[Spot]) -> Result<Vec<Vec<Boundary>>> {
    let plays = (0..settings.listings.max(1)).map(|_| settings.of.play(world, before));
    let mut listings = Vec::new();
    for played in futures_util::future::join_all(plays).await {
        let mut played = played.context("playing to see what there is")?;
        let faults = played.faults.join("\n");
        ensure!(faults.is_empty(), "without any further kill:\n{faults}");
        if !before.is_empty() {
            ensure!(played.met, "the first keeper was not killed");
            let mut boundaries = played.boundaries.iter();
            let own = boundaries.position(|met| met.method == "simulateTransaction");
            played.boundaries.truncate(own.unwrap_or(usize::MAX));
        }
        listings.push(played.boundaries);
    }
    Ok(listings)
}

/// Plays until the spot is met, and judges.
async fn attempt(victim: Victim, world: &World, before: &[Spot], spot: Spot) -> Finding {
    let started = Instant::now();
    let mut verdict = Verdict::NotMet;
    let mut elsewhere = false;
    for attempt in 1..=ATTEMPTS {
        elsewhere = attempt == ATTEMPTS && !spot.any_step;
        let any_step = attempt == ATTEMPTS || spot.any_step;
        let target = Spot {
            any_step,
            ..spot.clone()
        };
        let spots: Vec<Spot> = before.iter().cloned().chain([target]).collect();
        match victim.play(world, &spots).await {
            Ok(played) if !played.faults.is_empty() => verdict = Verdict::Failed(played.faults),
            Ok(played) if played.met => verdict = Verdict::Passed,
            Ok(_) => continue,
            Err(error) if error.is::<NoScene>() => {
                verdict = Verdict::Failed(vec![format!("{error:#}")]);
                continue;
            }
            Err(error) => verdict = Verdict::Failed(vec![format!("{error:#}")]),
        }
        break;
    }
    Finding {
        spot,
        elsewhere: elsewhere && verdict == Verdict::Passed,
        verdict,
        took_ms: millis(started.elapsed()),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
