//! The three clusters behind one interface.

mod attached;
mod ready;
mod surfnet;
mod validator;

use std::{fs, path::PathBuf};

use serde::{Deserialize, Serialize};
use solana_pubkey::Pubkey;

use crate::{ClusterChoice, LocalnetError, Options, Result, ports::Ports, process::Process};
pub(crate) use ready::{rpc_client, until, wait_until_ready};

/// What a cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Agave's `solana-test-validator`.
    Validator,
    /// surfpool's embedded cluster.
    Surfnet,
    /// One that ran already.
    Attached,
}

/// A cluster that was started or found; not necessarily ready.
pub(crate) struct Cluster {
    pub kind: Kind,
    pub rpc_url: String,
    pub ws_url: String,
    pub process: Option<Process>,
    /// Keeps others off the ports.
    _ports: Option<Ports>,
}

/// A program file and the address it is loaded at.
pub(crate) struct Program {
    pub address: Pubkey,
    pub file: PathBuf,
}

impl Cluster {
    /// Starts, or attaches to, the cluster the options choose.
    pub async fn start(options: &Options) -> Result<Self> {
        match &options.cluster {
            ClusterChoice::Attach { rpc_url, ws_url } => {
                attached::attach(rpc_url, ws_url.as_deref())
            }
            ClusterChoice::Validator => {
                let binary = validator::find().ok_or(LocalnetError::ValidatorMissing)?;
                validator::start(&binary, options)
            }
            ClusterChoice::Surfnet => surfnet::start(options).await,
            ClusterChoice::Auto => match (attached::from_environment(), validator::find()) {
                (Some((rpc_url, ws_url)), _) => attached::attach(&rpc_url, ws_url.as_deref()),
                (None, Some(binary)) => validator::start(&binary, options),
                (None, None) => surfnet::start(options).await,
            },
        }
    }

    /// Fails where a cluster of ours has ended.
    pub fn check(&mut self) -> Result<()> {
        self.process.as_mut().map_or(Ok(()), Process::check)
    }
}

/// The lottery and the stand-in, where their files exist.
fn programs(options: &Options) -> Result<[Program; 2]> {
    let program = |address: [u8; 32], file: &str| {
        let file = options.program_dir.join(file);
        match fs::exists(&file) {
            Ok(true) => Ok(Program {
                address: Pubkey::new_from_array(address),
                file,
            }),
            _ => Err(LocalnetError::ProgramMissing(file)),
        }
    };
    Ok([
        program(lottery::ID.to_bytes(), "lottery.so")?,
        program(randomness_stand_in::ID.to_bytes(), "randomness_stand_in.so")?,
    ])
}
