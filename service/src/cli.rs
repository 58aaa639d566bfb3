//! The frame of a daemon's command line.

use std::{
    fmt::Display,
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::Command;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, filter::ParseError};

use crate::text;

/// Exit code of what went well, or did not.
pub fn code(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Does a daemon's work on a runtime of its own.
///
/// # Errors
/// When there cannot be one.
pub fn block_on<T>(work: impl Future<Output = T>) -> std::io::Result<T> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    Ok(runtime.enable_all().build()?.block_on(work))
}

/// What a program ends with: the code that its work came to, or else `failure`, and why.
pub fn end(result: Result<ExitCode, impl Display>, failure: ExitCode) -> ExitCode {
    result.unwrap_or_else(|error| {
        // With its causes, where it tells them.
        complain(&format!("{error:#}"));
        failure
    })
}

/// Says why the program ends. Not through the log: it may not be set up, or filtered.
fn complain(error: &impl Display) {
    let _ = writeln!(std::io::stderr(), "error: {}", text::scrub(error));
}

/// Names of all variables that a command's own flags can be set by.
pub fn known_variables(command: &Command) -> Vec<String> {
    command
        .get_arguments()
        .filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned))
        .collect()
}

/// Names of the variables that are set.
pub fn present_variables() -> impl Iterator<Item = String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())
}

/// Starts the log on standard error: standard output belongs to answers.
///
/// # Errors
/// When the filter makes no sense.
pub fn start_log(filter: &str, json: bool) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(filter)?;
    let mut log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if !std::io::stderr().is_terminal() {
        log = log.with_ansi(false);
    }
    if json {
        log.json().init();
    } else {
        log.init();
    }
    Ok(())
}

/// Cancelled by the first SIGTERM or SIGINT; a second one ends at once.
///
/// # Errors
/// When the system lets nobody listen for signals.
pub fn stop_on_signals() -> std::io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
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

/// Prints JSON on standard output.
///
/// # Errors
/// When nobody reads it.
pub fn print_json(value: &impl Serialize) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)
}
