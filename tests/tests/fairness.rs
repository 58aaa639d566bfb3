//! The draw is fair, and the statistics that say so would notice if it were not.
//! A short run; `cargo run -p lottery-tests --bin fairness` is the long one.

#![allow(clippy::unwrap_used, reason = "tests")]

use lottery_tests::fairness::{
    self, controls, experiment::Experiment, functions::Functions, game::Game, tickets,
};

const SEED: u64 = 1;
/// A few seconds' worth.
const DRAWS: u64 = 6_000;

fn quiet(_: &str, _: u64) {}

#[test]
fn the_draw_is_fair() {
    let experiments = fairness::experiments(Functions::PROGRAM, DRAWS);
    let report = fairness::run(SEED, experiments, Vec::new(), &quiet).unwrap();
    assert!(report.passed(), "{report}");
    // Too few draws leave experiments out: some of every sort must be in.
    for sort in [
        "wins",
        "pairs",
        "eliminations",
        "jackpot frequency",
        "jackpot tickets",
        "independence",
    ] {
        assert!(
            report
                .results
                .iter()
                .any(|result| result.experiment.starts_with(sort)),
            "no experiment of {sort}"
        );
    }
}

#[test]
fn a_draw_with_a_mistake_is_rejected() {
    let report = fairness::run(SEED, Vec::new(), controls::controls(DRAWS), &quiet).unwrap();
    assert!(report.passed(), "{report}");
    assert!(report.left_out.is_empty(), "{:?}", report.left_out);
}

/// Why pairs are counted: a rotation gives every place to every ticket equally often.
#[test]
fn single_places_do_not_show_what_pairs_show() {
    let passes = |experiment: Experiment| {
        let findings = experiment.run(SEED, &|_| {}).unwrap();
        findings.iter().all(|finding| finding.passed)
    };
    let game = Game::single(8, 2);
    assert!(passes(tickets::wins(
        controls::ROTATION,
        game.clone(),
        DRAWS
    )));
    assert!(!passes(tickets::pairs(controls::ROTATION, game, DRAWS)));
}

/// Counts depend on the seed and on nothing else, threads least of all.
#[test]
fn a_run_can_be_repeated() {
    let run = |seed| {
        let experiment = tickets::wins(Functions::PROGRAM, Game::single(10, 1), 1_000);
        experiment.run(seed, &|_| {}).unwrap()[0].outcome
    };
    assert_eq!(run(SEED), run(SEED));
    assert_ne!(run(SEED).statistic, run(SEED + 1).statistic);
}
