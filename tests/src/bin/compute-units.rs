//! Prints what every instruction costs, beside a program written by hand.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use lottery_tests::bench::{self, limits::Limits, report::Report, snapshot};

/// Prints what every instruction costs, beside what it costs a program written by hand.
///
/// Runs the same transactions on the lottery and on programs/baseline in one VM each,
/// and demands that both leave the same accounts, calls, events and return data. Compute
/// units are those of a transaction that holds one instruction; sizes include the
/// instructions that set limits and a price. What blocks admit follows from the limits file:
/// upper bounds, with nothing else in the blocks.
#[derive(Parser)]
#[command(
    version,
    after_help = "Exit code 0: done; 1: the table is not the one in tests/snapshots/compute.txt \
                  (--check); 2: could not run."
)]
struct Args {
    /// Compare with the accepted table, exactly.
    #[arg(long, conflicts_with = "write")]
    check: bool,
    /// Accept the table.
    #[arg(long)]
    write: bool,
    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,
    /// What clusters admit; tests/limits.toml by default.
    #[arg(long)]
    limits: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let limits = match &args.limits {
        Some(path) => Limits::read(path)?,
        None => Limits::shipped(),
    };
    let report = Report::new(bench::measure(), &limits);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    if args.write {
        snapshot::write(&report.table())?;
    }
    if args.check {
        let differences = snapshot::differences(&report.table())?;
        if !differences.is_empty() {
            eprintln!("\nNot as in {}:", snapshot::path().display());
            for line in differences {
                eprintln!("{line}");
            }
            eprintln!("If this is meant: {}", snapshot::REFRESH);
            return Ok(ExitCode::from(1));
        }
    }
    Ok(ExitCode::SUCCESS)
}
