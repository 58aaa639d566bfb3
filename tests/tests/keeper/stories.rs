//! Random worlds played by nothing but plans: a short run. `LOTTERY_KEEPER_STORIES` asks
//! for more of them, `LOTTERY_KEEPER_SEED` for others, `LOTTERY_KEEPER_STORY` for one.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use lottery_tests::keeper::{coverage::Coverage, crank::NAMES, run::play, scene::Scene};

/// Chooses the stories. Any should do; a fixed one makes the coverage certain.
const SEED: u64 = 1;
const STORIES: u64 = 60;

/// What is rare, or comes about in more than one way.
const EVENTS: [&str; 13] = [
    "abort draw, game cancelled",
    "abort draw, in several transactions",
    "batch, the rest of one",
    "house of SOL",
    "house of SPL tokens",
    "house of Token-2022 tokens",
    "refused: PayoutToProgram",
    "refused: VaultFrozen",
    "request draw, of several games",
    "reveal draw, and settle",
    "reveal draw, and settle in several transactions",
    "reveal draw, without its games",
    "settle draw, in several transactions",
];

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{variable}: {value} is no number")),
    )
}

#[test]
fn plans_bring_every_world_to_its_end_and_the_program_refuses_none() {
    let seed = number("LOTTERY_KEEPER_SEED").unwrap_or(SEED);
    if let Some(story) = number("LOTTERY_KEEPER_STORY") {
        println!("{}", play(&Scene::new(), seed, story));
        return;
    }
    let stories = number("LOTTERY_KEEPER_STORIES").unwrap_or(STORIES);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, found) = (AtomicU64::new(0), Mutex::new(Coverage::default()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let scene = Scene::new();
                loop {
                    let story = next.fetch_add(1, Ordering::Relaxed);
                    if story >= stories {
                        return;
                    }
                    let coverage = play(&scene, seed, story);
                    found.lock().unwrap().merge(&coverage);
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    println!("{found}");
    for name in NAMES.iter().chain(&EVENTS) {
        assert!(found.seen(name) > 0, "never: {name}");
    }
}
