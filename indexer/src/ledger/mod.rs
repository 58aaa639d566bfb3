//! The ledger: every transaction that named the program, listed by signature and read
//! oldest first from where it stopped. It is complete whatever streams lose: they only
//! bring transactions sooner. It also fills in what the accounts' source missed of
//! draws, games and entries.

pub mod again;
mod batch;
pub mod blocks;
pub mod decode;
mod effects;
pub mod encoded;
pub mod event;
mod instruction;
mod json;
mod node;
mod page;
pub mod rebuild;
pub mod replay;
mod rows;
mod wire;
pub mod write;

use std::{collections::VecDeque, ops::RangeInclusive, sync::Arc, time::Duration};

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
    source::{TransactionUpdate, at_least_confirmed},
    store::{
        dead_letters::DeadLetter,
        transactions::{self, Cursor, Move},
    },
};

use blocks::Blocks;
pub use node::{fetch, newest_transaction};
use node::{is_unknown_signature, signature};

/// Most signatures a node gives at once.
const PAGE: usize = 1_000;

/// Pages that are kept until they are read.
const KEPT: usize = 20;

/// Transactions written in one database transaction.
pub const CHUNK: usize = 1_000;

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
    /// Told when what was handed over last is in the tables.
    written: Option<oneshot::Receiver<()>>,
    /// Whether there was more than a page of it: then there may be as much again.
    is_long: bool,
}

impl Walk {
    fn new(slots: RangeInclusive<u64>, is_moving: bool) -> Self {
        Self {
            slots,
            hopeless: None,
            is_moving,
            cursor: None,
            blocks: Blocks::default(),
            written: None,
            is_long: false,
        }
    }

    /// Waits until what was handed over last is in the tables.
    async fn settle(&mut self) -> Result<(), LedgerError> {
        match self.written.take() {
            Some(written) => written.await.map_err(|_| LedgerError::Deaf),
            None => Ok(()),
        }
    }
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
                caught_up = self.walk(hopeless) => caught_up,
            };
            match caught_up {
                Ok((None, is_long)) => {
                    missing = None;
                    if is_long {
                        continue;
                    }
                }
                Ok((Some(signature), _)) => {
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
        Ok(self.walk(hopeless).await?.0)
    }

    /// The same; and whether there was much, so that there may be more.
    async fn walk(&self, hopeless: Option<String>) -> Result<(Option<String>, bool), LedgerError> {
        let mut walk = Walk {
            hopeless,
            cursor: transactions::cursor(&self.pool).await?,
            ..Walk::new(0..=u64::MAX, true)
        };
        let read = self.read_on(&mut walk).await;
        walk.settle().await?;
        Ok((read?, walk.is_long))
    }

    async fn read_on(&self, walk: &mut Walk) -> Result<Option<String>, LedgerError> {
        let Some(cursor) = walk.cursor.clone() else {
            return self.read(None, walk).await;
        };
        let until = signature(&cursor.signature)?;
        match self.read(Some(until), walk).await {
            Err(LedgerError::Rpc(error)) if is_unknown_signature(&error) => {
                // The node has forgotten it, as nodes do after a while. What it
                // still has from that slot on is read.
                let slot = cursor.slot;
                tracing::warn!(slot, "the node no longer knows where the ledger stands");
                walk.slots = u64::try_from(slot).unwrap_or_default()..=u64::MAX;
                self.read(None, walk).await
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
        let mut walk = Walk::new(slots, false);
        let read = self.read(None, &mut walk).await;
        walk.settle().await?;
        read
    }

    /// Reads the transactions after `until` and of these slots, oldest first.
    ///
    /// Nodes list newest first. Where each page begins is remembered, and the last pages; the
    /// others are asked for once more: a history of years takes no more memory than a day's.
    async fn read(
        &self,
        until: Option<Signature>,
        walk: &mut Walk,
    ) -> Result<Option<String>, LedgerError> {
        let from = *walk.slots.start();
        let newest = self.page(None, until, from).await?;
        let mut begins = Vec::new();
        let mut kept: VecDeque<Vec<Listed>> = VecDeque::new();
        while let page = kept.back().unwrap_or(&newest)
            && page.len() >= PAGE
            && let Some(last) = page.last()
        {
            let begin = signature(&last.signature)?;
            if begins.last() == Some(&begin) {
                return Err(LedgerError::Page(begin));
            }
            begins.push(begin);
            kept.push_back(self.page(Some(begin), until, from).await?);
            if kept.len() > KEPT {
                kept.pop_front();
            }
        }
        walk.is_long = !begins.is_empty();
        while let Some(begin) = begins.pop() {
            let page = match kept.pop_back() {
                Some(page) => page,
                None => self.page(Some(begin), until, from).await?,
            };
            if let Some(missing) = self.take(page, walk).await? {
                return Ok(Some(missing));
            }
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
}
