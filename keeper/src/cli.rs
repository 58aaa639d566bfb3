//! What operators type.

use std::{io::Write as _, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};
use serde::Serialize;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::{
    config::{Config, Options, refuse_unknown_variables},
    doctor::{self, Finding, Level},
    plan::Plan,
    run::{self, Summary},
    telemetry::{Health, Outcome, Server},
    text,
};

/// Requests randomness, settles draws, pushes prizes and refunds.
#[derive(Parser)]
#[command(name = "lottery-keeper", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// TOML file with any of the options below; see keeper.example.toml
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "LOTTERY_KEEPER_CONFIG"
    )]
    config: Option<PathBuf>,
    /// What is logged, as in RUST_LOG
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "LOTTERY_KEEPER_LOG",
        default_value = "info"
    )]
    log: String,
    /// Log one JSON object a line
    #[arg(long, global = true, env = "LOTTERY_KEEPER_LOG_JSON")]
    log_json: bool,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand)]
enum Command {
    /// Keep until SIGTERM or SIGINT
    Run,
    /// Act until nothing is due, then exit
    Once {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print what is due and why the rest waits, without acting
    Plan {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Check keys, nodes, database, program, oracles, balance, fees and clock
    Doctor {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the configuration in effect, without its secrets
    Config {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// The program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match start(cli) {
        Ok(code) => code,
        Err(error) => {
            // Not through the log: it may not be set up, or filtered.
            let _ = writeln!(
                std::io::stderr(),
                "error: {}",
                text::scrub(&format!("{error:#}"))
            );
            ExitCode::FAILURE
        }
    }
}

fn start(cli: Cli) -> anyhow::Result<ExitCode> {
    refuse_unknown_variables(
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()),
        &known_variables(),
    )?;
    start_log(&cli.log, cli.log_json)?;
    let file = match &cli.config {
        Some(path) => Options::read(path)?,
        None => Options::default(),
    };
    let config = Config::complete(cli.options.or(file))?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(dispatch(cli.command, config))
}

/// Names of all variables that flags can be set by.
fn known_variables() -> Vec<String> {
    Cli::command()
        .get_arguments()
        .filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned))
        .collect()
}

fn start_log(filter: &str, json: bool) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).context("--log")?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if json {
        log.json().init();
    } else {
        log.init();
    }
    Ok(())
}

async fn dispatch(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    if !matches!(command, Command::Config { .. }) {
        tracing::info!(?config, "the configuration in effect");
    }
    match command {
        Command::Run => {
            let stopping = stop_on_signals()?;
            let health = Arc::new(Health::default());
            let server = match config.listen {
                Some(address) => {
                    let endpoints = config.endpoints.len();
                    let starting = Server::start(address, health.clone(), config.stall, endpoints);
                    Some(starting.await?)
                }
                None => None,
            };
            run::run(&config, health, stopping).await?;
            if let Some(server) = server {
                server.stop().await;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Once { json } => {
            let stopping = stop_on_signals()?;
            let summary = run::once(&config, stopping).await?;
            print_summary(&summary, json)?;
            Ok(code(summary.is_complete()))
        }
        Command::Plan { json } => {
            let plan = run::dry_run(&run::loader(&config), &config.settings).await?;
            print_plan(&plan, json)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Config { json: false } => {
            write!(std::io::stdout(), "{config}")?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Config { json: true } => {
            print_json(&config.options())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor { json } => {
            let findings = doctor::check(&config).await;
            print_findings(&findings, json)?;
            let is_good = findings.iter().all(|finding| finding.level != Level::Bad);
            Ok(code(is_good))
        }
    }
}

fn code(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Cancelled by the first SIGTERM or SIGINT; a second one ends at once.
fn stop_on_signals() -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
    let stopping = CancellationToken::new();
    let token = stopping.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        next().await;
        tracing::info!("stopping: nothing new is begun, what is under way ends");
        token.cancel();
        next().await;
        std::process::exit(1);
    });
    Ok(stopping)
}

fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

fn print_summary(summary: &Summary, json: bool) -> anyhow::Result<()> {
    if json {
        let left = summary.given_up.iter().map(|(verdict, problem)| {
            let class = Outcome::from(*verdict).label();
            json!({"class": class, "problem": problem})
        });
        let left: Vec<_> = left.collect();
        return print_json(&json!({
            "complete": summary.is_complete(),
            "counters": summary.counters,
            "left_undone": left,
            "abandoned": summary.abandoned,
            "another_keeper_leads": summary.was_superfluous,
        }));
    }
    let mut out = std::io::stdout().lock();
    for (_, problem) in &summary.given_up {
        writeln!(out, "left undone: {problem}")?;
    }
    if summary.was_superfluous {
        writeln!(
            out,
            "nothing was done: another keeper holds the lease, and does what is due"
        )?;
    }
    writeln!(out, "{}", summary.counters)?;
    Ok(())
}

fn print_findings(findings: &[Finding], json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(&findings);
    }
    let mut out = std::io::stdout().lock();
    for Finding {
        name,
        level,
        seen,
        remedy,
    } in findings
    {
        let level = match level {
            Level::Good => "ok",
            Level::Doubtful => "look",
            Level::Bad => "FAIL",
        };
        let remedy = remedy.as_ref().map(|remedy| format!(": {remedy}"));
        let remedy = remedy.unwrap_or_default();
        writeln!(out, "{level:<5} {name:<10} {seen}{remedy}")?;
    }
    Ok(())
}

fn print_plan(plan: &Plan, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(plan);
    }
    let mut out = std::io::stdout().lock();
    if plan.actions.is_empty() {
        writeln!(out, "nothing is due")?;
    }
    for action in &plan.actions {
        writeln!(out, "{action}")?;
    }
    for waiting in &plan.waiting {
        write!(out, "game {} waits: {}", waiting.game, waiting.reason)?;
        match waiting.until {
            Some(until) => writeln!(out, " (until unix time {until})")?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_has_its_variable() {
        let known = known_variables();
        let without: Vec<_> = Cli::command()
            .get_arguments()
            .filter(|argument| argument.get_env().is_none())
            .map(|argument| argument.get_id().to_string())
            .collect();
        assert!(without.is_empty(), "{without:?}");
        assert!(known.contains(&"LOTTERY_KEEPER_RPC_URL".to_owned()));
    }
}
