//! How fast the indexer takes in a chain of a given size, and how fast the database
//! answers afterwards.

use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context as _, Result};
use clap::Parser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lottery_indexer::config::Database;
use lottery_lab::{
    command,
    index_rate::{self, Beside, Scale},
};
use sqlx::{Connection as _, PgConnection};

/// Fills an empty database with a made-up chain, through the indexer's own decoders and
/// writer, and asks it the questions of docs/analytics.
///
/// Beside every part the same rows go in by COPY alone, in turns. The database is
/// DATABASE_URL's, or that of the PG* variables; give it the settings of
/// deploy/postgres, as the defaults are for small machines. A million entries take
/// about 4 GB of disk.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Postgres, as postgres://user:password@host:port/database.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<Database>,
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..))]
    games: u64,
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    entries: u64,
    /// Rows of events.
    #[arg(long, default_value_t = 3_000_000)]
    events: u64,
    /// Leave COPY out: for memory, which then is the indexer's, and for less disk.
    #[arg(long)]
    alone: bool,
    /// Rows by COPY that are kept before their tables are emptied: fewer need less disk. COPY is
    /// none the slower for indexes that stay small, so its figure is the kinder one to it.
    #[arg(long, default_value_t = u64::MAX, hide_default_value = true, value_name = "ROWS")]
    copied: u64,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    /// Writes what the database looks like, and the plans of the questions, to a file.
    #[arg(long, value_name = "FILE", requires = "machine")]
    document: Option<PathBuf>,
    /// The machine that this runs on, in the document's words.
    #[arg(long, value_name = "WORDS")]
    machine: Option<String>,
    /// Ends with code 1 when rows go in slower than this share of what COPY alone does.
    #[arg(long, default_value_t = 0.0, value_name = "RATIO")]
    least_ratio: f64,
}

#[tokio::main]
async fn main() -> ExitCode {
    command::run(measure(Cli::parse())).await
}

async fn measure(cli: Cli) -> Result<bool> {
    let scale = Scale {
        games: cli.games,
        entries: cli.entries,
        events: cli.events,
    };
    let database = cli
        .database_url
        .unwrap_or_else(Database::from_pg_environment);
    let beside = if cli.alone {
        Beside::Nothing
    } else {
        Beside::Copies { kept: cli.copied }
    };
    let bar = ProgressBar::new(1);
    bar.set_style(ProgressStyle::with_template(
        "{msg:12} {bar:40} {human_pos}/{human_len} {per_sec} {eta}",
    )?);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    let report = index_rate::run(database.options.clone(), scale, beside, &bar).await?;
    bar.finish_and_clear();
    if let Some(file) = &cli.document {
        let mut connection = PgConnection::connect_with(&database.options).await?;
        let machine = cli.machine.as_deref().unwrap_or_default();
        let text =
            index_rate::document(&mut connection, &database.options, &report, machine).await?;
        std::fs::write(file, text).with_context(|| format!("writing {}", file.display()))?;
    }
    command::print(&report, cli.json)?;
    let slowest = report.accounts.ratio.min(report.ledger.ratio);
    Ok(cli.alone || slowest >= cli.least_ratio)
}
