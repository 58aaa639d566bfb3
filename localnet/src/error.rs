//! Why a local cluster could not be started or used.

use std::{io, path::PathBuf, time::Duration};

use solana_pubkey::Pubkey;
use solana_rpc_client_api::client_error::Error as RpcError;
use solana_transaction_error::TransactionError;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalnetError {
    #[error("{path} is missing: run scripts/build-programs (or name its folder)", path = .0.display())]
    ProgramMissing(PathBuf),

    #[error(
        "no lottery-surfnet beside the executable: run `cargo build -p lottery-surfnet`, \
         or name the binary in LOTTERY_SURFNET"
    )]
    SurfnetMissing,

    #[error("solana-test-validator is not on PATH")]
    ValidatorMissing,

    #[error("'{0}' is not the address of an RPC (http://HOST:PORT)")]
    BadRpcUrl(String),

    #[error("'{0}' is not a cluster: auto, validator or surfnet")]
    BadCluster(String),

    #[error("no block of free ports between 10000 and 32000")]
    NoFreePorts,

    #[error("starting {what}")]
    Start {
        what: &'static str,
        #[source]
        source: io::Error,
    },

    #[error("{what} ended by itself ({status}); its last words:\n{tail}")]
    Ended {
        what: &'static str,
        status: String,
        tail: String,
    },

    #[error("{what} was not so after {waited:?}{hint}")]
    NotReady {
        /// What was waited for.
        what: &'static str,
        waited: Duration,
        /// The last answer, or the cluster's last words.
        hint: String,
    },

    #[error("the RPC, {what}")]
    Rpc {
        what: &'static str,
        #[source]
        source: Box<RpcError>,
    },

    #[error("the WebSocket at {url}: {reason}")]
    WebSocket { url: String, reason: String },

    #[error("a transaction failed: {error}; logs: {logs:#?}")]
    Transaction {
        error: TransactionError,
        logs: Vec<String>,
    },

    #[error("a transaction could not be signed: {0}")]
    Sign(#[from] solana_signer::SignerError),

    #[error("a transaction did not land within {0:?}")]
    NotLanded(Duration),

    #[error("the faucet gave {pubkey} nothing within {waited:?}")]
    NoAirdrop { pubkey: Pubkey, waited: Duration },

    #[error("the sum to hand out overflows")]
    TooMuch,

    #[error("the cluster has no oracles of ours: {0}")]
    NoOracles(&'static str),

    #[error("the gateway's address '{0}' does not fit an oracle account")]
    GatewayUri(String),

    #[error("no secp256k1 key could be made")]
    OracleKey,
}

impl LocalnetError {
    /// Names what was asked of the RPC when it failed.
    pub(crate) fn rpc(what: &'static str) -> impl FnOnce(RpcError) -> Self {
        move |source| Self::Rpc {
            what,
            source: Box::new(source),
        }
    }
}
