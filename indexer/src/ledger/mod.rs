//! The ledger: every transaction that named the program, listed by signature and read
//! oldest first from where it stopped. It is complete whatever streams lose: they only
//! bring transactions sooner. It also fills in what the accounts' source missed of
//! draws, games and entries.

mod batch;
pub mod decode;
mod effects;
pub mod encoded;
pub mod event;
mod instruction;
mod json;
mod node;
pub mod replay;
mod rows;
mod wire;
pub mod write;

use std::{collections::HashSet, ops::RangeInclusive, sync::Arc, time::Duration};

use futures_util::{StreamExt, TryStreamExt, stream};
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::{
    nonblocking::rpc_client::RpcClient, rpc_client::GetConfirmedSignaturesForAddress2Config,
};
use solana_rpc_client_api::response::RpcConfirmedTransactionStatusWithSignature;
use solana_signature::Signature;
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    error::{LedgerError, redact},
    source::TransactionUpdate,
    store::{
        dead_letters::{DeadLetter, LetterKind},
        transactions::{self, Cursor},
    },
};

pub use node::{fetch, newest_transaction};
use node::{is_unknown_signature, signature, slot};

/// Most signatures a node gives at once.
const PAGE: usize = 1_000;

/// Transactions written in one database transaction.
pub const CHUNK: usize = 1_000;

/// Transactions asked for at the same time.
const CONCURRENCY: usize = 16;

/// How often a transaction that the node lists but does not have is asked for
/// before it is set aside; nodes list signatures slightly before they serve them.
const ATTEMPTS: u32 = 20;

/// Where the ledger reads from, and to whom it hands over what it read.
pub struct Ledger {
    rpc: Arc<RpcClient>,
    pool: PgPool,
    writer: mpsc::Sender<Chunk>,
    commitment: CommitmentConfig,
    interval: Duration,
}

/// Transactions to be written together, oldest first.
#[derive(Debug)]
pub struct Chunk {
    pub transactions: Vec<TransactionUpdate>,
    /// What could not be read.
    pub letters: Vec<DeadLetter>,
    /// Where the ledger stands afterwards.
    pub cursor: Option<Cursor>,
    /// Told when it is in the tables.
    pub done: oneshot::Sender<()>,
}

/// A transaction as far as the node gave it.
enum Fetched {
    Read(Box<TransactionUpdate>),
    Unreadable(DeadLetter),
    /// Listed, but not served yet.
    Missing,
    /// In the table already.
    Known,
}

type Listed = RpcConfirmedTransactionStatusWithSignature;

impl Ledger {
    /// `interval` is the pause between two looks.
    pub fn new(
        rpc: Arc<RpcClient>,
        pool: PgPool,
        writer: mpsc::Sender<Chunk>,
        commitment: CommitmentConfig,
        interval: Duration,
    ) -> Self {
        Self {
            rpc,
            pool,
            writer,
            commitment,
            interval,
        }
    }

