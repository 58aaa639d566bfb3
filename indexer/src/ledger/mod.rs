//! The ledger: every transaction that named the program. Polled by signature,
//! oldest first from where it stopped, beside the accounts and never in their
//! way. It also fills in what the account stream missed of draws, games and entries.

mod batch;
pub mod decode;
mod effects;
pub mod event;
mod instruction;
mod json;
pub mod replay;
mod rows;
mod wire;

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, TryStreamExt, stream};
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::{
    nonblocking::rpc_client::RpcClient, rpc_client::GetConfirmedSignaturesForAddress2Config,
};
use solana_rpc_client_api::{
    client_error::{Error as ClientError, ErrorKind},
    config::RpcTransactionConfig,
    custom_error::JSON_RPC_SERVER_ERROR_FILTER_TRANSACTION_NOT_FOUND,
    request::{RpcError, RpcRequest},
    response::RpcConfirmedTransactionStatusWithSignature,
};
use solana_signature::Signature;
use solana_transaction_status_client_types::{
    EncodedConfirmedTransactionWithStatusMeta, UiTransactionEncoding,
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{
    error::{LedgerError, redact},
    source::SourceError,
    store::{
        dead_letters::{self, DeadLetter, LetterKind},
        events::{self, EventRow},
        instructions::{self, InstructionRow},
        payments::{self, PaymentRow},
        transactions::{self, TransactionRow},
    },
};
use decode::Decoded;
use effects::Effects;

/// Most signatures a node gives at once.
const PAGE: usize = 1_000;

/// Transactions written in one database transaction.
const CHUNK: usize = 100;

/// Transactions asked for at the same time.
const CONCURRENCY: usize = 8;

/// How often a transaction that the node lists but does not have is asked for
/// before it is set aside; nodes list signatures slightly before they serve them.
const ATTEMPTS: u32 = 20;

/// Where the ledger reads from.
pub struct Ledger {
    rpc: Arc<RpcClient>,
    pool: PgPool,
    commitment: CommitmentConfig,
    interval: Duration,
}

/// What a chunk of transactions adds to the tables, by signature.
#[derive(Default)]
struct Rows {
    instructions: Vec<InstructionRow>,
    events: Vec<EventRow>,
    payments: Vec<PaymentRow>,
    transactions: Vec<TransactionRow>,
}

/// A transaction as far as the node gave it.
enum Fetched {
    Decoded(Box<Decoded>),
    Unreadable(DeadLetter),
    /// Listed, but not served yet.
    Missing,
}

impl Ledger {
    /// `interval` is the pause between two looks.
    pub fn new(
        rpc: Arc<RpcClient>,
        pool: PgPool,
        commitment: CommitmentConfig,
        interval: Duration,
    ) -> Self {
        Self {
            rpc,
            pool,
            commitment,
            interval,
        }
    }

    /// Reads until `stop`, trying again after failures.
    pub async fn run(self, stop: CancellationToken) {
        let mut misses = 0;
        loop {
            match self.catch_up(misses >= ATTEMPTS).await {
                Ok(true) => misses = 0,
                Ok(false) => misses += 1,
                Err(error) => {
                    let error = redact(&error.to_string());
                    tracing::warn!(error, "the ledger failed; will try again");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.interval) => {}
            }
        }
    }

    /// Reads up to the newest transaction; `false` when one was not served yet.
    /// With `give_up` such a one is set aside instead.
    ///
    /// # Errors
    /// When the node or the database fails.
    pub async fn catch_up(&self, give_up: bool) -> Result<bool, LedgerError> {
        let signatures = self.new_signatures().await?;
        for chunk in signatures.chunks(CHUNK) {
            let fetched: Vec<Fetched> = stream::iter(chunk.to_vec())
                .map(|info| async move { self.fetch(&info, give_up).await })
                .buffered(CONCURRENCY)
                .try_collect()
                .await?;
            if !self.store(chunk, fetched).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Signatures since the cursor, oldest first.
    async fn new_signatures(
        &self,
    ) -> Result<Vec<RpcConfirmedTransactionStatusWithSignature>, LedgerError> {
        let Some(cursor) = transactions::cursor(&self.pool).await? else {
            return self.signatures(None, 0).await;
        };
        match self
            .signatures(Some(signature(&cursor.signature)?), 0)
            .await
        {
            Err(LedgerError::Rpc(error)) if is_unknown_signature(&error) => {
                // The node has forgotten it, as nodes do after a while. What it
                // still has from that slot on is read, known ones once more.
                let slot = cursor.slot;
                tracing::warn!(slot, "the node no longer knows where the ledger stands");
                self.signatures(None, u64::try_from(slot).unwrap_or_default())
                    .await
            }
            read => read,
        }
    }

    /// Signatures after `until` and from slot `from` on, oldest first.
    async fn signatures(
        &self,
        until: Option<Signature>,
        from: u64,
    ) -> Result<Vec<RpcConfirmedTransactionStatusWithSignature>, LedgerError> {
        let mut before = None;
        let mut all = Vec::new();
        loop {
            let mut page = self
                .rpc
                .get_signatures_for_address_with_config(
                    &lottery::ID,
                    GetConfirmedSignaturesForAddress2Config {
                        before,
                        until,
                        limit: Some(PAGE),
                        commitment: Some(self.commitment),
                    },
                )
                .await?;
            page.retain(|info| info.slot >= from);
            // A page cut short by `from` is the last one, too.
            let more = page.len() >= PAGE;
            if let Some(last) = page.last() {
                before = Some(signature(&last.signature)?);
            }
            all.extend(page);
            if !more {
                break;
            }
        }
        all.reverse();
        Ok(all)
    }

    async fn fetch(
        &self,
        info: &RpcConfirmedTransactionStatusWithSignature,
        give_up: bool,
    ) -> Result<Fetched, LedgerError> {
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(self.commitment),
            max_supported_transaction_version: Some(1),
        };
        let letter = |bytes: Vec<u8>, reason: String| {
            Ok::<_, LedgerError>(DeadLetter {
                kind: LetterKind::Transaction,
                key: info.signature.clone(),
                slot: slot(info.slot)?,
                lamports: None,
                owner: None,
                bytes,
                reason,
            })
        };
        let answer: Option<EncodedConfirmedTransactionWithStatusMeta> = self
            .rpc
            .send(
                RpcRequest::GetTransaction,
                serde_json::json!([info.signature, config]),
            )
            .await?;
        let Some(transaction) = answer else {
            return Ok(if give_up {
                Fetched::Unreadable(letter(
                    Vec::new(),
                    "the node lists this transaction but does not serve it".to_owned(),
                )?)
            } else {
                Fetched::Missing
            });
        };
        Ok(match decode::decode(&info.signature, &transaction) {
            Ok(decoded) => Fetched::Decoded(Box::new(decoded)),
            Err(error) => Fetched::Unreadable(letter(
                serde_json::to_vec(&transaction).unwrap_or_default(),
                error.to_string(),
            )?),
        })
    }

    /// Writes the transactions up to the first that is missing, and the cursor
    /// with them.
    async fn store(
        &self,
        chunk: &[RpcConfirmedTransactionStatusWithSignature],
        fetched: Vec<Fetched>,
    ) -> Result<bool, LedgerError> {
        let mut decoded = Vec::new();
        let mut letters = Vec::new();
        let mut last = None;
        let mut whole = true;
        for (info, fetched) in chunk.iter().zip(fetched) {
            match fetched {
                Fetched::Missing => {
                    whole = false;
                    break;
                }
                Fetched::Unreadable(letter) => letters.push(letter),
                Fetched::Decoded(transaction) => decoded.push(*transaction),
            }
            last = Some(info);
        }
        let mut transaction = self.pool.begin().await?;
        let mut effects = Effects::default();
        for decoded in &decoded {
            effects.add(decoded);
        }
        effects.write(&mut transaction).await?;
        decoded.sort_by(|a, b| a.row.signature.cmp(&b.row.signature));
        let mut rows = Rows::default();
        for decoded in decoded {
            rows.instructions.extend(decoded.instructions);
            rows.events.extend(decoded.events);
            rows.payments.extend(decoded.payments);
            rows.transactions.push(decoded.row);
            letters.extend(decoded.letters);
        }
        instructions::insert(&mut transaction, &rows.instructions).await?;
        events::insert(&mut transaction, &rows.events).await?;
        payments::insert(&mut transaction, &rows.payments).await?;
        transactions::insert(&mut transaction, &rows.transactions).await?;
        for letter in &letters {
            dead_letters::insert(&mut transaction, letter).await?;
        }
        if let Some(last) = last {
            transactions::advance(&mut transaction, &last.signature, slot(last.slot)?).await?;
        }
        transaction.commit().await?;
        let count = rows.transactions.len();
        if count > 0 {
            tracing::debug!(transactions = count, "ledger written");
        }
        if !letters.is_empty() {
            tracing::warn!(count = letters.len(), "parts of the ledger set aside");
        }
        Ok(whole)
    }
}

/// Slot of the newest transaction that named the program.
///
/// # Errors
/// When the node does not answer, or not as asked.
pub async fn newest_transaction(
    rpc: &RpcClient,
    commitment: CommitmentConfig,
) -> Result<Option<i64>, SourceError> {
    let newest = rpc
        .get_signatures_for_address_with_config(
            &lottery::ID,
            GetConfirmedSignaturesForAddress2Config {
                before: None,
                until: None,
                limit: Some(1),
                commitment: Some(commitment),
            },
        )
        .await?;
    newest
        .first()
        .map(|info| i64::try_from(info.slot).map_err(|_| SourceError::Slot(info.slot)))
        .transpose()
}

/// Whether the node refused because it does not have the signature that was to
/// be read from.
fn is_unknown_signature(error: &ClientError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::RpcError(RpcError::RpcResponseError { code, .. })
            if *code == JSON_RPC_SERVER_ERROR_FILTER_TRANSACTION_NOT_FOUND
    )
}

fn signature(text: &str) -> Result<Signature, LedgerError> {
    text.parse()
        .map_err(|_| LedgerError::Signature(text.to_owned()))
}

fn slot(slot: u64) -> Result<i64, LedgerError> {
    i64::try_from(slot).map_err(|_| LedgerError::Slot(slot))
}
