//! Kills a keeper, or an indexer, at every instant at which something passes between it and
//! the outside, and checks that nothing is lost and nothing done twice. Needs a Postgres:
//! `DATABASE_URL`, or `pg_virtualenv -t -o max_connections=200`.

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use lottery_lab::{
    command,
    kill_everywhere::{Finding, Progress, Settings, Victim, run},
};
use lottery_localnet::ClusterChoice;

/// Kills a service everywhere.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Who is killed.
    #[arg(long, value_enum, default_value_t)]
    of: Victim,
    /// Which cluster: auto, validator or surfnet.
    #[arg(long, default_value = "auto")]
    cluster: ClusterChoice,
    /// Milliseconds per slot.
    #[arg(long, default_value_t = 200)]
    slot_ms: u64,
    /// Houses played at the same time.
    #[arg(long, default_value_t = 16)]
    jobs: usize,
    /// Plays without kills that list where to kill.
    #[arg(long, default_value_t = 3)]
    listings: usize,
    /// How often each boundary of a step counts.
    #[arg(long, default_value_t = 2)]
    bound: u32,
    /// Kill only where the name contains this, such as "sendTransaction asked".
    #[arg(long)]
    only: Option<String>,
    /// Kill once at each kind of boundary, instead of everywhere.
    #[arg(long)]
    kinds: bool,
    /// Kill a keeper that has written something down and not sent it, and then the next
    /// one, everywhere in its recovery.
    #[arg(long)]
    recovery: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

struct Bar(ProgressBar);

impl Bar {
    /// A line for good; a bar that is not shown swallows what it is to print.
    fn line(&self, line: &str) {
        if self.0.is_hidden() {
            eprintln!("{line}");
        } else {
            self.0.println(line);
        }
    }
}

impl Progress for Bar {
    fn listed(&self, spots: usize, boundaries: usize) {
        self.line(&format!(
            "{boundaries} boundaries in a life; {spots} places to kill at"
        ));
        self.0.set_length(u64::try_from(spots).unwrap_or(u64::MAX));
    }

    fn found(&self, finding: &Finding) {
        self.0.inc(1);
        self.0.set_message(finding.spot.to_string());
        if self.0.is_hidden() || !finding.is_well() {
            let seconds = finding.took_ms as f64 / 1_000.0;
            self.line(&format!("{seconds:6.1} s {finding}"));
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    command::run(kill(Args::parse())).await
}

async fn kill(args: Args) -> Result<bool> {
    let settings = Settings {
        of: args.of,
        cluster: args.cluster,
        slot_ms: args.slot_ms,
        jobs: args.jobs,
        listings: args.listings,
        bound: args.bound,
        only: args.only,
        kinds: args.kinds,
        recovery: args.recovery,
    };
    let style = ProgressStyle::with_template("[{elapsed}] [{bar:30}] {pos}/{len} {wide_msg}")?;
    let bar = Bar(ProgressBar::new(0).with_style(style));
    bar.0.enable_steady_tick(Duration::from_millis(200));
    let report = run(&settings, &bar).await?;
    bar.0.finish_and_clear();
    command::print(&report, args.json)?;
    Ok(report.passed())
}
