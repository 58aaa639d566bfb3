//! The one way to send a transaction: simulate, set the limit, sign once,
//! rebroadcast the same bytes, confirm.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lottery::LotteryError;
use solana_commitment_config::{CommitmentConfig, CommitmentLevel};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::{Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    client_error::Error as RpcError,
    config::{RpcSendTransactionConfig, RpcSimulateTransactionConfig},
};
use solana_signature::Signature;
use solana_signer::{Signer, SignerError};
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;
use tokio::sync::{mpsc, oneshot};

mod blockhash;
mod tracker;

use blockhash::Blockhashes;
use tracker::{Tracked, Tracker};

/// Largest compute limit a transaction may ask for.
const MAX_COMPUTE_UNITS: u32 = 1_400_000;

/// Largest serialized transaction (bytes): one IPv6 packet.
pub const MAX_TRANSACTION_BYTES: usize = 1232;

/// Most log lines kept in an error.
const KEPT_LOGS: usize = 6;

/// What a simulation found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulated {
    pub compute_units: u32,
    /// What the lottery program returned; empty if it returned nothing.
    pub return_data: Vec<u8>,
}

/// A transaction that took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landed {
    pub signature: Signature,
    /// Slot it was processed in.
    pub slot: u64,
}

/// Why a transaction did not take effect, or is not known to have.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the transaction would fail: {}; logs: {}", describe(.error), .logs.join(" | "))]
    Simulation {
        error: TransactionError,
        logs: Vec<String>,
    },
    #[error("transaction {signature} failed: {}", describe(.error))]
    Failed {
        signature: Signature,
        error: TransactionError,
    },
    #[error("transaction {0} expired without effect")]
    Dead(Signature),
    #[error("the transaction has {found} bytes, {MAX_TRANSACTION_BYTES} are allowed")]
    TooLarge { found: usize },
    #[error("signing failed: {0}")]
    Signer(#[from] SignerError),
    #[error("the node did not answer as expected: {0}")]
    Rpc(String),
    #[error("the sender was shut down")]
    Closed,
}

impl SendError {
    /// What the cluster said of the transaction, if it got that far.
    pub fn transaction_error(&self) -> Option<&TransactionError> {
        match self {
            Self::Simulation { error, .. } | Self::Failed { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The program's own error, if that is what refused.
    pub fn lottery_error(&self) -> Option<LotteryError> {
        lottery_error(self.transaction_error()?)
    }
}

impl From<RpcError> for SendError {
    fn from(error: RpcError) -> Self {
        Self::Rpc(error.to_string())
    }
}

/// The program's own error within a transaction's.
pub fn lottery_error(error: &TransactionError) -> Option<LotteryError> {
    match error {
        TransactionError::InstructionError(_, InstructionError::Custom(code)) => {
            LotteryError::from_code(*code)
        }
        _ => None,
    }
}

fn describe(error: &TransactionError) -> String {
    match lottery_error(error) {
        Some(ours) => format!("{ours:?} ({error})"),
        None => error.to_string(),
    }
}

/// How the sender behaves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Compute limit, as a multiple of what the simulation used (percent).
    pub compute_margin_percent: u32,
    /// Pause between two questions for the state of what was sent.
    pub poll: Duration,
    /// Pause between two broadcasts of the same bytes.
    pub rebroadcast: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            compute_margin_percent: 115,
            poll: Duration::from_millis(100),
            rebroadcast: Duration::from_secs(2),
        }
    }
}

/// Sends transactions. Cheap to clone; all clones share one task that follows
/// what was sent, and one blockhash.
#[derive(Clone)]
pub struct Sender {
    rpc: Arc<RpcClient>,
    settings: Settings,
    blockhashes: Arc<Blockhashes>,
    tracked: mpsc::UnboundedSender<Tracked>,
}

impl Sender {
    /// Must be called within a tokio runtime.
    pub fn new(rpc: Arc<RpcClient>) -> Self {
        Self::with_settings(rpc, Settings::default())
    }

    /// Must be called within a tokio runtime.
    pub fn with_settings(rpc: Arc<RpcClient>, settings: Settings) -> Self {
        let (tracked, queue) = mpsc::unbounded_channel();
        tokio::spawn(Tracker::new(rpc.clone(), settings).run(queue));
        Self {
            blockhashes: Arc::new(Blockhashes::new(rpc.clone())),
            rpc,
            settings,
            tracked,
        }
    }

    /// The node that is asked.
    pub fn rpc(&self) -> &RpcClient {
        &self.rpc
    }

    /// Sends one transaction and waits until it is confirmed, has failed or can
    /// no longer take effect. `signers` are those besides the payer.
    pub async fn send(
        &self,
        instructions: &[Instruction],
        payer: &Keypair,
        signers: &[&Keypair],
    ) -> Result<Landed, SendError> {
        let simulated = self.simulate(instructions, &payer.pubkey()).await?;
        self.send_simulated(instructions, &simulated, payer, signers)
            .await
    }

