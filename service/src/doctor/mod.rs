//! What a doctor finds: a line a check, and with each complaint what to do about it.

mod local;
mod nodes;

use std::{io::Write as _, time::Duration};

use serde::Serialize;

pub use local::{chain_clock, check_listen, is_reachable, server_clock};
pub use nodes::{Node, ask, check_websocket, program};

use crate::cli::print_json;

/// Longest wait for a connection.
pub const CONNECT: Duration = Duration::from_secs(5);

/// How good what was found is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Good,
    /// It works, but somebody should look at it.
    Doubtful,
    Bad,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub name: &'static str,
    pub level: Level,
    /// What was seen.
    pub seen: String,
    /// What to do, if something is wrong.
    pub remedy: Option<String>,
}

/// Findings in the order they were made.
#[derive(Debug, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    pub fn good(&mut self, name: &'static str, seen: impl Into<String>) {
        self.0.push(Finding {
            name,
            level: Level::Good,
            seen: seen.into(),
            remedy: None,
        });
    }

    pub fn doubtful(
        &mut self,
        name: &'static str,
        seen: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.0.push(Finding {
            name,
            level: Level::Doubtful,
            seen: seen.into(),
            remedy: Some(remedy.into()),
        });
    }

    pub fn bad(&mut self, name: &'static str, seen: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Finding {
            name,
            level: Level::Bad,
            seen: seen.into(),
            remedy: Some(remedy.into()),
        });
    }

    /// Whether nothing is bad.
    pub fn is_good(&self) -> bool {
        self.0.iter().all(|finding| finding.level != Level::Bad)
    }

    /// Prints them on standard output: a line each, or JSON.
    ///
    /// # Errors
    /// When nobody reads it.
    pub fn print(&self, json: bool) -> std::io::Result<()> {
        if json {
            return print_json(&self.0);
        }
        let mut out = std::io::stdout().lock();
        for Finding {
            name,
            level,
            seen,
            remedy,
        } in &self.0
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
}
