//! A keeper in a process of its own, which can be killed and stopped.

use std::{
    io::{BufRead as _, BufReader, Lines, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use lottery_keeper::database::{Database, Leadership, State};

use super::{PATIENCE, TestDatabase, options_of, settings};

/// Tells the process which database is meant.
const DATABASE: &str = "LOTTERY_TEST_KEEPER_DATABASE";

/// What its answers begin with: the test harness prints, too.
const MARK: &str = "keeper: ";

pub struct Process {
    child: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts one with the default lease.
    pub fn start(database: &TestDatabase) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "common::process::keeper"])
            .args(["--ignored", "--nocapture"])
            .env(DATABASE, database.name())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            questions: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
        }
    }

    /// Asks who it thinks leads; the answer is to be read with [`answer`](Self::answer).
    pub fn ask(&mut self) {
        writeln!(self.questions, "?").unwrap();
    }

    /// `leader EPOCH`, `follower` or `no database`.
    pub fn answer(&mut self) -> String {
        self.answers
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| line.strip_prefix(MARK).map(str::to_owned))
            .expect("it should answer")
    }

    /// Waits until it says so.
    pub async fn says(&mut self, expected: &str) {
        let begun = Instant::now();
        loop {
            self.ask();
            let answer = self.answer();
            if answer == expected {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "it says {answer}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// As `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id();
        let kill = format!("kill -{name} {id}");
        let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Perhaps it was killed before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process itself.
#[test]
#[ignore = "other tests start it as a process of its own"]
fn keeper() {
    let Ok(name) = std::env::var(DATABASE) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let guard = runtime.enter();
    let database = Database::new(options_of(&name));
    let leadership = Leadership::start(&database, &settings(Duration::from_secs(3)));
    drop(guard);
    // Not on the runtime: the answer is what the handle knows by itself.
    for _ in std::io::stdin().lines() {
        match leadership.current() {
            State::Leader { epoch, .. } => println!("\n{MARK}leader {epoch}"),
            State::Follower => println!("\n{MARK}follower"),
            State::NoDatabase { .. } => println!("\n{MARK}no database"),
        }
    }
}
