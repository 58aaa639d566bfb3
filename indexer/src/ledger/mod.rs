//! The ledger: every transaction that named the program, listed by signature and read
//! oldest first from where it stopped. It is complete whatever streams lose: they only
//! bring transactions sooner. It also fills in what the accounts' source missed of
//! draws, games and entries.

mod batch;
pub mod blocks;
pub mod decode;
mod effects;
pub mod encoded;
pub mod event;
mod instruction;
mod json;
mod node;
pub mod rebuild;
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
use solana_transaction_status_client_types::EncodedConfirmedTransactionWithStatusMeta as Transaction;
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    error::{LedgerError, redact},
    source::{TransactionUpdate, at_least_confirmed},
    store::{
        dead_letters::{DeadLetter, LetterKind},
        transactions::{self, Cursor, Move},
    },
};

use blocks::Blocks;
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
    /// Where the ledger stands afterwards; `None` for history that does not move it.
    pub cursor: Option<Move>,
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

/// What is read, and how far that brought the ledger.
struct Walk {
    slots: RangeInclusive<u64>,
    /// A transaction that is set aside if it is missing.
    hopeless: Option<String>,
    /// Whether the ledger moves with what is read.
    is_moving: bool,
    /// Where it stands after what was handed over.
    cursor: Option<Cursor>,
    blocks: Blocks,
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
            commitment: at_least_confirmed(commitment),
            interval,
        }
    }

    /// Reads until `stop`, trying again after failures.
    pub async fn run(self, stop: CancellationToken) {
        // The first that is missing, and how often it was.
        let mut missing: Option<(String, u32)> = None;
        loop {
            let hopeless = missing.as_ref().filter(|(_, times)| *times >= ATTEMPTS);
            let hopeless = hopeless.map(|(signature, _)| signature.clone());
            let caught_up = tokio::select! {
                () = stop.cancelled() => return,
                caught_up = self.catch_up(hopeless) => caught_up,
            };
            match caught_up {
                Ok(None) => missing = None,
                Ok(Some(signature)) => {
                    let times = missing
                        .filter(|(before, _)| *before == signature)
                        .map_or(0, |(_, times)| times);
                    missing = Some((signature, times.saturating_add(1)));
                }
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

    /// Reads up to the newest transaction; returns the first that was not served yet, up to
    /// which it came then. One that is `hopeless` is set aside instead.
    ///
    /// # Errors
    /// When the node or the database fails.
    pub async fn catch_up(&self, hopeless: Option<String>) -> Result<Option<String>, LedgerError> {
        let cursor = transactions::cursor(&self.pool).await?;
        let mut walk = Walk {
            slots: 0..=u64::MAX,
            hopeless,
            is_moving: true,
            cursor: cursor.clone(),
            blocks: Blocks::default(),
        };
        let Some(cursor) = cursor else {
            return self.read(None, &mut walk).await;
        };
        let until = signature(&cursor.signature)?;
        match self.read(Some(until), &mut walk).await {
            Err(LedgerError::Rpc(error)) if is_unknown_signature(&error) => {
                // The node has forgotten it, as nodes do after a while. What it
                // still has from that slot on is read.
                let slot = cursor.slot;
                tracing::warn!(slot, "the node no longer knows where the ledger stands");
                walk.slots = u64::try_from(slot).unwrap_or_default()..=u64::MAX;
                self.read(None, &mut walk).await
            }
            read => read,
        }
    }

    /// Reads the transactions of these slots, oldest first, without moving the ledger;
    /// returns the first that the node lists but does not serve.
    ///
    /// # Errors
    /// When the node or the database fails.
    pub async fn read_slots(
        &self,
        slots: RangeInclusive<u64>,
    ) -> Result<Option<String>, LedgerError> {
        let mut walk = Walk {
            slots,
            hopeless: None,
            is_moving: false,
            cursor: None,
            blocks: Blocks::default(),
        };
        self.read(None, &mut walk).await
    }

    /// Reads the transactions after `until` and of these slots, oldest first.
    ///
    /// Nodes list newest first. Only where each page begins is remembered, and the pages
    /// are asked for once more: a history of years takes no more memory than a day's.
    async fn read(
        &self,
        until: Option<Signature>,
        walk: &mut Walk,
    ) -> Result<Option<String>, LedgerError> {
        let from = *walk.slots.start();
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
            if let Some(missing) = self.take(page, walk).await? {
                return Ok(Some(missing));
            }
            let Some(begin) = begins.last() else { break };
            page = self.page(Some(*begin), until, from).await?;
        }
        // Asked for once more, the newest would no longer end where the next one begins.
        self.take(newest, walk).await
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

    /// Reads the transactions of a page and hands them over, oldest first; returns the
    /// first that was not served yet.
    async fn take(
        &self,
        mut page: Vec<Listed>,
        walk: &mut Walk,
    ) -> Result<Option<String>, LedgerError> {
        page.reverse();
        page.retain(|info| walk.slots.contains(&info.slot));
        for chunk in page.chunks(CHUNK) {
            let signatures: Vec<String> = chunk.iter().map(|i| i.signature.clone()).collect();
            let missing = transactions::missing(&self.pool, &signatures).await?;
            let missing: HashSet<String> = missing.into_iter().collect();
            let mut wanted = Vec::with_capacity(missing.len());
            for info in chunk.iter().filter(|it| missing.contains(&it.signature)) {
                wanted.push((info.slot, signature(&info.signature)?));
            }
            let wanted = wanted.into_iter();
            walk.blocks.read(&self.rpc, self.commitment, wanted).await?;
            let mut asked = Vec::with_capacity(chunk.len());
            for info in chunk {
                let is_missing = missing.contains(&info.signature);
                let served = walk.blocks.take(&signature(&info.signature)?);
                asked.push((info.clone(), is_missing, served));
            }
            if let Some(last) = chunk.last() {
                walk.blocks.keep(last.slot);
            }
            let hopeless = walk.hopeless.as_deref();
            let fetched: Vec<Fetched> = stream::iter(asked)
                .map(|(info, missing, served)| async move {
                    if missing {
                        let give_up = hopeless == Some(info.signature.as_str());
                        self.fetch(&info, served, give_up).await
                    } else {
                        Ok(Fetched::Known)
                    }
                })
                .buffered(CONCURRENCY)
                .try_collect()
                .await?;
            if let Some(missing) = self.hand_over(chunk, fetched, walk).await? {
                return Ok(Some(missing));
            }
        }
        Ok(None)
    }

    /// `served` is what a block held of it.
    async fn fetch(
        &self,
        info: &Listed,
        served: Option<Transaction>,
        give_up: bool,
    ) -> Result<Fetched, LedgerError> {
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
        let served = match served {
            Some(served) => Some(served),
            None => fetch(&self.rpc, self.commitment, &signature).await?,
        };
        let Some(transaction) = served else {
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
        walk: &mut Walk,
    ) -> Result<Option<String>, LedgerError> {
        let (mut transactions, mut letters) = (Vec::new(), Vec::new());
        let (mut last, mut missing) = (None, None);
        for (info, fetched) in chunk.iter().zip(fetched) {
            match fetched {
                Fetched::Missing => {
                    missing = Some(info.signature.clone());
                    break;
                }
                Fetched::Known => {}
                Fetched::Unreadable(letter) => letters.push(letter),
                Fetched::Read(transaction) => transactions.push(*transaction),
            }
            last = Some(info);
        }
        let mut cursor = None;
        if let Some(last) = last.filter(|_| walk.is_moving) {
            let to = Cursor {
                signature: last.signature.clone(),
                slot: slot(last.slot)?,
            };
            let from = walk.cursor.replace(to.clone());
            cursor = Some(Move { from, to });
        }
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
        Ok(missing)
    }
}
