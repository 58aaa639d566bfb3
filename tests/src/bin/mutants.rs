//! Changes the program in one place at a time and looks whether a test notices.

use std::{
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use lottery_tests::mutants::{
    self, Mutant, MutantError, choice,
    report::{Report, change},
    run::{self, Setting},
};

/// Changes the program in one place at a time and looks whether a test notices.
///
/// Takes a check away, moves a bound by one, leaves a statement out; builds each such
/// mutant in a copy of the repository (target/mutants) and runs the tests on it
/// until one fails. What no test notices is a hole in the tests, or says
/// the same as the original. docs/attacks.md says what came of it.
#[derive(Parser)]
#[command(
    version,
    after_help = "Exit code 0: all caught; 1: some survived; 2: could not run.\n\n\
                  Examples:\n  \
                  mutants --list                          what there is to try\n  \
                  mutants --sample 200 --minutes 65       those that guard money first\n  \
                  mutants --only draw_settle.rs           one file\n  \
                  mutants --only 'batch.rs:150 require'   one mutant"
)]
struct Args {
    /// Print the mutants in the order they would be tried, and try none.
    #[arg(long)]
    list: bool,
    /// Only mutants whose line in the list contains this, such as a part of a path; may be
    /// given several times.
    #[arg(long, value_name = "PATH-FRAGMENT")]
    only: Vec<String>,
    /// Only so many: checks in the code that handles money first, at random among
    /// equals.
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// Chooses among equals.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Begin no mutant after so many minutes. Each takes 15 to 20 seconds.
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// Test targets of this package, in the order they run; `hostile` tries every account
    /// in every place, half a minute a mutant.
    #[arg(long, value_delimiter = ',', default_value = "program,tokens")]
    tests: Vec<String>,
    /// Builds at a time; each takes a core and a gigabyte on disk.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    jobs: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match try_mutants(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all were caught.
fn try_mutants(args: &Args) -> Result<bool, MutantError> {
    let begun = Instant::now();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let chosen = chosen(args, &root)?;
    if args.list {
        for mutant in &chosen {
            println!("{}", line(mutant));
        }
        return Ok(true);
    }
    let setting = Setting {
        tests: args.tests.clone(),
        jobs: usize::try_from(args.jobs).unwrap_or(1),
        end: args
            .minutes
            .and_then(|minutes| begun.checked_add(Duration::from_secs(minutes * 60))),
    };
    let count = chosen.len();
    let done = std::cell::Cell::new(0usize);
    let tried = run::run(&root, chosen, &setting, &|tried| {
        done.set(done.get() + 1);
        let seconds = begun.elapsed().as_secs();
        eprintln!("{seconds:>5} s  {:>4}/{count}  {tried}", done.get());
    })?;
    let report = Report {
        tried,
        chosen: count,
    };
    print!("{report}");
    Ok(report.survivors().next().is_none())
}

/// A mutant in the list.
fn line(mutant: &Mutant) -> String {
    format!("{mutant}: {}", change(mutant))
}

fn chosen(args: &Args, root: &Path) -> Result<Vec<Mutant>, MutantError> {
    let mut mutants = mutants::mutants(root)?;
    if !args.only.is_empty() {
        mutants.retain(|mutant| args.only.iter().any(|part| line(mutant).contains(part)));
    }
    // Nothing tried would look like all caught.
    if mutants.is_empty() {
        return Err(MutantError::NoMutants);
    }
    let mut ordered = choice::order(mutants, args.seed);
    ordered.truncate(args.sample.unwrap_or(usize::MAX));
    Ok(ordered)
}
