//! The one way to send a transaction: simulate, set the limit, sign once,
//! rebroadcast the same bytes, confirm.

use std::sync::Arc;

use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;

/// A transaction that took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    pub signature: Signature,
    /// Slot it was processed in.
    pub slot: u64,
}

/// Why a transaction did not take effect, or is not known to have.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the transaction would fail: {error}; last log lines: {logs:?}")]
    Simulation {
        error: TransactionError,
        logs: Vec<String>,
    },
    #[error("transaction {signature} failed: {error}")]
    Failed {
        signature: Signature,
        error: TransactionError,
    },
    #[error("transaction {0} expired without effect")]
    Dead(Signature),
    #[error("the node did not answer: {0}")]
    Rpc(String),
}

impl SendError {
    /// The program's own error, if that is what refused.
    pub fn lottery_error(&self) -> Option<lottery::LotteryError> {
        None
    }
}

/// Sends transactions. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    pub rpc: Arc<RpcClient>,
}

impl Sender {
    pub fn new(rpc: Arc<RpcClient>) -> Self {
        Self { rpc }
    }

    /// Sends one transaction and waits until it is confirmed.
    pub async fn send(
        &self,
        _instructions: &[Instruction],
        _payer: &Keypair,
        _signers: &[&Keypair],
    ) -> Result<Landed, SendError> {
        Err(SendError::Rpc("under construction".into()))
    }
}
