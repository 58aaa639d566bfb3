//! A keeper at its post: a process as an operator starts it, with proxies of its own
//! between it and the world. It is killed, stopped and started again; what it used is
//! counted over all its lives.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use lottery_demo::services::{binary, write_keypair};
use lottery_localnet::Localnet;
use serde::Serialize;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use tokio::{
    process::{Child, Command},
    sync::Mutex,
};

use super::{chance, diary::Diary, lease::LeaseWatch};
use crate::{RpcProxy, TcpProxy, usage::Usage};

/// How long a keeper may take to drain.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a drain ends that ends well.
const DRAINED: &str = "exit code 0";

/// What every keeper of a run is started with.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Flags beside those that differ from keeper to keeper.
    pub flags: Vec<String>,
    pub folder: PathBuf,
    /// Of Postgres, `host:port`.
    pub postgres: String,
    pub seed: u64,
}

/// A keeper and its proxies.
pub struct Post {
    pub name: String,
    pub wallet: Pubkey,
    pub rpc: [RpcProxy; 2],
    pub postgres: TcpProxy,
    pub log: PathBuf,
    key: PathBuf,
    flags: Vec<String>,
    database: String,
    diary: Diary,
    lease: LeaseWatch,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    child: Option<Child>,
    /// Suspended by a signal.
    frozen: bool,
    /// Of the present life.
    usage: Usage,
    record: Record,
}

/// What became of a keeper over all its lives.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Record {
    pub starts: u32,
    pub kills: u32,
    pub freezes: u32,
    /// Lives that ended by themselves, with their exit.
    pub deaths: Vec<String>,
    /// Most memory of any life (KiB).
    pub peak_kib: u64,
    /// Time of processors over all lives (milliseconds).
    pub cpu_ms: u64,
    /// How the last life ended, once it was asked to drain.
    pub drained: Option<String>,
    /// Questions by method, both endpoints together.
    pub rpc_calls: BTreeMap<String, u64>,
    /// Faults that its requests met, by name.
    pub faults: BTreeMap<String, u64>,
}

impl Record {
    /// Whether it drained as it should.
    pub fn drained_well(&self) -> bool {
        self.drained.as_deref() == Some(DRAINED)
    }
}

impl Post {
    /// Sets up the proxies and the key of keeper `index`; `database` makes its URL from
    /// the address of its proxy.
    pub async fn new(
        index: usize,
        launch: &Launch,
        localnet: &Localnet,
        diary: Diary,
        lease: LeaseWatch,
        database: impl Fn(std::net::SocketAddr) -> String,
    ) -> Result<Self> {
        let name = format!("keeper-{}", index + 1);
        let seed = |part: &str| chance::number(launch.seed, &format!("{name} {part}"));
        let node = || (localnet.rpc_url().to_owned(), localnet.ws_url().to_owned());
        let ((http, ws), (other_http, other_ws)) = (node(), node());
        let rpc = [
            RpcProxy::start(http, ws, seed("first endpoint")).await?,
            RpcProxy::start(other_http, other_ws, seed("second endpoint")).await?,
        ];
        let postgres = TcpProxy::start(launch.postgres.clone(), seed("postgres")).await?;
        let keypair = Keypair::new();
        let key = launch.folder.join(format!("{name}.json"));
        write_keypair(&key, &keypair)?;
        Ok(Self {
            wallet: keypair.pubkey(),
            log: launch.folder.join(format!("{name}.log")),
            key,
            flags: launch.flags.clone(),
            database: database(postgres.address()),
            rpc,
            postgres,
            diary,
            lease,
            state: Mutex::default(),
            name,
        })
    }

    fn command(&self) -> Result<Command> {
        let both = |url: fn(&RpcProxy) -> String| self.rpc.each_ref().map(url).join(",");
        let mut command = Command::new(binary("lottery-keeper")?);
        command
            .arg("run")
            .args(["--rpc-url", &both(RpcProxy::url)])
            .args(["--ws-url", &both(RpcProxy::ws_url)])
            .arg("--keypair")
            .arg(&self.key)
            .args(&self.flags)
            .env("LOTTERY_KEEPER_DATABASE_URL", &self.database)
            .env("NO_COLOR", "1");
        Ok(command)
    }

    /// Starts it, unless it runs.
    pub async fn start(&self) -> Result<()> {
        let mut state = self.state.lock().await;
        if state.child.is_none() {
            self.spawn(&mut state)?;
        }
        Ok(())
    }

