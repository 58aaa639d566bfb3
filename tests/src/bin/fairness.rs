//! Shows over many simulated draws that the draw is fair.

use std::{process::ExitCode, time::Instant};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use lottery_tests::fairness::{
    self, controls, experiment::Experiment, functions::Functions, report::Report,
    statistics::StatisticError,
};

/// Shows over many simulated draws that the draw is fair.
///
/// Draws games with the program's own functions under random values of a seeded
/// generator, counts who wins, who goes and which jackpots are hit, and compares the
/// counts with what a fair draw makes of them: chi-square and binomial statistics,
/// each with bounds that a fair draw breaks once in a million. Then makes the same
/// statistics of draws with a mistake, which must break a bound. docs/fairness.md
/// says what each statistic means.
#[derive(Parser)]
#[command(
    version,
    after_help = "Exit code 0: all bounds kept, all controls rejected; 1: not so; \
                  2: could not run.\n\nExamples:\n  \
                  fairness                          a few minutes on two cores\n  \
                  fairness --seed 7 --draws 20000   other values, a tenth of the draws\n  \
                  fairness --only jackpot --json    some experiments, for scripts"
)]
struct Args {
    /// Key of the generator (ChaCha20) of the random values.
    #[arg(long, default_value_t = 20_260_101)]
    seed: u64,
    /// Draws of a game of one round. Costlier experiments make a part of it, cheap
    /// ones up to ten times as many; what would be too few for a statistic is left
    /// out and listed.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    draws: u64,
    /// Only the experiments and controls whose name contains this, e.g. wins, pairs,
    /// eliminations, jackpot, independence.
    #[arg(long)]
    only: Option<String>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let begun = Instant::now();
    let printed = run(&args).map_err(anyhow::Error::from).and_then(|report| {
        // Silence of the controls alone says nothing of the draw.
        anyhow::ensure!(
            !report.results.is_empty() || report.left_out.is_empty() && !report.controls.is_empty(),
            "nothing to judge: no experiment of that name, or too few draws"
        );
        if args.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            println!("{report}\n{:.0} s", begun.elapsed().as_secs_f64());
        }
        Ok(report.passed())
    });
    match printed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<Report, StatisticError> {
    let wanted = |experiment: &Experiment| {
        let only = args.only.as_deref().unwrap_or_default();
        experiment.name.contains(only)
    };
    let mut experiments = fairness::experiments(Functions::PROGRAM, args.draws);
    experiments.retain(wanted);
    let mut controls = controls::controls(args.draws);
    controls.retain(wanted);

    let draws = experiments
        .iter()
        .chain(&controls)
        .filter(|experiment| experiment.is_worthwhile())
        .map(|experiment| experiment.draws)
        .sum();
    // Drawn on a terminal only.
    let bar = ProgressBar::new(draws).with_style(
        ProgressStyle::with_template("{elapsed} {bar:30} {human_pos}/{human_len} draws  {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let report = fairness::run(args.seed, experiments, controls, &|name, more| {
        bar.set_message(name.to_owned());
        bar.inc(more);
    });
    bar.finish_and_clear();
    report
}
