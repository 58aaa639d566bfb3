//! What operators type.

use std::{io::Write as _, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};
use lottery_service::cli::{block_on, code, end, print_json, stop_on_signals};
use serde_json::json;

use crate::{
    config::{Config, Options, Start},
    doctor,
    plan::Plan,
    run::{self, Summary},
    telemetry::{self, Health, Outcome},
};

/// Requests randomness, settles draws, pushes prizes and refunds.
#[derive(Parser)]
#[command(name = "lottery-keeper", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    start: Start,
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
    end(start(Cli::parse()), ExitCode::FAILURE)
}

fn start(cli: Cli) -> anyhow::Result<ExitCode> {
    let options = cli
        .start
        .complete(&Cli::command(), cli.options, Options::read)?;
    let config = Config::complete(options)?;
    block_on(dispatch(cli.command, config)).context("cannot start the runtime")?
}

async fn dispatch(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    if !matches!(command, Command::Config { .. }) {
        tracing::info!(?config, "the configuration in effect");
    }
    match command {
        Command::Run => {
            let stopping = stop_on_signals().context("signals")?;
            let health = Arc::new(Health::default());
            let server = match config.listen {
                Some(address) => {
                    let endpoints = config.endpoints.len();
                    let starting =
                        telemetry::serve(address, health.clone(), config.stall, endpoints);
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
            let stopping = stop_on_signals().context("signals")?;
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
            findings.print(json)?;
            Ok(code(findings.is_good()))
        }
    }
}

fn print_summary(summary: &Summary, json: bool) -> anyhow::Result<()> {
    if json {
        let left = summary.given_up.iter().map(|(verdict, problem)| {
            let class = Outcome::from(*verdict).label();
            json!({"class": class, "problem": problem})
        });
        let left: Vec<_> = left.collect();
        return Ok(print_json(&json!({
            "complete": summary.is_complete(),
            "counters": summary.counters,
            "left_undone": left,
            "abandoned": summary.abandoned,
            "another_keeper_leads": summary.was_superfluous,
        }))?);
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

fn print_plan(plan: &Plan, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(print_json(plan)?);
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
    use lottery_service::cli::known_variables;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_has_its_variable() {
        let known = known_variables(&Cli::command());
        let without: Vec<_> = Cli::command()
            .get_arguments()
            .filter(|argument| argument.get_env().is_none())
            .map(|argument| argument.get_id().to_string())
            .collect();
        assert!(without.is_empty(), "{without:?}");
        assert!(known.contains(&"LOTTERY_KEEPER_RPC_URL".to_owned()));
    }
}
