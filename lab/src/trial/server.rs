//! A Postgres server of a trial's own, to be killed and suspended.

use std::{
    net::TcpListener,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use sqlx::{ConnectOptions as _, Connection as _, postgres::PgConnectOptions};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

/// How long it may take to start or to stop, recovery included.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pause between two looks.
const LOOKS: Duration = Duration::from_millis(20);

/// Who it runs as where the trial runs as root, whom it refuses.
const USER: &str = "postgres";

/// A running server; dropping it kills it.
pub struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    port: u16,
    /// User and group, where not the trial's own.
    user: Option<(u32, u32)>,
    child: Option<Child>,
}

/// How it is ended in order, as Postgres calls it.
#[derive(Clone, Copy, Debug)]
pub enum Shutdown {
    /// Connections are ended, and what they were about is rolled back.
    Fast,
    /// Nothing is tidied up: the next start recovers.
    Immediate,
}

impl Server {
    /// Makes one in a folder of its own, and starts it.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let user = match folder.path().metadata()?.uid() {
            0 => Some(ids_of(USER).await?),
            _ => None,
        };
        if let Some((user, group)) = user {
            chown(folder.path(), Some(user), Some(group))?;
        }
        let mut server = Self {
            programs: programs().await?,
            port: TcpListener::bind("127.0.0.1:0")?.local_addr()?.port(),
            folder,
            user,
            child: None,
        };
        let mut command = server.command("initdb");
        command.args(["-U", USER, "--auth=trust", "--no-sync", "--encoding=UTF8"]);
        command.arg("-D").arg(server.data());
        let made = command.stdout(Stdio::null()).output().await?;
        let words = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "initdb: {words}");
        server.restart().await?;
        Ok(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path()).env_clear();
        command.stdin(Stdio::null()).kill_on_drop(true);
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// How to reach it.
    pub fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username(USER)
            .database("postgres")
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Starts it after it ended, and waits until it answers.
    pub async fn restart(&mut self) -> Result<()> {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data());
        command.args(["-p", &self.port.to_string(), "-h", "127.0.0.1"]);
        command.arg("-k").arg(self.folder.path());
        // The machine does not fail here, only processes do.
        command.args(["-c", "fsync=off", "-c", "max_connections=60"]);
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_path())?;
        command.stdout(log.try_clone()?).stderr(log);
        self.child = Some(command.spawn().context("starting postgres")?);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(connection) = self.options().connect().await {
                return Ok(connection.close().await?);
            }
            if let Some(status) = self
                .child
                .as_mut()
                .and_then(|it| it.try_wait().ok())
                .flatten()
            {
                bail!("postgres ended with {status}:\n{}", self.log());
            }
            ensure!(Instant::now() < deadline, "no answer:\n{}", self.log());
            sleep(LOOKS).await;
        }
    }

    /// Kills every one of its processes, as `kill -9` does, and waits until they are gone.
    pub async fn kill(&mut self) -> Result<()> {
        let all = self.processes()?;
        send("KILL", &all).await?;
        if let Some(mut child) = self.child.take() {
            child.wait().await?;
        }
        let deadline = Instant::now() + PATIENCE;
        while all
            .iter()
            .any(|id| Path::new(&format!("/proc/{id}")).exists())
        {
            ensure!(Instant::now() < deadline, "processes outlive a kill");
            sleep(LOOKS).await;
        }
        Ok(())
    }

    /// Ends it in order, and waits until it has.
    pub async fn shut_down(&mut self, how: Shutdown) -> Result<()> {
        let mut child = self.child.take().context("it does not run")?;
        let id = child.id().context("it has ended already")?;
        let signal = match how {
            Shutdown::Fast => "INT",
            Shutdown::Immediate => "QUIT",
        };
        send(signal, &[id]).await?;
        tokio::time::timeout(PATIENCE, child.wait())
            .await
            .context("postgres does not end")??;
        Ok(())
    }

    /// Suspends every one of its processes.
    pub async fn freeze(&self) -> Result<()> {
        send("STOP", &self.processes()?).await
    }

    /// Lets them go on.
    pub async fn thaw(&self) -> Result<()> {
        send("CONT", &self.processes()?).await
    }

    /// The process itself, and those that it started.
    fn processes(&self) -> Result<Vec<u32>> {
        let id = self.child.as_ref().and_then(Child::id);
        let id = id.context("it does not run")?;
        let mut all = vec![id];
        for entry in std::fs::read_dir("/proc")? {
            let path = entry?.path();
            let process = path
                .file_name()
                .and_then(|name| name.to_str()?.parse().ok());
            // Whoever has ended meanwhile is none of them any more.
            let parent = std::fs::read_to_string(path.join("stat"));
            let parent = parent.ok().and_then(|stat| parent_in(&stat));
            if parent == Some(id) {
                all.extend::<Option<u32>>(process);
            }
        }
        Ok(all)
    }
}

/// The parent's id: the second field after the name, which stands in parentheses.
fn parent_in(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

async fn send(signal: &str, processes: &[u32]) -> Result<()> {
    let mut command = Command::new("kill");
    command.arg(format!("-{signal}"));
    command.args(processes.iter().map(u32::to_string));
    // A child of the server may have ended just now.
    let sent = command.stderr(Stdio::null()).status().await?;
    ensure!(
        sent.success() || processes.len() > 1,
        "cannot send {signal} to {processes:?}"
    );
    Ok(())
}

/// Where Postgres's programs are.
async fn programs() -> Result<PathBuf> {
    let found = Command::new("pg_config").arg("--bindir").output().await;
    if let Ok(found) = found
        && let folder = PathBuf::from(String::from_utf8_lossy(&found.stdout).trim())
        && folder.join("initdb").is_file()
    {
        return Ok(folder);
    }
    // Debian keeps them by version, and has pg_config in another package.
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let folders = versions.flatten().map(|version| version.path().join("bin"));
    folders
        .filter(|folder| folder.join("initdb").is_file())
        .max()
        .context("PostgreSQL's initdb is missing: run scripts/setup")
}

async fn ids_of(user: &str) -> Result<(u32, u32)> {
    let id = async |flag| -> Result<u32> {
        let output = Command::new("id").args([flag, user]).output().await?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        printed
            .trim()
            .parse()
            .with_context(|| format!("there is no user {user}, whom Postgres could run as"))
    };
    Ok((id("-u").await?, id("-g").await?))
}