    /// Reads until `stop`, trying again after failures.
    pub async fn run(self, stop: CancellationToken) {
        let mut misses = 0;
        loop {
            let caught_up = tokio::select! {
                () = stop.cancelled() => return,
                caught_up = self.catch_up(misses >= ATTEMPTS) => caught_up,
            };
            match caught_up {
                Ok(true) => misses = 0,
                Ok(false) => misses += 1,
                Err(LedgerError::Deaf) => return,
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
        let Some(cursor) = transactions::cursor(&self.pool).await? else {
            return self.read(None, 0..=u64::MAX, give_up).await;
        };
        match self
            .read(Some(signature(&cursor.signature)?), 0..=u64::MAX, give_up)
            .await
        {
            Err(LedgerError::Rpc(error)) if is_unknown_signature(&error) => {
                // The node has forgotten it, as nodes do after a while. What it
                // still has from that slot on is read.
                let slot = cursor.slot;
                tracing::warn!(slot, "the node no longer knows where the ledger stands");
                let from = u64::try_from(slot).unwrap_or_default();
                self.read(None, from..=u64::MAX, give_up).await
            }
            read => read,
        }
    }

    /// Reads the transactions of these slots, oldest first.
    ///
    /// # Errors
    /// When the node or the database fails, or the node does not serve one of them.
    pub async fn read_slots(&self, slots: RangeInclusive<u64>) -> Result<(), LedgerError> {
        for attempt in 0..ATTEMPTS {
            let give_up = attempt.saturating_add(1) == ATTEMPTS;
            if self.read(None, slots.clone(), give_up).await? {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Ok(())
    }

    /// Reads the transactions after `until` and of these slots, oldest first.
    ///
    /// Nodes list newest first. Only where each page begins is remembered, and the pages
    /// are asked for once more: a history of years takes no more memory than a day's.
    async fn read(
        &self,
        until: Option<Signature>,
        slots: RangeInclusive<u64>,
        give_up: bool,
    ) -> Result<bool, LedgerError> {
        let from = *slots.start();
        let newest = self.page(None, until, from).await?;
        let mut begins = Vec::new();
        let mut page = newest.clone();
        while page.len() >= PAGE
            && let Some(last) = page.last()
        {
            let begin = signature(&last.signature)?;
            if begins.last() == Some(&begin) {
                return Err(LedgerError::Page(begin));
            }
            begins.push(begin);
            page = self.page(Some(begin), until, from).await?;
        }
        // The oldest page is at hand, if there is more than one.
        while begins.pop().is_some() {
            if !self.take(page, &slots, give_up).await? {
                return Ok(false);
            }
            let Some(begin) = begins.last() else { break };
            page = self.page(Some(*begin), until, from).await?;
        }
        // Asked for once more, the newest would no longer end where the next one begins.
        self.take(newest, &slots, give_up).await
    }

    /// At most [`PAGE`] signatures before one and after `until`, newest first.
    async fn page(
        &self,
        before: Option<Signature>,
        until: Option<Signature>,
        from: u64,
    ) -> Result<Vec<Listed>, LedgerError> {
        let config = GetConfirmedSignaturesForAddress2Config {
            before,
            until,
            limit: Some(PAGE),
            commitment: Some(self.commitment),
        };
        let mut page = self
            .rpc
            .get_signatures_for_address_with_config(&lottery::ID, config)
            .await?;
        // A page cut short by `from` is the last one, too.
        page.retain(|info| info.slot >= from);
        Ok(page)
    }

    /// Reads the transactions of a page and hands them over, oldest first; `false` when
    /// one was not served yet.
    async fn take(
        &self,
        mut page: Vec<Listed>,
        slots: &RangeInclusive<u64>,
        give_up: bool,
    ) -> Result<bool, LedgerError> {
        page.reverse();
        page.retain(|info| slots.contains(&info.slot));
        for chunk in page.chunks(CHUNK) {
            let signatures: Vec<String> = chunk.iter().map(|i| i.signature.clone()).collect();
            let missing = transactions::missing(&self.pool, &signatures).await?;
            let missing: HashSet<String> = missing.into_iter().collect();
            let asked: Vec<(Listed, bool)> = chunk
                .iter()
                .map(|info| (info.clone(), missing.contains(&info.signature)))
                .collect();
            let fetched: Vec<Fetched> = stream::iter(asked)
                .map(|(info, missing)| async move {
                    if missing {
                        self.fetch(&info, give_up).await
                    } else {
                        Ok(Fetched::Known)
                    }
                })
                .buffered(CONCURRENCY)
                .try_collect()
                .await?;
            if !self.hand_over(chunk, fetched).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn fetch(&self, info: &Listed, give_up: bool) -> Result<Fetched, LedgerError> {
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
        let signature = signature(&info.signature)?;
        let Some(transaction) = fetch(&self.rpc, self.commitment, &signature).await? else {
            return Ok(if give_up {
                Fetched::Unreadable(letter(
                    Vec::new(),
                    "the node lists this transaction but does not serve it".to_owned(),
                )?)
            } else {
                Fetched::Missing
            });
        };
        Ok(match encoded::read(signature, &transaction) {
            Ok(read) => Fetched::Read(Box::new(read)),
            Err(error) => Fetched::Unreadable(letter(
                serde_json::to_vec(&transaction).unwrap_or_default(),
                error.to_string(),
            )?),
        })
    }

    /// Has the transactions up to the first that is missing written, and the cursor
    /// with them.
    async fn hand_over(
        &self,
        chunk: &[Listed],
        fetched: Vec<Fetched>,
    ) -> Result<bool, LedgerError> {
        let (mut transactions, mut letters) = (Vec::new(), Vec::new());
        let mut last = None;
        let mut whole = true;
        for (info, fetched) in chunk.iter().zip(fetched) {
            match fetched {
                Fetched::Missing => {
                    whole = false;
                    break;
                }
                Fetched::Known => {}
                Fetched::Unreadable(letter) => letters.push(letter),
                Fetched::Read(transaction) => transactions.push(*transaction),
            }
            last = Some(info);
        }
        let cursor = match last {
            Some(last) => Some(Cursor {
                signature: last.signature.clone(),
                slot: slot(last.slot)?,
            }),
            None => None,
        };
        let (done, written) = oneshot::channel();
        let chunk = Chunk {
            transactions,
            letters,
            cursor,
            done,
        };
        self.writer
            .send(chunk)
            .await
            .map_err(|_| LedgerError::Deaf)?;
        written.await.map_err(|_| LedgerError::Deaf)?;
        Ok(whole)
    }
}
