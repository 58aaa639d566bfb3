//! The one way to send a transaction: simulate, set its limits and its price, sign
//! once, write it down, send it to every node, send the same bytes again, and say what
//! became of it. Only what is proven dead is signed anew.

use std::sync::Arc;

use solana_commitment_config::CommitmentLevel;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::config::RpcSendTransactionConfig;
use solana_signature::Signature;
use solana_signer::Signer as _;
use solana_transaction_status_client_types::UiTransactionEncoding;
use tokio::sync::{mpsc, oneshot};

mod blockhash;
mod confirmations;
mod error;
mod fate;
pub mod fees;
pub mod journal;
mod message;
mod settings;
mod simulation;
mod tables;
mod tracker;

pub use error::{SendError, lottery_error};
pub use message::{Format, Limits, MAX_COMPUTE_UNITS, MAX_TRANSACTION_BYTES, packed_size};
pub use settings::Settings;
pub use simulation::{Basis, Simulated};
pub use tables::{TableError, load_tables};

use crate::rpc::Pool;
use blockhash::Blockhashes;
use fees::{FeeSettings, Fees, Urgency};
use journal::{End, Journal, Signed};
use tracker::{Tracked, Tracker};

/// What the cluster takes for each signature (lamports).
pub const SIGNATURE_FEE: u64 = 5_000;

/// Accounts are paid for in pages of so many bytes.
const PAGE: u32 = 32 * 1024;

/// Pages that accounts may grow by between simulation and execution.
const SPARE_PAGES: u32 = 2;

/// What a transaction may cost more than its simulation (compute units): instructions
/// that set its price and bound what it loads, 150 each. Of a crank that costs a thousand
/// the margin would not cover them.
const BUDGET_INSTRUCTIONS: u64 = 2 * 150;

/// A transaction that took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landed {
    pub signature: Signature,
    /// Slot it was processed in.
    pub slot: u64,
}

/// What a transaction will ask for and cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    pub limits: Limits,
    /// For its signatures and its priority (lamports).
    pub fee: u64,
}

/// What a sender is made of.
pub struct Parts {
    pub pool: Arc<Pool>,
    pub settings: Settings,
    pub fees: FeeSettings,
    pub format: Format,
    pub journal: Option<Arc<dyn Journal>>,
}

impl Parts {
    /// The usual ones.
    pub fn of(pool: Arc<Pool>) -> Self {
        Self {
            pool,
            settings: Settings::default(),
            fees: FeeSettings::default(),
            format: Format::default(),
            journal: None,
        }
    }
}

/// Sends transactions. Cheap to clone; all clones share one task that follows
/// what was sent, and one blockhash.
#[derive(Clone)]
pub struct Sender {
    pool: Arc<Pool>,
    rpc: Arc<RpcClient>,
    settings: Settings,
    format: Format,
    fees: Arc<Fees>,
    blockhashes: Arc<Blockhashes>,
    journal: Option<Arc<dyn Journal>>,
    tracked: mpsc::UnboundedSender<Tracked>,
}

impl Sender {
    /// Must be called within a tokio runtime.
    pub fn new(pool: Arc<Pool>) -> Self {
        Self::from_parts(Parts::of(pool))
    }

    /// Must be called within a tokio runtime.
    pub fn from_parts(parts: Parts) -> Self {
        let (tracked, queue) = mpsc::unbounded_channel();
        let (pool, journal) = (parts.pool, parts.journal);
        tokio::spawn(Tracker::run(
            pool.clone(),
            parts.settings,
            journal.clone(),
            queue,
        ));
        Self {
            rpc: Arc::new(pool.client()),
            settings: parts.settings,
            format: parts.format,
            fees: Arc::new(Fees::new(pool.clone(), parts.fees)),
            blockhashes: Arc::new(Blockhashes::new(pool.clone())),
            pool,
            journal,
            tracked,
        }
    }

    /// A client of the nodes that are asked.
    pub fn rpc(&self) -> &RpcClient {
        &self.rpc
    }

    /// The nodes.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// How transactions are written.
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// Sends one transaction and waits until it is confirmed or has failed; one that
    /// expires provably without effect is simulated and signed again. `signers` are
    /// those besides the payer.
    pub async fn send(
        &self,
        instructions: &[Instruction],
        payer: &Keypair,
        signers: &[&Keypair],
    ) -> Result<Landed, SendError> {
        let mut deaths = 0;
        loop {
            let urgency = Urgency {
                deaths,
                ..Urgency::default()
            };
            let address = payer.pubkey();
            let basis = Basis::Confirmed;
            let prepared = self.prepare(instructions, &address, signers.len(), urgency, basis);
            let (_, quote) = prepared.await?;
            let sent = self.send_quoted(instructions, &quote, payer, signers, "");
            match sent.await {
                Err(SendError::Dead(signature)) if deaths + 1 < self.settings.attempts => {
                    deaths += 1;
                    tracing::warn!(%signature, deaths, "expired without effect; signed anew");
                }
                end => return end,
            }
        }
    }

