//! A child process that does not outlive us.
//!
//! The child ends when its stdin closes, which the system does however we end:
//! returning, panicking or killed. `lottery-surfnet` watches its stdin by itself; for
//! a program that does not, [`GUARD`] does. Nothing here belongs to a tokio runtime,
//! so a cluster started in one test's runtime serves the others.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::{NamedTempFile, TempDir};

use crate::{LocalnetError, Result};

/// Runs a command and kills it when stdin closes; then removes a folder, `$1`, having
/// printed the end of the log in it, if any. Both the validator and its ledger are thus
/// gone even if we were killed.
const GUARD: &str = r#"
folder=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
( cat <&3 >/dev/null; kill -KILL "$child" ) 2>/dev/null &
watcher=$!
exec 3<&-
wait "$child" 2>/dev/null; status=$?
kill "$watcher" 2>/dev/null
tail -n 15 "$folder/validator.log" 2>/dev/null
rm -rf "$folder"
exit "$status"
"#;

/// How much of the log an error quotes, in bytes.
const TAIL: u64 = 4_000;
/// How long an orderly end may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Process {
    what: &'static str,
    child: Child,
    /// Stdout and stderr, in a file that has no name any more.
    log: File,
}

impl Process {
    /// Starts a command that ends when its stdin closes.
    pub fn start(what: &'static str, mut command: Command) -> Result<Self> {
        let failed = |source| LocalnetError::Start { what, source };
        let written = NamedTempFile::with_prefix("lottery-localnet-").map_err(failed)?;
        // Opened a second time, since reading must not move where the child writes.
        let log = written.reopen().map_err(failed)?;
        let written = written.into_file();
        command
            .stdin(Stdio::piped())
            .stdout(written.try_clone().map_err(failed)?)
            .stderr(written)
            // Ctrl-C in a terminal is for us; we end the child in our own time.
            .process_group(0);
        let child = command.spawn().map_err(failed)?;
        Ok(Self { what, child, log })
    }

    /// Starts any command under the guard, with a folder that is removed in the end.
    pub fn start_guarded(
        what: &'static str,
        program: &Path,
        arguments: impl FnOnce(&Path) -> Vec<String>,
    ) -> Result<Self> {
        let folder = scratch_folder().map_err(|source| LocalnetError::Start { what, source })?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", GUARD, "guard"])
            .arg(&folder)
            .arg(program)
            .args(arguments(&folder));
        Self::start(what, command)
    }

    /// Fails where the process has ended.
    pub fn check(&mut self) -> Result<()> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(LocalnetError::Ended {
                what: self.what,
                status: status.to_string(),
                tail: self.tail(),
            }),
            Err(source) => Err(LocalnetError::Start {
                what: self.what,
                source,
            }),
        }
    }

    /// The last it printed.
    pub fn tail(&self) -> String {
        let read = || {
            let mut log = &self.log;
            let length = log.seek(SeekFrom::End(0))?;
            log.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
            let mut bytes = Vec::new();
            log.read_to_end(&mut bytes)?;
            std::io::Result::Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        read().unwrap_or_default()
    }

    /// Asks it to end and waits until it has; kills it where it does not.
    pub async fn stop(mut self) {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                tracing::warn!(what = self.what, "did not end in time and is killed");
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A new folder; the guard removes it.
fn scratch_folder() -> std::io::Result<PathBuf> {
    let folder = TempDir::with_prefix("lottery-localnet-")?;
    Ok(folder.keep())
}
