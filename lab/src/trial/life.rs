//! A program that may live several times, one life after the other.

use std::{path::PathBuf, process::ExitStatus, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    process::Command,
    sync::Mutex,
    time::{Instant, sleep},
};

use super::process::Process;

/// How long a drain may take, and the pause between two looks at it.
const DRAIN: Duration = Duration::from_secs(45);
const LOOKS: Duration = Duration::from_millis(10);

/// Its present life, if there is one, and what it logged in all of them. Dropping it kills
/// it.
pub struct Life {
    log: PathBuf,
    process: Mutex<Option<Process>>,
}

impl Life {
    /// It is not started.
    pub(super) fn new(log: PathBuf) -> Self {
        Self {
            log,
            process: Mutex::default(),
        }
    }

    /// Starts it by a command, unless it runs.
    pub(super) async fn begin(&self, command: Command) -> Result<()> {
        let mut process = self.process.lock().await;
        if process.is_none() {
            *process = Some(Process::start(command, &self.log)?);
        }
        Ok(())
    }

    /// Kills it, as `kill -9` does, and waits until it is gone; false if it did not run.
    pub async fn kill(&self) -> Result<bool> {
        let process = self.process.lock().await.take();
        match process {
            Some(process) => process.kill().await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Its process id, while it runs.
    pub async fn id(&self) -> Option<u32> {
        self.process.lock().await.as_ref()?.id()
    }

    /// How it ended, if it did by itself.
    pub async fn ended(&self) -> Option<ExitStatus> {
        self.process.lock().await.as_mut()?.ended()
    }

    /// Suspends it.
    pub async fn freeze(&self) -> Result<()> {
        self.signal("STOP").await
    }

    /// Lets it go on.
    pub async fn thaw(&self) -> Result<()> {
        self.signal("CONT").await
    }

    async fn signal(&self, name: &str) -> Result<()> {
        let process = self.process.lock().await;
        process
            .as_ref()
            .context("it does not run")?
            .signal(name)
            .await
    }

    /// Asks it to drain, and expects that it ends in order. False if it was killed
    /// meanwhile, or just before.
    pub async fn stop(&self) -> Result<bool> {
        match self.process.lock().await.as_ref() {
            Some(process) => process.signal("TERM").await?,
            None => return Ok(false),
        }
        let Some(status) = self.end(DRAIN).await? else {
            return Ok(false);
        };
        ensure!(status.success(), "it ended with {status}:\n{}", self.tail());
        Ok(true)
    }

    /// Waits until it has ended by itself; `None` if it was killed meanwhile, or just before.
    pub async fn end(&self, patience: Duration) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + patience;
        loop {
            // Not held for long: it may be killed in the middle of that.
            let mut process = self.process.lock().await;
            let Some(running) = process.as_mut() else {
                return Ok(None);
            };
            if let Some(status) = running.ended() {
                *process = None;
                return Ok(Some(status));
            }
            drop(process);
            ensure!(
                Instant::now() < deadline,
                "it has not ended after {patience:?}:\n{}",
                self.tail()
            );
            sleep(LOOKS).await;
        }
    }

    /// All that it logged, over all its lives.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The last lines that it logged.
    pub fn tail(&self) -> String {
        let text = self.log();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}
