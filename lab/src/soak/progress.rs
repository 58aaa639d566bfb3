//! What is shown while it runs: bars on a terminal, plain lines elsewhere.

use std::{
    io::IsTerminal as _,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::lock::lock;

/// Pause between two plain lines.
const LINES: Duration = Duration::from_secs(10);

/// Shows how far a run is, on stderr. All clones are one and the same.
#[derive(Clone)]
pub struct Progress {
    bar: Option<ProgressBar>,
    last_line: Arc<Mutex<Option<Instant>>>,
    /// Whether every event of the diary is shown.
    verbose: bool,
}

impl Progress {
    pub fn new(verbose: bool) -> Self {
        let style = ProgressStyle::with_template("{elapsed_precise} [{bar:40}] {pos}/{len} {msg}");
        let on_terminal = std::io::stderr().is_terminal();
        let bar = match style {
            Ok(style) if on_terminal => Some(ProgressBar::new(0).with_style(style)),
            _ => None,
        };
        Self {
            bar,
            last_line: Arc::default(),
            verbose,
        }
    }

    /// What comes next.
    pub fn stage(&self, what: &str) {
        self.line(&format!("-- {what}"));
    }

    /// How far it is.
    pub fn at(&self, done: usize, all: usize, message: &str) {
        if let Some(bar) = &self.bar {
            bar.set_length(u64::try_from(all).unwrap_or(u64::MAX));
            bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
            bar.set_message(message.to_owned());
            return;
        }
        let mut last = lock(&self.last_line);
        if last.is_none_or(|last| last.elapsed() >= LINES) {
            *last = Some(Instant::now());
            drop(last);
            eprintln!("   {done}/{all} {message}");
        }
    }

    /// Shows an event of the diary, if all are wanted.
    pub fn tell(&self, event: &str) {
        if self.verbose {
            self.line(event);
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }
}
