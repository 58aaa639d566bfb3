//! A page of signatures: what of it is missing is asked for, and handed to the writer.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use solana_transaction_status_client_types::EncodedConfirmedTransactionWithStatusMeta as Transaction;
use tokio::sync::oneshot;

use super::{
    CHUNK, Chunk, Ledger, Listed, Walk, encoded, fetch,
    node::{signature, slot},
};
use crate::{
    error::LedgerError,
    source::TransactionUpdate,
    store::{
        dead_letters::{DeadLetter, LetterKind},
        transactions::{self, Cursor, Move},
    },
};

/// Transactions asked for at the same time.
const CONCURRENCY: usize = 16;

/// A transaction as far as the node gave it.
enum Fetched {
    Read(Box<TransactionUpdate>),
    Unreadable(DeadLetter),
    /// Listed, but not served yet.
    Missing,
    /// In the table already.
    Known,
}

impl Ledger {
    /// Reads the transactions of a page and hands them over, oldest first; returns the
    /// first that was not served yet.
    pub(super) async fn take(
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
        let (mut last, mut missing, mut known) = (None, None, Vec::new());
        for (info, fetched) in chunk.iter().zip(fetched) {
            match fetched {
                Fetched::Missing => {
                    missing = Some(info.signature.clone());
                    break;
                }
                Fetched::Known => known.push(info.signature.clone()),
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
            cursor = Some(Move { from, to, known });
        }
        let (done, written) = oneshot::channel();
        let chunk = Chunk {
            transactions,
            letters,
            cursor,
            done,
        };
        // The next is read while this one is written, and no more than that.
        walk.settle().await?;
        self.writer
            .send(chunk)
            .await
            .map_err(|_| LedgerError::Deaf)?;
        walk.written = Some(written);
        Ok(missing)
    }
}
