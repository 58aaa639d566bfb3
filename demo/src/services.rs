//! Keeper and indexer as an operator starts them: their own processes.

use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use lottery_localnet::Localnet;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use tokio::{process::Child, process::Command, time::Instant};

use crate::api::Api;

/// How long a service may take to be ready or to drain.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service of this project, running as a process of its own. Dropping it kills it.
pub struct Service {
    name: &'static str,
    child: Child,
    /// What it logs.
    pub log: PathBuf,
}

impl Service {
    fn start(name: &'static str, command: &mut Command, log: PathBuf) -> Result<Self> {
        let file = File::create(&log).with_context(|| format!("creating {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {name}: build it with cargo build --workspace"))?;
        Ok(Self { name, child, log })
    }

    /// Process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Fails, with the end of its log, if the service has ended.
    pub fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended ({status}):\n{}", self.name, self.tail());
        }
        Ok(())
    }

    /// The last lines it logged.
    pub fn tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// Kills it at once, as `kill -9` does.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }

    /// Asks it to drain (SIGTERM) and expects exit code 0.
    pub async fn stop(mut self) -> Result<()> {
        let pid = self
            .child
            .id()
            .with_context(|| format!("{} has ended already", self.name))?;
        let sent = Command::new("kill")
            .args(["-TERM", &pid.to_string()])
            .status()
            .await?;
        ensure!(sent.success(), "cannot signal {}", self.name);
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .with_context(|| format!("{} did not drain in {PATIENCE:?}", self.name))??;
        ensure!(
            status.success(),
            "{} ended with {status}:\n{}",
            self.name,
            self.tail()
        );
        Ok(())
    }
}

/// A binary of this workspace, beside the running one.
pub fn binary(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let beside = own
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    beside
        .with_context(|| format!("{name} is not built: cargo build --workspace --bins comes first"))
}

/// An address of this machine that nothing listens on.
pub fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// Writes a keypair file that only its owner can read.
pub fn write_keypair(path: &Path, keypair: &Keypair) -> Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(serde_json::to_string(&keypair.to_bytes().to_vec())?.as_bytes())?;
    Ok(())
}

/// A keeper's command that pays with the key in `keypair`.
fn keeper(localnet: &Localnet, keypair: &Path, verb: &str) -> Result<Command> {
    let mut command = Command::new(binary("lottery-keeper")?);
    command
        .arg(verb)
        .arg("--rpc-url")
        .arg(localnet.rpc_url())
        .arg("--ws-url")
        .arg(localnet.ws_url())
        .arg("--keypair")
        .arg(keypair);
    Ok(command)
}

/// Starts a keeper that pays with the key in `keypair`, and leaves on chain what is
/// over, for whoever wants to look at it.
pub fn start_keeper(localnet: &Localnet, keypair: &Path, log: PathBuf) -> Result<Service> {
    start_keeper_with(localnet, keypair, log, &["--close", "false"])
}

/// The same with other flags.
pub fn start_keeper_with(
    localnet: &Localnet,
    keypair: &Path,
    log: PathBuf,
    flags: &[&str],
) -> Result<Service> {
    let mut command = keeper(localnet, keypair, "run")?;
    command.args(flags);
    Service::start("lottery-keeper", &mut command, log)
}

/// Has a keeper close everything that is over and paid; what it printed.
pub async fn close_everything(localnet: &Localnet, keypair: &Path) -> Result<String> {
    let mut command = keeper(localnet, keypair, "once")?;
    command.args(["--close-after-seconds", "0"]);
    // Beside a keeper that leads it would have nothing to do.
    command.env_remove("LOTTERY_KEEPER_DATABASE_URL");
    succeed("lottery-keeper once", command).await
}

/// How long an indexer on a busy machine may be behind the chain.
const VERIFY_SECONDS: u64 = 240;

/// Runs `lottery-indexer verify`; what it printed, or an error with it.
pub async fn verify_database(localnet: &Localnet, database: Option<&str>) -> Result<String> {
    let mut command = Command::new(binary("lottery-indexer")?);
    command.args(["verify", "--rpc-url", localnet.rpc_url()]);
    command.args(["--deadline", &VERIFY_SECONDS.to_string()]);
    if let Some(url) = database {
        command.env("DATABASE_URL", url);
    }
    succeed("lottery-indexer verify", command).await
}

/// Runs `lottery verify` on a game; what it printed, or an error with it.
pub async fn verify_game(localnet: &Localnet, game: &Pubkey) -> Result<String> {
    let mut command = Command::new(binary("lottery")?);
    command
        .args(["--url", localnet.rpc_url(), "verify"])
        .arg(game.to_string());
    succeed("lottery verify", command).await
}

async fn succeed(what: &str, mut command: Command) -> Result<String> {
    let output = command.output().await?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "{what} failed ({}):\n{printed}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(printed)
}

/// Starts an indexer with its API and waits until that answers. Where Postgres is
/// comes from `database`, or else from `DATABASE_URL` or the `PG*` variables.
pub async fn start_indexer(
    localnet: &Localnet,
    database: Option<&str>,
    log: PathBuf,
) -> Result<(Service, Api, String)> {
    start_indexer_with(localnet, database, log, &[]).await
}

/// The same with flags.
pub async fn start_indexer_with(
    localnet: &Localnet,
    database: Option<&str>,
    log: PathBuf,
    flags: &[&str],
) -> Result<(Service, Api, String)> {
    let listen = free_address()?;
    let mut command = Command::new(binary("lottery-indexer")?);
    command
        .arg("run")
        .arg("--rpc-url")
        .arg(localnet.rpc_url())
        .arg("--ws-url")
        .arg(localnet.ws_url())
        .arg("--listen")
        .arg(&listen)
        .args(flags);
    if let Some(url) = database {
        command.env("DATABASE_URL", url);
    }
    let mut service = Service::start("lottery-indexer", &mut command, log)?;
    let base = format!("http://{listen}");
    let api = Api::new(&base)?;
    let deadline = Instant::now() + PATIENCE;
    while api.get("/api/status").await.is_err() {
        service.check()?;
        ensure!(
            Instant::now() < deadline,
            "the indexer's API does not answer:\n{}",
            service.tail()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok((service, api, base))
}
