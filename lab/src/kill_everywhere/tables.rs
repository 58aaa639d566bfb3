//! An indexer that is killed at a spot, and what became of its tables.

use std::{pin::pin, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::{
    sync::OnceCell,
    time::{sleep, timeout},
};

use super::{NoScene, Played, Spot, killer::Killer};
use crate::trial::{Database, Indexer, Relay, World, faults_of_tables, until_level};

/// How long tables may take to be level with the chain, and a migration to end.
const PATIENCE: Duration = Duration::from_secs(90);

/// Pause between two looks whether it lives.
const LOOKS: Duration = Duration::from_millis(100);

/// An indexer, and who kills it.
struct Doomed {
    indexer: Arc<Indexer>,
    killer: Arc<Killer>,
}

impl Doomed {
    async fn of(world: &World, database: &Database, spots: &[Spot]) -> Result<Self> {
        let indexer = Indexer::hire(world, database).await.context(NoScene)?;
        Ok(Self::new(indexer, spots))
    }

    fn new(indexer: Indexer, spots: &[Spot]) -> Self {
        let indexer = Arc::new(indexer);
        let lost = Some(indexer.postgres.weather.clone());
        Self {
            killer: Killer::aim(spots, &indexer, &indexer.watch, lost),
            indexer,
        }
    }

    /// Starts the next life of one that was killed; fails where it ended by itself.
    async fn revive(&self) -> Result<()> {
        if self.killer.has_killed(&self.indexer).await {
            self.indexer.start().await?;
        }
        if let Some(status) = self.indexer.ended().await {
            bail!("it ended by itself: {status}");
        }
        Ok(())
    }

    async fn until_level(&self, world: &World, database: &Database) -> Result<u64> {
        until_level(world, database, PATIENCE, async || self.revive().await).await
    }

    fn played(&self, faults: Vec<String>) -> Played {
        Played {
            boundaries: self.indexer.watch.seen(),
            met: self.killer.is_done(),
            faults,
        }
    }

    fn last_words(&self) -> String {
        format!("the indexer's last words:\n{}", self.indexer.tail())
    }
}

/// Follows the chain while a game is played, stops, starts again and follows.
pub(super) async fn follow(world: &World, spots: &[Spot]) -> Result<Played> {
    let database = Database::create().await.context(NoScene)?;
    let doomed = Doomed::of(world, &database, spots).await?;
    judge(world, database, doomed, || ()).await
}

/// The same of a chain with forks, over gRPC.
pub(super) async fn follow_forks(world: &World, spots: &[Spot]) -> Result<Played> {
    let database = Database::create().await.context(NoScene)?;
    let relay = Relay::start(world, true).await.context(NoScene)?;
    let indexer = Indexer::hire(world, &database).await.context(NoScene)?;
    let indexer = indexer.of_relay(&relay).flag("--commitment", "processed");
    judge(world, database, Doomed::new(indexer, spots), || {
        relay.calm()
    })
    .await
}

/// `calm` is called before the tables are compared with the chain.
async fn judge(
    world: &World,
    database: Database,
    doomed: Doomed,
    calm: impl Fn(),
) -> Result<Played> {
    let faults = live(world, &database, &doomed, calm).await;
    // It holds a connection to what is dropped now.
    doomed.indexer.kill().await?;
    let dropped = database.scratch.drop_now().await;
    let faults = faults.with_context(|| doomed.last_words())?;
    dropped?;
    Ok(doomed.played(faults))
}

async fn live(
    world: &World,
    database: &Database,
    doomed: &Doomed,
    calm: impl Fn(),
) -> Result<Vec<String>> {
    let games = world.games().await.context(NoScene)?;
    doomed.indexer.start().await?;
    doomed.until_level(world, database).await?;
    timeout(PATIENCE, games.until_over(1))
        .await
        .context(NoScene)?
        .context(NoScene)?;
    doomed.until_level(world, database).await?;
    // Killed while it drained or not: the next one goes on.
    doomed.indexer.stop().await?;
    doomed.indexer.start().await?;
    doomed.until_level(world, database).await?;
    calm();
    let slot = doomed.until_level(world, database).await?;
    // A spot may be met as late as now.
    let mut judged = pin!(faults_of_tables(world, database, slot, &[]));
    loop {
        tokio::select! {
            faults = &mut judged => return faults,
            () = sleep(LOOKS) => doomed.revive().await?,
        }
    }
}

/// Migrates an empty database, as often as it takes.
pub(super) async fn migrate(world: &World, spots: &[Spot]) -> Result<Played> {
    let database = Database::create().await.context(NoScene)?;
    let doomed = Doomed::of(world, &database, spots).await?;
    let schema = schema(&database, &doomed).await;
    let dropped = database.scratch.drop_now().await;
    let schema = schema.with_context(|| doomed.last_words())?;
    dropped?;
    let expected = WHOLE.get_or_try_init(|| whole(world)).await?;
    let faults = match schema == *expected {
        true => Vec::new(),
        false => vec!["its schema is not that of a migration that nobody interrupted".to_owned()],
    };
    Ok(doomed.played(faults))
}

/// The schema of a migration that nobody interrupted.
static WHOLE: OnceCell<String> = OnceCell::const_new();

async fn whole(world: &World) -> Result<String> {
    let database = Database::create().await.context(NoScene)?;
    let untouched = Doomed::of(world, &database, &[]).await?;
    let schema = schema(&database, &untouched).await;
    database.scratch.drop_now().await?;
    schema
}

/// What migrations come to.
async fn schema(database: &Database, doomed: &Doomed) -> Result<String> {
    migrate_all(doomed).await?;
    database.schema().await
}

async fn migrate_all(doomed: &Doomed) -> Result<()> {
    loop {
        doomed.indexer.start_migration().await?;
        if let Some(status) = doomed.indexer.end(PATIENCE).await? {
            ensure!(status.success(), "the migration ended with {status}");
            return Ok(());
        }
        // Killed: the next one goes on, once its connections cannot be taken for those of the
        // one before it.
        let killed = timeout(PATIENCE, async {
            while !doomed.killer.has_killed(&doomed.indexer).await {
                sleep(LOOKS).await;
            }
        });
        killed
            .await
            .context("the migration is still being killed")?;
    }
}
