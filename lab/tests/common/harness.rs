//! Tells stories: each a test, several at a time on the same clusters.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, future::LocalBoxFuture, stream};
use lottery_lab::trial::{World, validator_is_there};
use lottery_localnet::ClusterChoice;
use tokio::{
    sync::Mutex,
    task::{JoinError, LocalSet, spawn_local},
    time::timeout,
};

/// Stories told at the same time.
const AT_ONCE: usize = 8;

/// How long a story may take.
const LONGEST: Duration = Duration::from_secs(600);

/// How long anything in it may take to come about.
pub const PATIENCE: Duration = Duration::from_secs(360);

/// Waits until a condition holds; says how long it took.
pub async fn until(what: &str, condition: impl AsyncFn() -> bool) -> Duration {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < PATIENCE, "never came about: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    started.elapsed()
}

/// Where a story plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    /// Slots of 200 ms.
    Surfnet,
    /// Slots of 400 ms.
    Validator,
    /// The same with the other's slots.
    SlowSurfnet,
    FastValidator,
}

impl Ground {
    fn settings(self) -> (ClusterChoice, u64) {
        match self {
            Self::Surfnet => (ClusterChoice::Surfnet, 200),
            Self::Validator => (ClusterChoice::Validator, 400),
            Self::SlowSurfnet => (ClusterChoice::Surfnet, 400),
            Self::FastValidator => (ClusterChoice::Validator, 200),
        }
    }

    fn is_there(self) -> bool {
        self.settings().0 == ClusterChoice::Surfnet || validator_is_there()
    }
}

type Tell = Box<dyn FnOnce(Arc<World>) -> LocalBoxFuture<'static, ()>>;

/// A test.
pub struct Story {
    name: &'static str,
    ground: Ground,
    tell: Tell,
}

pub fn story<T, F>(name: &'static str, ground: Ground, tell: T) -> Story
where
    T: FnOnce(Arc<World>) -> F + 'static,
    F: Future<Output = ()> + 'static,
{
    Story {
        name,
        ground,
        tell: Box::new(move |world| Box::pin(tell(world))),
    }
}

/// Each of these once on this ground; or once on each of the two usual ones.
macro_rules! stories {
    ($ground:ident: $($module:ident :: $test:ident),* $(,)?) => {
        vec![$($crate::harness::story(
            concat!(
                stringify!($module), "::", stringify!($test), "::on_", stringify!($ground)
            ),
            $crate::harness::Ground::$ground,
            $module::$test,
        )),*]
    };
    ($($module:ident :: $test:ident),* $(,)?) => {{
        let mut both = stories![Surfnet: $($module::$test),*];
        both.extend(stories![Validator: $($module::$test),*]);
        both
    }};
}
pub(crate) use stories;

/// Clusters, each started by the first story on it and ended after the last.
struct Worlds {
    grounds: BTreeMap<Ground, Place>,
}

struct Place {
    world: Mutex<Option<Arc<World>>>,
    /// Stories that are not told yet.
    left: AtomicUsize,
}

impl Worlds {
    fn of(stories: &[Story]) -> Self {
        let mut grounds: BTreeMap<Ground, Place> = BTreeMap::new();
        for story in stories {
            let place = grounds.entry(story.ground).or_insert_with(|| Place {
                world: Mutex::default(),
                left: AtomicUsize::new(0),
            });
            *place.left.get_mut() += 1;
        }
        Self { grounds }
    }

    async fn get(&self, ground: Ground) -> Arc<World> {
        let mut world = self.grounds[&ground].world.lock().await;
        if world.is_none() {
            let (cluster, slot_ms) = ground.settings();
            *world = Some(Arc::new(World::start(cluster, slot_ms).await.unwrap()));
        }
        world.clone().unwrap()
    }

    /// Notes that a story is told.
    async fn leave(&self, ground: Ground) {
        let place = &self.grounds[&ground];
        if place.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            let world = place.world.lock().await.take();
            // One that a story still holds ends with the process.
            if let Some(world) = world.and_then(Arc::into_inner) {
                world.strike().await;
            }
        }
    }
}

/// Tells all stories that the arguments choose.
#[tokio::main]
pub async fn run(stories: Vec<Story>) -> ExitCode {
    // Stories wait; what they wait for has the other threads.
    LocalSet::new().run_until(tell_all(stories)).await
}

async fn tell_all(stories: Vec<Story>) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_chosen = |story: &Story| {
        let mut wanted = arguments
            .iter()
            .filter(|it| !it.starts_with('-'))
            .peekable();
        wanted.peek().is_none() || wanted.any(|part| story.name.contains(part))
    };
    let stories: Vec<Story> = stories.into_iter().filter(is_chosen).collect();
    if arguments.iter().any(|it| it == "--list") {
        stories.iter().for_each(|it| println!("{}: test", it.name));
        return ExitCode::SUCCESS;
    }
    let (worlds, all, started) = (Worlds::of(&stories), stories.len(), Instant::now());
    let told = stream::iter(stories)
        .map(async |story| {
            let ground = story.ground;
            let passed = tell(&worlds, story).await;
            worlds.leave(ground).await;
            passed
        })
        .buffer_unordered(AT_ONCE);
    let passed = told
        .filter(|passed| std::future::ready(*passed))
        .count()
        .await;
    let took = started.elapsed().as_secs();
    println!("\ntest result: {passed} of {all} passed in {took} s");
    if passed == all {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn tell(worlds: &Worlds, story: Story) -> bool {
    if !story.ground.is_there() {
        println!(
            "test {} ... skipped: no solana-test-validator on PATH",
            story.name
        );
        return true;
    }
    let world = worlds.get(story.ground).await;
    let started = Instant::now();
    let telling = spawn_local(timeout(LONGEST, (story.tell)(world)));
    let took = || started.elapsed().as_secs_f64();
    match telling.await {
        Ok(Ok(())) => {
            println!("test {} ... ok ({:.1} s)", story.name, took());
            true
        }
        Ok(Err(_)) => {
            println!("test {} ... FAILED: not over after {LONGEST:?}", story.name);
            false
        }
        Err(error) => {
            let why = words(error);
            println!("test {} ... FAILED ({:.1} s): {why}", story.name, took());
            false
        }
    }
}

/// What a story that panicked said.
fn words(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else {
        return "it was aborted".to_owned();
    };
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
    text.unwrap_or_default()
}
