//! The tests that mutants stand before.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use super::{MutantError, about, workshop::output};

/// Tests that do not ask what the program under test does, but what the repository
/// holds or what a call costs.
const UNRELATED: [&str; 3] = [
    "every_refusal_has_a_test",
    "program_fits_its_size_budget",
    "joins_stay_within_their_budget",
];

/// What has not ended then never will, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(900);

/// The executables of the tests.
pub struct Trial {
    executables: Vec<PathBuf>,
    /// The package of the tests, where cargo would run them.
    package: PathBuf,
}

impl Trial {
    /// Builds test targets and copies them, so that nobody builds them anew meanwhile.
    ///
    /// # Errors
    /// If there is none of a name, or they do not compile.
    pub fn prepare(root: &Path, folder: &Path, targets: &[String]) -> Result<Self, MutantError> {
        let mut build = Command::new("cargo");
        build
            .args(["test", "-p", "lottery-tests", "--no-run"])
            .args(targets.iter().flat_map(|target| ["--test", target]))
            .arg("--message-format=json")
            .current_dir(root);
        let messages = output(&mut build)?;
        fs::create_dir_all(folder).map_err(about(folder.display()))?;
        let mut executables = Vec::new();
        for target in targets {
            let built = messages
                .lines()
                .find_map(|message| executable(message, target));
            let built = built.ok_or(MutantError::NoTests(target.clone()))?;
            let copy = folder.join(target);
            fs::copy(&built, &copy).map_err(about(&built))?;
            executables.push(copy);
        }
        Ok(Self {
            executables,
            package: root.join("tests"),
        })
    }

    /// The first test that fails with this program, if one does.
    ///
    /// # Errors
    /// If a test executable does not start.
    pub fn first_failure(&self, program: &Path) -> Result<Option<String>, MutantError> {
        for executable in &self.executables {
            let mut child = Command::new(executable)
                .args(UNRELATED.iter().flat_map(|test| ["--skip", test]))
                .env("LOTTERY_PROGRAM", program)
                .current_dir(&self.package)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .map_err(about(executable.display()))?;
            let failure = watch(&mut child);
            // It may have ended; what counts is that it has.
            let _ = child.kill();
            let status = child.wait().map_err(about(executable.display()))?;
            if let Some(failure) = failure {
                return Ok(Some(failure));
            }
            if !status.success() {
                return Ok(Some(format!("{}: {status}", executable.display())));
            }
        }
        Ok(None)
    }
}

/// The name of the first test to fail, as soon as it has.
fn watch(child: &mut Child) -> Option<String> {
    let stdout = child.stdout.take()?;
    let (sender, lines) = mpsc::channel();
    // Ends with the child, whose end of the pipe closes then.
    std::thread::spawn(move || {
        let lines = BufReader::new(stdout).lines().map_while(Result::ok);
        lines.map(|line| sender.send(line)).all(|sent| sent.is_ok())
    });
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) => {
                let failed = line
                    .strip_prefix("test ")
                    .and_then(|rest| rest.split_once(" ... FAILED"));
                if let Some((test, _)) = failed {
                    return Some(test.to_owned());
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => return None,
            Err(mpsc::RecvTimeoutError::Timeout) => return Some("a test without end".to_owned()),
        }
    }
}

/// The executable of a test target, if this message of cargo's names it.
fn executable(message: &str, target: &str) -> Option<String> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let is_it = message["target"]["name"] == target && message["target"]["kind"][0] == "test";
    is_it.then_some(())?;
    Some(message["executable"].as_str()?.to_owned())
}
