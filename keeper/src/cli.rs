//! What operators type.

use std::{io::Write as _, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::{
    config::{Config, Options, refuse_unknown_variables},
    doctor,
    plan::Plan,
    run,
    telemetry::{Health, Server},
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
    Once,
    /// Print what is due and why the rest waits, without acting
    Plan {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Check keys, node, program, oracles, balance and clock
    Doctor,
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
        Command::Once => {
            let stopping = stop_on_signals()?;
            let summary = run::once(&config, stopping).await?;
            let mut out = std::io::stdout();
            for (_, problem) in &summary.given_up {
                writeln!(out, "left undone: {problem}")?;
            }
            writeln!(out, "{}", summary.counters)?;
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
            let mut out = std::io::stdout().lock();
            serde_json::to_writer_pretty(&mut out, &config.options())?;
            writeln!(out)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Doctor => {
            let findings = doctor::check(&config).await;
            let mut out = std::io::stdout();
            for finding in &findings {
                match &finding.remedy {
                    None => writeln!(out, "ok    {:<10} {}", finding.name, finding.seen)?,
                    Some(remedy) => {
                        writeln!(out, "FAIL  {:<10} {}: {remedy}", finding.name, finding.seen)?;
                    }
                }
            }
            Ok(code(
                findings.iter().all(|finding| finding.remedy.is_none()),
            ))
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

fn print_plan(plan: &Plan, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, plan)?;
        writeln!(out)?;
        return Ok(());
    }
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