    /// As [`send`](Self::send), for callers that looked at the simulation themselves.
    pub async fn send_simulated(
        &self,
        instructions: &[Instruction],
        simulated: &Simulated,
        payer: &Keypair,
        signers: &[&Keypair],
    ) -> Result<Landed, SendError> {
        let units = u64::from(simulated.compute_units);
        let limit = units * u64::from(self.settings.compute_margin_percent) / 100;
        let limit = u32::try_from(limit)
            .unwrap_or(MAX_COMPUTE_UNITS)
            .min(MAX_COMPUTE_UNITS);
        self.send_with_limit(instructions, limit, payer, signers)
            .await
    }

    /// As [`send`](Self::send), without simulation: for callers that know what
    /// the instructions cost (compute units).
    pub async fn send_with_limit(
        &self,
        instructions: &[Instruction],
        compute_units: u32,
        payer: &Keypair,
        signers: &[&Keypair],
    ) -> Result<Landed, SendError> {
        let recent = self.blockhashes.latest().await?;
        let message = message(instructions, compute_units, &payer.pubkey(), &recent.hash);
        let mut keys: Vec<&Keypair> = vec![payer];
        keys.extend_from_slice(signers);
        let mut transaction = Transaction::new_unsigned(message);
        transaction.try_sign(&keys, recent.hash)?;
        check_size(&transaction)?;
        let signature = *transaction.signatures.first().ok_or(SendError::Closed)?;

        let (verdict, answer) = oneshot::channel();
        // Followed before it is sent: a crash of the send leaves nothing unknown.
        self.tracked
            .send(Tracked {
                transaction,
                signature,
                last_valid_block_height: recent.last_valid_block_height,
                verdict,
            })
            .map_err(|_| SendError::Closed)?;
        answer.await.map_err(|_| SendError::Closed)?
    }

    /// What the instructions would do, or why they would fail.
    pub async fn simulate(
        &self,
        instructions: &[Instruction],
        payer: &Pubkey,
    ) -> Result<Simulated, SendError> {
        let message = message(
            instructions,
            MAX_COMPUTE_UNITS,
            payer,
            &solana_hash::Hash::default(),
        );
        let transaction = Transaction::new_unsigned(message);
        check_size(&transaction)?;
        let result = self
            .rpc
            .simulate_transaction_with_config(
                &transaction,
                RpcSimulateTransactionConfig {
                    sig_verify: false,
                    replace_recent_blockhash: true,
                    commitment: Some(CommitmentConfig::confirmed()),
                    ..Default::default()
                },
            )
            .await?
            .value;
        if let Some(error) = result.err {
            let logs = result.logs.unwrap_or_default();
            let skipped = logs.len().saturating_sub(KEPT_LOGS);
            return Err(SendError::Simulation {
                error: error.into(),
                logs: logs.into_iter().skip(skipped).collect(),
            });
        }
        let units = result.units_consumed.unwrap_or(MAX_COMPUTE_UNITS.into());
        let returned = result
            .return_data
            .filter(|returned| returned.program_id == lottery::ID.to_string())
            .map(|returned| {
                let data = STANDARD.decode(returned.data.0);
                data.map_err(|_| SendError::Rpc("return data that are no base64".into()))
            });
        Ok(Simulated {
            compute_units: u32::try_from(units).unwrap_or(MAX_COMPUTE_UNITS),
            return_data: returned.transpose()?.unwrap_or_default(),
        })
    }
}

fn message(
    instructions: &[Instruction],
    compute_units: u32,
    payer: &Pubkey,
    blockhash: &solana_hash::Hash,
) -> Message {
    let mut all = Vec::with_capacity(instructions.len() + 1);
    all.push(ComputeBudgetInstruction::set_compute_unit_limit(
        compute_units,
    ));
    all.extend_from_slice(instructions);
    Message::new_with_blockhash(&all, Some(payer), blockhash)
}

fn check_size(transaction: &Transaction) -> Result<(), SendError> {
    let found = wire_size(transaction);
    if found > MAX_TRANSACTION_BYTES {
        return Err(SendError::TooLarge { found });
    }
    Ok(())
}

/// Bytes of a legacy transaction on the wire.
fn wire_size(transaction: &Transaction) -> usize {
    // Fewer than 128 signatures, so their count takes one byte.
    1 + 64 * usize::from(transaction.message.header.num_required_signatures)
        + transaction.message_data().len()
}

/// How many bytes a transaction of these instructions takes, or `None` when it
/// cannot be built: for callers that pack as many as fit.
pub fn packed_size(instructions: &[Instruction], payer: &Pubkey) -> usize {
    wire_size(&Transaction::new_unsigned(message(
        instructions,
        MAX_COMPUTE_UNITS,
        payer,
        &solana_hash::Hash::default(),
    )))
}

/// What every broadcast asks for: no simulation (that was done), no retries by
/// the node (those are ours).
fn send_config() -> RpcSendTransactionConfig {
    RpcSendTransactionConfig {
        skip_preflight: true,
        preflight_commitment: Some(CommitmentLevel::Confirmed),
        max_retries: Some(0),
        ..Default::default()
    }
}