    /// What the instructions would do, and what their transaction should ask for and
    /// pay, urgent as it is. `cosigners` are those besides the payer.
    pub async fn prepare(
        &self,
        instructions: &[Instruction],
        payer: &Pubkey,
        cosigners: usize,
        urgency: Urgency,
        basis: Basis,
    ) -> Result<(Simulated, Quote), SendError> {
        let (simulated, recent) = tokio::join!(
            self.simulate(instructions, payer, basis),
            self.fees.recent(fees::written(instructions)),
        );
        let simulated = simulated?;
        let quote = self.quote(&simulated, &recent, urgency, 1 + cosigners);
        Ok((simulated, quote))
    }

    fn quote(
        &self,
        simulated: &Simulated,
        recent: &[u64],
        urgency: Urgency,
        signatures: usize,
    ) -> Quote {
        let units = u64::from(simulated.compute_units);
        let units = units * u64::from(self.settings.compute_margin_percent) / 100;
        let units = units + BUDGET_INSTRUCTIONS;
        let compute_units = u32::try_from(units)
            .unwrap_or(MAX_COMPUTE_UNITS)
            .min(MAX_COMPUTE_UNITS);
        let loaded_bytes = simulated
            .loaded_bytes
            .map(|bytes| (bytes.div_ceil(PAGE) + SPARE_PAGES).saturating_mul(PAGE));
        let limits = Limits {
            compute_units,
            loaded_bytes,
            micro_lamports: fees::price(recent, self.fees.settings(), urgency, compute_units),
        };
        Quote {
            limits,
            fee: limits.priority_fee() + SIGNATURE_FEE * u64::try_from(signatures).unwrap_or(1),
        }
    }

    /// As [`send`](Self::send), without simulation and priority: for callers that know
    /// what the instructions cost (compute units).
    pub async fn send_with_limit(
        &self,
        instructions: &[Instruction],
        compute_units: u32,
        payer: &Keypair,
        signers: &[&Keypair],
    ) -> Result<Landed, SendError> {
        let limits = Limits {
            compute_units,
            loaded_bytes: None,
            micro_lamports: 0,
        };
        let quote = Quote { limits, fee: 0 };
        self.send_quoted(instructions, &quote, payer, signers, "")
            .await
    }

    /// Sends one transaction as it was priced, once, and waits for its end. `intent` is
    /// what the journal keeps of its purpose (JSON, or nothing).
    pub async fn send_quoted(
        &self,
        instructions: &[Instruction],
        quote: &Quote,
        payer: &Keypair,
        signers: &[&Keypair],
        intent: &str,
    ) -> Result<Landed, SendError> {
        self.send_heralded(instructions, quote, payer, signers, intent, None)
            .await
    }

    /// As [`send_quoted`](Self::send_quoted); tells `herald` the slot in which it took
    /// effect as soon as some node has processed it, so that what builds on it need not
    /// wait for its confirmation. Nothing is told of one that fails.
    pub async fn send_heralded(
        &self,
        instructions: &[Instruction],
        quote: &Quote,
        payer: &Keypair,
        signers: &[&Keypair],
        intent: &str,
        herald: Option<oneshot::Sender<u64>>,
    ) -> Result<Landed, SendError> {
        let recent = self.blockhashes.latest().await?;
        let message =
            self.format
                .message(instructions, quote.limits, &payer.pubkey(), &recent.hash)?;
        let mut keys: Vec<&Keypair> = vec![payer];
        keys.extend_from_slice(signers);
        let sealed = message::seal(&message, &keys)?;
        let signed = Signed {
            signature: sealed.signature,
            transaction: sealed.bytes,
            last_valid_block_height: recent.last_valid_block_height,
            intent: intent.to_owned(),
        };
        if let Some(journal) = &self.journal
            && let Err(error) = journal.signed(&signed).await
        {
            // Perhaps it is written down all the same; but nobody has it.
            journal.ended(&signed.signature, &End::Dead).await;
            return Err(error.into());
        }
        let end = self.follow(signed, herald).await;
        if matches!(end, Err(SendError::Dead(_))) {
            self.blockhashes.discard(&recent).await;
        }
        end
    }

    /// Sends what was signed before, and waits for its end.
    pub async fn resume(&self, signed: Signed) -> Result<Landed, SendError> {
        self.follow(signed, None).await
    }

    async fn follow(
        &self,
        signed: Signed,
        herald: Option<oneshot::Sender<u64>>,
    ) -> Result<Landed, SendError> {
        let (verdict, answer) = oneshot::channel();
        let tracked = Tracked {
            signed,
            verdict,
            herald,
        };
        // Followed before it is sent: a crash of the send leaves nothing unknown.
        self.tracked.send(tracked).map_err(|_| SendError::Closed)?;
        answer.await.map_err(|_| SendError::Closed)?
    }
}

/// What every broadcast asks for: no simulation (that was done), no retries by
/// the node (those are ours).
fn send_config() -> RpcSendTransactionConfig {
    RpcSendTransactionConfig {
        skip_preflight: true,
        preflight_commitment: Some(CommitmentLevel::Confirmed),
        encoding: Some(UiTransactionEncoding::Base64),
        max_retries: Some(0),
        ..Default::default()
    }
}
