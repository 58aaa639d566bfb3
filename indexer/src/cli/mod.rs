//! What operators type: a module a verb.

mod backfill;
mod config;
mod dead_letters;
mod doctor;
mod migrate;
mod resync;
mod run;
mod serve;
mod verify;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};
use lottery_service::cli::{block_on, end};

use crate::config::{Config, Options, Start};

/// Mirrors the lottery from the chain into Postgres and serves it over HTTP.
///
/// Whatever is not set is looked for in RPC_URL, WS_URL, DATABASE_URL, DATABASE_READ_URL
/// and the PG* variables that psql reads.
#[derive(Parser)]
#[command(name = "lottery-indexer", version)]
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
    /// Follow the chain into the database until SIGTERM or SIGINT, and serve the API beside
    /// it
    ///
    /// Migrates the database, subscribes to the program's accounts, takes a snapshot, and
    /// keeps the tables equal to the chain from there. A stop finishes what is under way
    /// and ends with code 0; a second signal ends at once.
    Run(run::Run),
    /// Serve the API from a database that another process keeps
    Serve,
    /// Compare the database with the chain, and recompute every draw
    ///
    /// Fetches every account of the program and compares each field with its row; checks
    /// that every account, or its vault, holds what it owes; recomputes entry hashes, round
    /// seeds, eliminations, winners, prizes and jackpots, also of games that are closed.
    /// Exits 0 when all agrees, 1 with the differences, 2 when it could not check.
    Verify(verify::Verify),
    /// Bring the database's schema up to date, and end
    Migrate,
    /// Write rows anew as the chain has them, whatever they say now
    ///
    /// For rows that somebody changed by hand, or that verify finds wrong. The indexer has to
    /// be stopped meanwhile, as one process alone writes a database.
    Resync(resync::Resync),
    /// Read transactions that the ledger misses, beside the running indexer
    ///
    /// The indexer reads by itself whatever its node still has. This reads from another one,
    /// named with --rpc-url, that keeps more. What is there already is left alone, so that it
    /// may be run again.
    Backfill(backfill::Backfill),
    /// What was not understood, and was kept
    DeadLetters(dead_letters::DeadLetters),
    /// Check node, stream, database, schema, rights, settings, clocks and lag
    Doctor(doctor::Doctor),
    /// Print the configuration in effect, without its secrets
    Config(config::Show),
}

impl Command {
    /// Exit code of what could not even be tried.
    fn failure(&self) -> ExitCode {
        match self {
            Self::Verify(_) => verify::NOT_CHECKED.into(),
            _ => ExitCode::FAILURE,
        }
    }

    async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        match self {
            Self::Run(run) => run.run(config).await,
            Self::Serve => serve::run(config).await,
            Self::Verify(verify) => verify.run(config).await,
            Self::Migrate => migrate::run(config).await,
            Self::Resync(resync) => resync.run(config).await,
            Self::Backfill(backfill) => backfill.run(config).await,
            Self::DeadLetters(letters) => letters.run(config).await,
            Self::Doctor(doctor) => doctor.run(&config).await,
            Self::Config(show) => show.run(&config),
        }
    }
}

/// The program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let failure = cli.command.failure();
    end(start(cli), failure)
}

fn start(cli: Cli) -> anyhow::Result<ExitCode> {
    let options = cli
        .start
        .complete(&Cli::command(), cli.options, Options::read)?;
    let config = Config::load(options, |name| std::env::var(name).ok())?;
    if !matches!(cli.command, Command::Config(_)) {
        tracing::info!(?config, "the configuration in effect");
    }
    block_on(cli.command.run(config)).context("cannot start the runtime")?
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
        for key in Options::KEYS {
            let variable = format!("LOTTERY_INDEXER_{}", key.to_uppercase());
            assert!(known.contains(&variable), "{variable}");
        }
    }

    /// Scripts tell "different" from "could not check".
    #[test]
    fn only_verify_has_an_exit_code_of_its_own_for_what_could_not_be_tried() {
        let failure = |verb: &str| {
            let cli = Cli::try_parse_from(["lottery-indexer", verb]);
            cli.ok().map(|cli| cli.command.failure())
        };
        assert_eq!(failure("verify"), Some(ExitCode::from(2)));
        for verb in ["run", "serve", "migrate", "doctor", "config"] {
            assert_eq!(failure(verb), Some(ExitCode::FAILURE), "{verb}");
        }
    }
}
