//! Sending transactions until they land. The clusters are ours, so this is much
//! simpler than what the lottery's clients do against the public ones.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use solana_commitment_config::CommitmentConfig;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    client_error::{Error as RpcError, ErrorKind},
    config::RpcSendTransactionConfig,
    request::{RpcError as RequestError, RpcResponseErrorData},
};
use solana_signature::Signature;
use solana_signer::Signer as _;
use solana_system_interface::instruction::transfer;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

use crate::{LocalnetError, Result};

/// How often a status is asked for.
const POLL: Duration = Duration::from_millis(100);
/// How often an unseen transaction is sent again.
const RESEND: Duration = Duration::from_secs(2);
/// Transfers that fit one transaction: 32 bytes of address and 17 of instruction each.
const TRANSFERS: usize = 20;
/// Transactions in flight at once.
const IN_FLIGHT: usize = 32;
/// Compute units of a transaction of transfers: 150 for each instruction, and some.
const TRANSFERS_UNITS: u32 = 5_000;

/// Sends for one payer.
pub(crate) struct Transactor<'a> {
    pub rpc: &'a RpcClient,
    pub payer: &'a Keypair,
    pub patience: Duration,
}

impl Transactor<'_> {
    /// Lands a transaction, signing it anew whenever its blockhash has expired.
    pub async fn send(
        &self,
        instructions: &[Instruction],
        others: &[&Keypair],
    ) -> Result<Signature> {
        let deadline = Instant::now() + self.patience;
        let message = Message::new(instructions, Some(&self.payer.pubkey()));
        let signers: Vec<_> = [self.payer]
            .into_iter()
            .chain(others.iter().copied())
            .collect();
        while Instant::now() < deadline {
            let (blockhash, last_height) = self
                .rpc
                .get_latest_blockhash_with_commitment(CommitmentConfig::confirmed())
                .await
                .map_err(LocalnetError::rpc("asked for a blockhash"))?;
            let mut transaction = Transaction::new_unsigned(message.clone());
            transaction.try_sign(&signers, blockhash)?;
            if let Some(signature) = self.land(&transaction, last_height, deadline).await? {
                return Ok(signature);
            }
        }
        Err(LocalnetError::NotLanded(self.patience))
    }

    /// Sends one signed transaction until it is confirmed; none where its blockhash
    /// expired first.
    async fn land(
        &self,
        transaction: &Transaction,
        last_height: u64,
        deadline: Instant,
    ) -> Result<Option<Signature>> {
        let Some(signature) = transaction.signatures.first().copied() else {
            return Ok(None);
        };
        if let Err(error) = self.submit(transaction, false).await {
            match refusal(&error) {
                // The node that simulates may lag behind the one that gave the blockhash.
                Some((TransactionError::BlockhashNotFound, _)) => {
                    tokio::time::sleep(POLL).await;
                    return Ok(None);
                }
                Some((TransactionError::AlreadyProcessed, _)) => {}
                Some((error, logs)) => return Err(LocalnetError::Transaction { error, logs }),
                None => tracing::debug!(%error, "sending failed and is repeated"),
            }
        }
        let mut sent = Instant::now();
        loop {
            if self.confirmed(&signature).await? {
                return Ok(Some(signature));
            }
            if Instant::now() > deadline {
                return Err(LocalnetError::NotLanded(self.patience));
            }
            if sent.elapsed() > RESEND {
                let height = self
                    .rpc
                    .get_block_height_with_commitment(CommitmentConfig::confirmed())
                    .await
                    .map_err(LocalnetError::rpc("asked for the block height"))?;
                if height > last_height {
                    let landed = self.confirmed(&signature).await?;
                    return Ok(landed.then_some(signature));
                }
                // Refused if it has landed meanwhile, which the status will show.
                let _ = self.submit(transaction, true).await;
                sent = Instant::now();
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn submit(
        &self,
        transaction: &Transaction,
        skip_preflight: bool,
    ) -> Result<Signature, RpcError> {
        let config = RpcSendTransactionConfig {
            skip_preflight,
            preflight_commitment: Some(CommitmentConfig::confirmed().commitment),
            ..RpcSendTransactionConfig::default()
        };
        self.rpc
            .send_transaction_with_config(transaction, config)
            .await
    }

    /// Whether it is confirmed; an error where it landed and failed.
    async fn confirmed(&self, signature: &Signature) -> Result<bool> {
        let statuses = self
            .rpc
            .get_signature_statuses(&[*signature])
            .await
            .map_err(LocalnetError::rpc("asked for a signature's status"))?;
        let Some(status) = statuses.value.into_iter().flatten().next() else {
            return Ok(false);
        };
        let confirmed = status.satisfies_commitment(CommitmentConfig::confirmed());
        match status.err {
            Some(error) => Err(LocalnetError::Transaction {
                error,
                logs: Vec::new(),
            }),
            None => Ok(confirmed),
        }
    }

    /// Has the faucet send lamports, and waits until they are there.
    pub async fn airdrop(&self, pubkey: &Pubkey, lamports: u64) -> Result<()> {
        let before = self.balance(pubkey).await?;
        let enough = before.saturating_add(lamports);
        let signature = self
            .rpc
            .request_airdrop(pubkey, lamports)
            .await
            .map_err(LocalnetError::rpc("asked for an airdrop"))?;
        let deadline = Instant::now() + self.patience;
        while Instant::now() < deadline {
            if self.confirmed(&signature).await? || self.balance(pubkey).await? >= enough {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        Err(LocalnetError::NoAirdrop {
            pubkey: *pubkey,
            waited: self.patience,
        })
    }

    async fn balance(&self, pubkey: &Pubkey) -> Result<u64> {
        self.rpc
            .get_balance(pubkey)
            .await
            .map_err(LocalnetError::rpc("asked for a balance"))
    }

    /// Sends lamports from the payer to each, many transactions at a time.
    pub async fn fund(&self, recipients: &[Pubkey], lamports: u64) -> Result<()> {
        self.afford(recipients.len(), lamports).await?;
        let batches = recipients.chunks(TRANSFERS).map(|batch| {
            let payer = self.payer.pubkey();
            let transfers = batch.iter().map(|to| transfer(&payer, to, lamports));
            let instructions: Vec<_> = [unique()].into_iter().chain(transfers).collect();
            async move { self.send(&instructions, &[]).await.map(drop) }
        });
        stream::iter(batches)
            .buffer_unordered(IN_FLIGHT)
            .try_collect()
            .await
    }

    /// Has the payer filled up where it cannot pay so much.
    async fn afford(&self, recipients: usize, lamports: u64) -> Result<()> {
        let fees = 10_000 * recipients as u64;
        let need = lamports
            .checked_mul(recipients as u64)
            .and_then(|sum| sum.checked_add(fees))
            .and_then(|sum| sum.checked_add(crate::localnet::SPARE))
            .ok_or(LocalnetError::TooMuch)?;
        let have = self.balance(&self.payer.pubkey()).await?;
        match need.checked_sub(have) {
            Some(missing) if missing > 0 => self.airdrop(&self.payer.pubkey(), missing).await,
            _ => Ok(()),
        }
    }
}

/// A compute limit no other recent transaction has: the same transfers under the same
/// blockhash would otherwise be one transaction, and be made once.
fn unique() -> Instruction {
    static NTH: AtomicU32 = AtomicU32::new(0);
    let nth = NTH.fetch_add(1, Ordering::Relaxed) % 1_000_000;
    ComputeBudgetInstruction::set_compute_unit_limit(TRANSFERS_UNITS + nth)
}

/// Why a node refused a transaction, where that is what it said.
fn refusal(error: &RpcError) -> Option<(TransactionError, Vec<String>)> {
    let reason = error.get_transaction_error()?;
    let logs = match error.kind() {
        ErrorKind::RpcError(RequestError::RpcResponseError {
            data: RpcResponseErrorData::SendTransactionPreflightFailure(simulated),
            ..
        }) => simulated.logs.clone().unwrap_or_default(),
        _ => Vec::new(),
    };
    Some((reason, logs))
}
