//! Random stories against the program and against a model of it, until one fails or
//! all are told.

#![expect(clippy::expect_used, reason = "a tool of the tests")]

use std::{process::ExitCode, time::Instant};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use lottery_tests::model::{
    coverage::Coverage,
    search::{Search, Templates, search, story},
};

/// Model-based tests of solvency and liveness.
#[derive(Parser)]
struct Args {
    /// Stories to tell.
    #[arg(long, default_value_t = 10_000)]
    sequences: u64,
    /// Steps of each, before a keeper ends it.
    #[arg(long, default_value_t = 50)]
    steps: usize,
    /// Chooses the stories; at random if it is not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Tells this one only, step by step.
    #[arg(long)]
    only: Option<u64>,
    /// Threads; all processors if not given.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let seed = args.seed.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |now| u64::from(now.subsec_nanos()) ^ now.as_secs() << 20)
    });
    println!("seed {seed}");
    if let Some(index) = args.only {
        return tell(seed, index, args.steps);
    }
    let bar = ProgressBar::new(args.sequences).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}").expect("a template"),
    );
    let threads = args
        .threads
        .or_else(|| std::thread::available_parallelism().ok().map(usize::from));
    let began = Instant::now();
    let found = search(
        Search {
            sequences: args.sequences,
            steps: args.steps,
            seed,
            threads: threads.unwrap_or(1),
        },
        || bar.inc(1),
    );
    bar.finish_and_clear();
    let seconds = began.elapsed().as_secs_f64();
    print!("{}", found.coverage);
    println!(
        "{seconds:.1} s: {:.0} sequences and {:.0} steps a second",
        found.coverage.sequences as f64 / seconds,
        found.coverage.steps as f64 / seconds,
    );
    let Some(counterexample) = found.counterexample else {
        return ExitCode::SUCCESS;
    };
    println!(
        "\nsequence {} of seed {seed} fails; at its smallest, {:#?}\n",
        counterexample.index, counterexample.story
    );
    for line in &counterexample.failure.trace {
        println!("{line}");
    }
    println!("\n{}", counterexample.failure.what);
    ExitCode::FAILURE
}

fn tell(seed: u64, index: u64, steps: usize) -> ExitCode {
    let mut coverage = Coverage::default();
    let story = story(seed, index, steps);
    let told = Templates::default().run(&story, &mut coverage);
    print!("{coverage}");
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            for line in &failure.trace {
                println!("{line}");
            }
            println!("\n{}", failure.what);
            ExitCode::FAILURE
        }
    }
}