    fn spawn(&self, state: &mut State) -> Result<()> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("opening {}", self.log.display()))?;
        let child = self
            .command()?
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("starting lottery-keeper: build it with cargo build --workspace")?;
        if let Some(process) = child.id() {
            self.lease.introduce(process, &self.name);
        }
        state.child = Some(child);
        state.frozen = false;
        state.usage = Usage::default();
        state.record.starts += 1;
        self.diary.note(&self.name, "starts");
        Ok(())
    }

    /// Kills it at once, as `kill -9` does; false if it does not run.
    pub async fn kill(&self) -> Result<bool> {
        let mut state = self.state.lock().await;
        state.sample();
        let Some(mut child) = state.child.take() else {
            return Ok(false);
        };
        child.kill().await?;
        state.end_life();
        state.record.kills += 1;
        Ok(true)
    }

    /// Suspends it; false if it does not run, or is suspended.
    pub async fn freeze(&self) -> Result<bool> {
        let mut state = self.state.lock().await;
        if state.frozen || state.child.is_none() {
            return Ok(false);
        }
        state.signal("-STOP").await?;
        state.frozen = true;
        state.record.freezes += 1;
        Ok(true)
    }

    /// Lets it go on, if it is suspended.
    pub async fn thaw(&self) -> Result<()> {
        let mut state = self.state.lock().await;
        if state.frozen && state.child.is_some() {
            state.signal("-CONT").await?;
            self.diary.note(&self.name, "goes on");
        }
        state.frozen = false;
        Ok(())
    }

    /// Looks what it uses, and starts it again if it has ended by itself.
    pub async fn look_after(&self) -> Result<()> {
        let mut state = self.state.lock().await;
        state.sample();
        let ended = state.child.as_mut().map(Child::try_wait).transpose()?;
        if let Some(status) = ended.flatten() {
            self.note_death(&mut state, status);
            self.spawn(&mut state)?;
        }
        Ok(())
    }

    fn note_death(&self, state: &mut State, status: ExitStatus) {
        let death = format!("{status}; last words: {}", last_line(&self.log));
        self.diary
            .note(&self.name, format!("ended by itself: {death}"));
        state.child = None;
        state.end_life();
        state.record.deaths.push(death);
    }

    /// Asks it to drain (SIGTERM) and waits until it has.
    pub async fn drain(&self) -> Result<()> {
        let mut state = self.state.lock().await;
        if state.child.is_none() {
            state.record.drained = Some("was not running".to_owned());
            return Ok(());
        }
        state.sample();
        state.signal("-TERM").await?;
        let Some(child) = state.child.as_mut() else {
            return Ok(());
        };
        let end = match tokio::time::timeout(PATIENCE, child.wait()).await {
            Ok(status) => match status? {
                status if status.success() => DRAINED.to_owned(),
                status => status.to_string(),
            },
            Err(_) => format!("not within {PATIENCE:?}"),
        };
        self.diary.note(&self.name, format!("drains: {end}"));
        state.child = None;
        state.end_life();
        state.record.drained = Some(end);
        Ok(())
    }

    /// Fair weather at all its proxies.
    pub fn clear_weather(&self) {
        for proxy in &self.rpc {
            proxy.weather.clear();
            proxy.sockets.refuse(false);
            proxy.sockets.set_notifications(Default::default());
        }
        self.postgres.weather.clear();
    }

    /// All about it so far.
    pub async fn record(&self) -> Record {
        let mut record = self.state.lock().await.record.clone();
        for proxy in &self.rpc {
            for (method, count) in proxy.weather.counts() {
                *record.rpc_calls.entry(method).or_default() += count;
            }
            for (fault, count) in proxy.weather.faults() {
                *record.faults.entry(fault.to_owned()).or_default() += count;
            }
        }
        record
    }
}

impl State {
    fn sample(&mut self) {
        let pid = self.child.as_ref().and_then(Child::id);
        if let Some(usage) = pid.and_then(Usage::of) {
            self.usage = usage;
            self.record.peak_kib = self.record.peak_kib.max(usage.peak_kib);
        }
    }

    fn end_life(&mut self) {
        self.frozen = false;
        self.record.cpu_ms += self.usage.cpu_ms;
        self.usage = Usage::default();
    }

    async fn signal(&self, signal: &str) -> Result<()> {
        let pid = self.child.as_ref().and_then(Child::id);
        let pid = pid.context("it has ended already")?;
        let sent = Command::new("kill")
            .args([signal, &pid.to_string()])
            .status()
            .await?;
        ensure!(sent.success(), "cannot send {signal} to {pid}");
        Ok(())
    }
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().last().unwrap_or_default().to_owned()
}
