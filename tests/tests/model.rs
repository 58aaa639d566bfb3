//! The program against a model of it, in a short run; `cargo run -p lottery-tests --bin
//! model` is the long one. What is checked: `docs/invariants.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use lottery_tests::model::{
    coverage::Coverage,
    op::Story,
    run::run,
    search::{Search, search, story},
    stage::{Currency, Template},
};

/// Chooses the stories. Any seed should do; a fixed one makes the coverage certain.
const SEED: u64 = 1;
const SEQUENCES: u64 = 400;
const STEPS: usize = 50;

/// Every instruction of the program.
const INSTRUCTIONS: [&str; 24] = [
    "abort_draw",
    "accept_authority",
    "cancel_game",
    "claim",
    "claim_jackpot",
    "close_entry",
    "close_game",
    "close_lane",
    "create_game",
    "create_house",
    "expire_prizes",
    "fund_jackpot",
    "join",
    "open_lane",
    "player_batch",
    "propose_authority",
    "refund",
    "request_draw",
    "reveal_draw",
    "set_pause",
    "settle_draw",
    "settle_game",
    "update_house",
    "withdraw_treasury",
];

/// Every way in which a game can end, and what is rare.
const EVENTS: [&str; 12] = [
    "draw of several games",
    "game cancelled: no oracle",
    "game cancelled: overdue",
    "game cancelled: too few tickets",
    "game of 4,294,967,295 tickets",
    "game settled after eight rounds",
    "game settled, prizes expired",
    "game settled, prizes paid",
    "game settled, prizes paid and expired",
    "game settled, without prizes",
    "jackpot hit",
    "story of tokens",
];

#[test]
fn program_and_model_agree_on_every_lamport_and_every_refusal_until_all_games_are_gone() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!("seed {SEED}");
    let found = search(
        Search {
            sequences: SEQUENCES,
            steps: STEPS,
            seed: SEED,
            threads,
        },
        || (),
    );
    if let Some(counterexample) = found.counterexample {
        panic!(
            "sequence {} of seed {SEED}: {:#?}\n{}\n{}",
            counterexample.index,
            counterexample.story,
            counterexample.failure.trace.join("\n"),
            counterexample.failure.what,
        );
    }
    println!("{}", found.coverage);
    for instruction in INSTRUCTIONS {
        let count = found.coverage.successes(instruction);
        assert!(count > 0, "{instruction} never succeeded");
    }
    for event in EVENTS {
        assert!(found.coverage.seen(event) > 0, "never seen: {event}");
    }
    for bad in ["a game ended in debt", "a game did not end"] {
        assert_eq!(found.coverage.seen(bad), 0, "{bad}");
    }
}

#[test]
fn a_story_is_the_same_whenever_it_is_told() {
    assert_eq!(story(5, 7, STEPS), story(5, 7, STEPS));
    assert_ne!(story(5, 7, STEPS), story(5, 8, STEPS));
}

/// What is one lamport off is seen at once.
#[test]
fn a_lamport_that_the_model_does_not_know_of_is_found() {
    let mut template = Template::new(Currency::Sol);
    let story = Story {
        ops: Vec::new(),
        ..story(SEED, 0, 1)
    };
    run(&template, &story, &mut Coverage::default()).unwrap();
    let player = template.model.cast.actor(1);
    template.svm.airdrop(&player, 1).unwrap();
    let failure = run(&template, &story, &mut Coverage::default()).unwrap_err();
    assert!(failure.what.contains("actor 1"), "{}", failure.what);
    assert!(failure.what.contains("(+1)"), "{}", failure.what);
}

/// Every number of `docs/invariants.md` is checked under that number, or follows from
/// the comparison with the model.
#[test]
fn every_invariant_has_its_number() {
    let document = include_str!("../../docs/invariants.md");
    let checks = [
        include_str!("../src/model/invariants.rs"),
        include_str!("../src/model/run.rs"),
    ]
    .concat();
    // I15, I16 and I18 are what program and model agree on.
    let by_comparison = [15, 16, 18];
    for number in 1..=19 {
        let row = format!("\n| I{number} |");
        assert_eq!(document.matches(&row).count(), 1, "I{number}");
        let named = checks.contains(&format!("I{number}:"));
        assert_eq!(named, !by_comparison.contains(&number), "I{number}");
    }
}
