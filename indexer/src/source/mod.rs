//! Where accounts, transactions and slots come from. Sources deliver events in
//! order through a bounded channel; a full channel makes them wait, and what waits
//! then is the sender's: a WebSocket's or a gRPC stream's flow control.

mod chain;
pub mod geyser;
mod rpc;
mod sessions;
mod snapshot;

use solana_commitment_config::{CommitmentConfig, CommitmentLevel};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use lottery_client::account::DISCRIMINATOR_LEN;

use crate::store::dead_letters::DeadLetter;
pub use chain::{Chain, at_least_confirmed};
pub use geyser::{GeyserConfig, GeyserSource};
pub use rpc::{RpcSource, RpcSourceConfig, StreamError};
pub use snapshot::{
    MAX_READ, Pieces, RpcSnapshots, Snapshots, genesis_hash, read as read_accounts,
    take as take_snapshot,
};

/// Order of contents that are an account's last in their slot. Nodes tell no other
/// over RPC, and number the writes of a slot over gRPC.
pub const END_OF_SLOT: i64 = i64::MAX;

/// Order of what transactions tell of an account's end in their slot: streams of accounts tell
/// what was before, and who asks a node for all of the slot knows better.
pub const END_OF_TOLD: i64 = END_OF_SLOT - 1;

/// An account's contents at a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountUpdate {
    pub address: Pubkey,
    pub slot: i64,
    /// Order within the slot; [`END_OF_SLOT`] is the last.
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

    /// Whether it is somebody else's. Anyone can hand an account of their own over to the
    /// program, if all of its bytes are zero; the program's own never begin with zeros.
    pub fn is_foreign(&self) -> bool {
        let mut discriminator = self.data.iter().take(DISCRIMINATOR_LEN);
        self.owner == lottery::ID && self.lamports > 0 && discriminator.all(|byte| *byte == 0)
    }

    /// What orders two updates of one account.
    pub fn order(&self) -> (i64, i64) {
        (self.slot, self.write_version)
    }

    /// An account that is gone.
    pub fn closed(address: Pubkey, slot: i64) -> Self {
        Self {
            address,
            slot,
            write_version: END_OF_SLOT,
            lamports: 0,
            owner: Pubkey::default(),
            data: Vec::new(),
        }
    }
}

/// All accounts of the program at a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub slot: i64,
    pub accounts: Vec<AccountUpdate>,
}

/// A transaction that named the program, with what it called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionUpdate {
    pub signature: Signature,
    pub slot: i64,
    /// Order within the block, where the source knows it.
    pub index: Option<i32>,
    /// Unix seconds, where the source knows it.
    pub block_time: Option<i64>,
    /// `None` on success.
    pub error: Option<TransactionError>,
    /// Lamports.
    pub fee: u64,
    pub compute_units: Option<u64>,
    /// The message's own, then those of lookup tables, writable ones first.
    pub keys: Vec<Pubkey>,
    pub instructions: Vec<Call>,
    /// What they called, by their index; `None` where the source does not tell.
    pub inner: Option<Vec<(u8, Call)>>,
    /// What the last one returned, and which program did.
    pub returned: Option<(Pubkey, Vec<u8>)>,
}

/// An instruction; accounts are positions in the transaction's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub program: u8,
    pub accounts: Vec<u8>,
    pub data: Vec<u8>,
}

/// What became of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SlotStatus {
    /// A block was executed; it may yet be dropped.
    Processed,
    /// Two thirds of the stake voted for it.
    Confirmed,
    /// It cannot be undone.
    Finalized,
    /// It was dropped.
    Dead,
}

impl SlotStatus {
    /// What blocks of a commitment are at least.
    pub fn of(commitment: CommitmentConfig) -> Self {
        match commitment.commitment {
            CommitmentLevel::Processed => Self::Processed,
            CommitmentLevel::Confirmed => Self::Confirmed,
            CommitmentLevel::Finalized => Self::Finalized,
        }
    }
}

/// What a source tells of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotUpdate {
    pub slot: i64,
    /// The slot it builds on, where the source knows it.
    pub parent: Option<i64>,
    pub status: SlotStatus,
}

/// What a source delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A snapshot begins. One that was not completed is forgotten.
    Begin,
    /// Some of the accounts of a snapshot. Each carries the slot it was read at.
    Part(Vec<AccountUpdate>),
    /// All parts were delivered, none of them read before this slot: what was in none
    /// of them is closed, unless it changed since.
    Complete { slot: i64 },
    /// An account changed.
    Account(AccountUpdate),
    /// A transaction was executed.
    Transaction(Box<TransactionUpdate>),
    /// A slot's fate, told after what happened in it.
    Slot(SlotUpdate),
    /// Whatever happened up to `applied` has been delivered; the chain is at `chain`.
    Progress { applied: i64, chain: i64 },
    /// The source may have missed something of these slots, both included. Accounts come
    /// right by the snapshot that follows; transactions have to be looked for.
    Gap { from: i64, to: i64 },
    /// What could not be read, to be kept.
    Undecodable(DeadLetter),
    /// The source had to start over. For people to read.
    Trouble(String),
}

/// Why a source cannot go on for now.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("RPC: {0}")]
    Rpc(#[source] Box<solana_rpc_client_api::client_error::Error>),
    #[error("HTTP: {0}")]
    Http(#[source] reqwest::Error),
    #[error("the node answers with HTTP status {0}")]
    Status(u16),
    #[error("the node refuses {what}: {message} ({code})")]
    Refused {
        what: &'static str,
        code: i64,
        message: String,
    },
    #[error("the node's answer makes no sense: {0}")]
    Answer(String),
    #[error("an answer has more than {0} bytes and cannot be asked for in parts")]
    TooLong(usize),
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error("the WebSocket was silent for {seconds} s while the chain went on to slot {slot}")]
    StreamSilent { seconds: u64, slot: i64 },
    #[error(
        "the WebSocket told of no clock for {seconds} s while the chain went on to slot {slot}: \
         its subscriptions to accounts are dead"
    )]
    AccountsSilent { seconds: u64, slot: i64 },
    #[error(
        "the WebSocket did not tell of {accounts} accounts that a snapshot shows to have changed \
         by slot {slot}"
    )]
    StreamLost { accounts: usize, slot: i64 },
    #[error("no answer within {0} s")]
    Timeout(u64),
    #[error("{0} is no slot")]
    Slot(u64),
    #[error("the node does not know the block of slot {0} yet")]
    NoBlock(i64),
    #[error("account {0} came without its bytes in base64")]
    Encoding(String),
    #[error("the snapshot is of slot {slot}, behind slot {known} that is already stored")]
    Behind { slot: i64, known: i64 },
}

impl SourceError {
    /// Addresses of nodes may have keys in them.
    fn http(error: reqwest::Error) -> Self {
        Self::Http(error.without_url())
    }
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
