//! Where accounts come from. Sources deliver events in order through a bounded
//! channel; a full channel makes them wait, and what waits is theirs to buffer.

mod rpc;
mod snapshot;
mod stream;

use solana_pubkey::Pubkey;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use rpc::{RpcSource, RpcSourceConfig};
pub use snapshot::{MAX_READ, genesis_hash, read as read_accounts, take as take_snapshot};

/// An account's contents at a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountUpdate {
    pub address: Pubkey,
    pub slot: i64,
    /// Order within the slot, where the source knows one; else 0.
    pub write_version: i64,
    pub lamports: u64,
    pub owner: Pubkey,
    pub data: Vec<u8>,
}

impl AccountUpdate {
    /// Sources that tell of closed accounts send them without balance, or as the
    /// system program's.
    pub fn is_closed(&self) -> bool {
        self.lamports == 0 || (self.data.is_empty() && self.owner != lottery::ID)
    }

    /// What orders two updates of one account.
    pub fn order(&self) -> (i64, i64) {
        (self.slot, self.write_version)
    }
}

/// All accounts of the program at a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub slot: i64,
    pub accounts: Vec<AccountUpdate>,
}

/// What a source delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Everything there is; what is missing from it is closed.
    Snapshot(Snapshot),
    Update(AccountUpdate),
    /// Whatever happened up to `applied` has been delivered; the chain is at `chain`.
    Progress {
        applied: i64,
        chain: i64,
    },
    /// The source had to start over. For people to read.
    Trouble(String),
}

/// Why a source cannot go on for now.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("RPC: {0}")]
    Rpc(#[source] Box<solana_rpc_client_api::client_error::Error>),
    #[error("WebSocket: {0}")]
    WebSocket(#[from] solana_pubsub_client::nonblocking::pubsub_client::PubsubClientError),
    #[error("the WebSocket closed")]
    StreamEnded,
    #[error("the WebSocket was silent for {seconds} s while the chain went on to slot {slot}")]
    StreamSilent { seconds: u64, slot: i64 },
    #[error("no answer within {0} s")]
    Timeout(u64),
    #[error("{0} is no slot")]
    Slot(u64),
    #[error("account {0} came without its bytes in base64")]
    Encoding(String),
    #[error("the snapshot is of slot {slot}, behind slot {known} that is already stored")]
    Behind { slot: i64, known: i64 },
}

impl From<solana_rpc_client_api::client_error::Error> for SourceError {
    fn from(error: solana_rpc_client_api::client_error::Error) -> Self {
        Self::Rpc(Box::new(error))
    }
}

/// A supplier of events.
pub trait Source: Send + 'static {
    /// Delivers until `stop`, recovering by itself from whatever happens. Returns
    /// early only when nobody listens any more.
    fn run(
        self,
        events: mpsc::Sender<Event>,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send;
}
