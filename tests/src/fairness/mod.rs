//! Statistics of many simulated draws: is every ticket as likely as every other,
//! every jackpot as likely as what was paid in, and nothing linked to anything?
//!
//! [`statistics`] turns counts into numbers with bounds; the experiments
//! ([`tickets`], [`jackpots`], [`independence`]) make draws with the program's own
//! [`functions`] and count; [`controls`] runs the same experiments on draws with a
//! mistake, which they must reject.

pub mod controls;
pub mod experiment;
pub mod functions;
pub mod game;
pub mod independence;
pub mod jackpots;
pub mod report;
pub mod statistics;
pub mod tickets;

use experiment::Experiment;
use functions::Functions;
use game::Game;
use report::{Judged, Report};
use statistics::StatisticError;

/// Every experiment. `draws` is what a game of one round gets; costlier experiments
/// get a part of it, the cheap ones of jackpots a multiple.
pub fn experiments(functions: Functions, draws: u64) -> Vec<Experiment> {
    vec![
        tickets::wins(functions, Game::single(2, 1), draws),
        tickets::wins(functions, Game::single(3, 1), draws),
        tickets::wins(functions, Game::single(10, 3), draws / 2),
        tickets::wins(functions, Game::single(100, 1), 2 * draws),
        tickets::wins(functions, Game::single(257, 1), 2 * draws),
        tickets::wins(functions, Game::new(50, 5, 5_000, 3), draws / 4),
        tickets::wins(functions, Game::new(1_000, 5, 5_000, 3), draws / 4),
        tickets::wins(functions, Game::new(220, 8, 7_000, 1), draws / 4),
        tickets::wins_of_a_big_game(functions, Game::single(1 << 20, 1), draws),
        tickets::pairs(functions, Game::single(8, 2), draws),
        tickets::pairs(functions, Game::new(12, 3, 5_000, 3), draws / 4),
        tickets::eliminations(functions, Game::single(16, 3), draws / 16),
        tickets::eliminations(functions, Game::new(20, 5, 7_000, 3), draws / 16),
        tickets::eliminations(functions, Game::new(64, 5, 5_000, 3), draws / 16),
        tickets::eliminations(functions, Game::new(300, 3, 2_000, 10), draws / 32),
        jackpots::frequency(functions, jackpots::ORDINARY_MEAN, 10 * draws),
        jackpots::frequency(functions, jackpots::TREACHEROUS_MEAN, 10 * draws),
        jackpots::split(functions, draws),
        jackpots::tickets(functions, 3, 10 * draws),
        jackpots::tickets(functions, 100, 10 * draws),
        jackpots::tickets(functions, 10_000, 10 * draws),
        independence::games(functions, draws),
        independence::rounds(functions, draws),
        independence::winner_and_award(functions, draws),
        independence::awards(functions, 10 * draws),
        independence::tiers(functions, 10 * draws),
        independence::one_value(functions, draws),
    ]
}

/// Runs what is worthwhile. `progress` hears what runs and how many more draws are
/// done.
pub fn run(
    seed: u64,
    experiments: Vec<Experiment>,
    controls: Vec<Experiment>,
    progress: &(dyn Fn(&str, u64) + Sync),
) -> Result<Report, StatisticError> {
    let mut report = Report {
        seed,
        ..Report::default()
    };
    let parts = [
        (experiments, &mut report.results),
        (controls, &mut report.controls),
    ];
    for (experiments, results) in parts {
        for experiment in experiments {
            let name = experiment.name.clone();
            if !experiment.is_worthwhile() {
                report.left_out.push(name);
                continue;
            }
            let findings = experiment.run(seed, &|more| progress(&name, more))?;
            results.push(Judged {
                experiment: name,
                draws: experiment.draws,
                findings,
            });
        }
    }
    Ok(report)
}
