//! What kind of cluster, and where its parts are found.

use std::{
    env,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use crate::{LocalnetError, Result};

/// Which cluster to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClusterChoice {
    /// The one `RPC_URL` names (WebSocket: `WS_URL`); else `solana-test-validator`
    /// where it is on PATH; else `lottery-surfnet`.
    #[default]
    Auto,
    /// Agave's own test validator, as a child process.
    Validator,
    /// surfpool's embedded cluster, as a child process.
    Surfnet,
    /// One that runs already. Its programs are its own business: the oracles are made
    /// only where the stand-in is loaded.
    Attach {
        rpc_url: String,
        /// By default the RPC's port + 1, or the RPC's address where it names no port.
        ws_url: Option<String>,
    },
}

impl FromStr for ClusterChoice {
    type Err = LocalnetError;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "auto" => Ok(Self::Auto),
            "validator" => Ok(Self::Validator),
            "surfnet" => Ok(Self::Surfnet),
            other => Err(LocalnetError::BadCluster(other.to_owned())),
        }
    }
}

/// How to start a [`Localnet`](crate::Localnet).
#[derive(Clone, Debug)]
pub struct Options {
    pub cluster: ClusterChoice,
    /// Port of the RPC; the WebSocket's is the next. Free ones by default.
    pub rpc_port: Option<u16>,
    /// Port of the oracles' gateway. A free one by default.
    pub gateway_port: Option<u16>,
    /// What the oracles' accounts name in place of the gateway's own address, where
    /// something stands before it: `http://HOST:PORT`, without a slash at the end.
    pub gateway_url: Option<String>,
    /// Where the programs' `.so` files are.
    pub program_dir: PathBuf,
    /// The `lottery-surfnet` binary; by default `LOTTERY_SURFNET`, or found beside
    /// the current executable.
    pub surfnet: Option<PathBuf>,
    /// Milliseconds per slot, of a cluster started here.
    pub slot_ms: u64,
    /// How many oracles to put on the queue; a redraw needs a second.
    pub oracles: usize,
    /// Shreds the test validator keeps. An idle slot makes 64, so this many last 20
    /// minutes at 400 ms and take about 250 MB; older transactions are forgotten.
    pub ledger_shreds: u64,
    /// How long each step towards being ready may take.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cluster: ClusterChoice::Auto,
            rpc_port: None,
            gateway_port: None,
            gateway_url: None,
            program_dir: find_program_dir(),
            surfnet: None,
            slot_ms: 400,
            oracles: 2,
            ledger_shreds: 200_000,
            patience: Duration::from_secs(90),
        }
    }
}

/// `target/deploy` of the workspace the executable was built in, else of the one the
/// current folder is in.
fn find_program_dir() -> PathBuf {
    let built_in = env::current_exe().ok().and_then(|exe| {
        let mut folders = exe.ancestors().map(|folder| folder.join("deploy"));
        folders.find(|folder| folder.is_dir())
    });
    let relative = Path::new("target").join("deploy");
    let here = || {
        let current = env::current_dir().ok()?;
        let mut folders = current.ancestors().map(|folder| folder.join(&relative));
        folders.find(|folder| folder.is_dir())
    };
    built_in.or_else(here).unwrap_or_else(|| relative.clone())
}

/// The `lottery-surfnet` binary.
pub(crate) fn find_surfnet(given: Option<&Path>) -> Result<PathBuf> {
    let named = given
        .map(Path::to_owned)
        .or_else(|| env::var_os("LOTTERY_SURFNET").map(PathBuf::from));
    let found = named.or_else(|| {
        let exe = env::current_exe().ok()?;
        // Tests live one folder below the binaries.
        let mut candidates = exe
            .ancestors()
            .skip(1)
            .take(2)
            .map(|folder| folder.join("lottery-surfnet"));
        candidates.find(|file| file.is_file())
    });
    found
        .filter(|file| file.is_file())
        .ok_or(LocalnetError::SurfnetMissing)
}

/// A program on PATH.
pub(crate) fn find_on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
