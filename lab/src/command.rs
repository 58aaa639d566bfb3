//! What the lab's programs have in common.

use std::{fmt::Display, process::ExitCode};

use anyhow::Result;
use serde::Serialize;
use tracing_subscriber::EnvFilter;

/// Runs a program to its end: with its log on stderr, of what `RUST_LOG` names, and its
/// error as the last line there. Succeeds where `work` says that all was as it must be.
pub async fn run(work: impl Future<Output = Result<bool>>) -> ExitCode {
    let usual = || EnvFilter::new("error,lottery_lab=info");
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| usual()))
        .with_writer(std::io::stderr)
        .init();
    match work.await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a report, as JSON if that is wanted.
///
/// # Errors
/// Where it is none.
pub fn print(report: &(impl Serialize + Display), as_json: bool) -> Result<()> {
    let text = if as_json {
        serde_json::to_string_pretty(report)?
    } else {
        report.to_string()
    };
    println!("{}", text.trim_end());
    Ok(())
}
