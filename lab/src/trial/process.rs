//! A child that is killed, frozen and asked to stop.

use std::{
    fs::OpenOptions,
    path::Path,
    process::{ExitStatus, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use tokio::process::{Child, Command};

/// A running child; dropping it kills it.
pub(super) struct Process(Child);

impl Process {
    /// Starts it; what it says is added to a file.
    pub fn start(mut command: Command, log: &Path) -> Result<Self> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("opening {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("starting it: build it with cargo build --workspace")?;
        Ok(Self(child))
    }

    pub fn id(&self) -> Option<u32> {
        self.0.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().ok().flatten()
    }

    /// Kills it at once, as `kill -9` does, and waits until it is gone.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.0.kill().await?)
    }

    /// Sends a signal, by its name.
    pub async fn signal(&self, name: &str) -> Result<()> {
        let pid = self.id().context("it has ended already")?;
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &pid.to_string()])
            .status()
            .await?;
        ensure!(sent.success(), "cannot send {name} to {pid}");
        Ok(())
    }
}
