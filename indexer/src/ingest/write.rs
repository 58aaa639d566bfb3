//! What is written together, in one transaction. A row that the database refuses for
//! what it holds goes to the dead letters alone, so that it cannot stop the others.

use std::collections::BTreeSet;

use solana_pubkey::Pubkey;
use sqlx::{Connection as _, PgConnection};

use crate::{
    ledger::{decode, write as ledger},
    source::{AccountUpdate, TransactionUpdate},
    store::{
        self,
        batch::{Batch, TABLES, letter},
        column::Time,
        dead_letters::{self, DeadLetter, LetterKind},
        present,
        transactions::{self, Cursor},
        watermark,
    },
};

/// How far the stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    pub applied: i64,
    pub chain: i64,
}

/// What has arrived.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub accounts: Vec<AccountUpdate>,
    pub transactions: Vec<TransactionUpdate>,
    pub letters: Vec<DeadLetter>,
    pub progress: Option<Progress>,
    /// Of the ledger.
    pub cursor: Option<Cursor>,
}

impl Gathered {
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
            && self.transactions.is_empty()
            && self.letters.is_empty()
            && self.progress.is_none()
            && self.cursor.is_none()
    }
}

/// What a write changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub rows: u64,
    pub letters: usize,
    /// Slots that rows of the ledger now speak of.
    pub slots: BTreeSet<i64>,
    /// Accounts whose rows the ledger may have changed, with their slots.
    pub touched: BTreeSet<(i64, Pubkey)>,
}

impl Written {
    fn add(&mut self, other: Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.letters = self.letters.saturating_add(other.letters);
        self.slots.extend(other.slots);
        self.touched.extend(other.touched);
    }
}

/// Writes everything gathered, and how far that brings the tables.
pub(super) async fn store(
    connection: &mut PgConnection,
    gathered: &Gathered,
) -> Result<Written, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let mut written = Written::default();
    each(&mut transaction, &gathered.accounts, &mut written).await?;
    each(&mut transaction, &gathered.transactions, &mut written).await?;
    written.letters = written.letters.saturating_add(gathered.letters.len());
    dead_letters::insert_all(&mut transaction, &gathered.letters).await?;
    if let Some(Progress { applied, chain }) = gathered.progress {
        watermark::progress(&mut transaction, applied, chain).await?;
    }
    if let Some(cursor) = &gathered.cursor {
        transactions::advance(&mut transaction, cursor).await?;
    }
    transaction.commit().await?;
    Ok(written)
}

/// Writes a part of a snapshot, and that its accounts are there.
pub(super) async fn store_part(
    connection: &mut PgConnection,
    accounts: &[AccountUpdate],
) -> Result<Written, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let mut written = Written::default();
    each(&mut transaction, accounts, &mut written).await?;
    let addresses = accounts.iter().map(|account| account.address.to_string());
    present::add(&mut transaction, addresses).await?;
    transaction.commit().await?;
    Ok(written)
}

/// What is written in batches and refused one by one.
trait Item: Sized + Sync {
    async fn write(connection: &mut PgConnection, items: &[Self]) -> Result<Written, sqlx::Error>;

    /// The letter about one that was refused.
    fn letter(&self, reason: &str) -> DeadLetter;
}

impl Item for AccountUpdate {
    async fn write(connection: &mut PgConnection, items: &[Self]) -> Result<Written, sqlx::Error> {
        let batch = Batch::decode(items.iter().cloned());
        let written = batch.write(connection).await?;
        Ok(Written {
            rows: written.rows,
            letters: written.letters,
            ..Written::default()
        })
    }

    fn letter(&self, reason: &str) -> DeadLetter {
        letter(self, reason)
    }
}

impl Item for TransactionUpdate {
    async fn write(connection: &mut PgConnection, items: &[Self]) -> Result<Written, sqlx::Error> {
        let seen = Time::now();
        let (mut decoded, mut letters) = (Vec::with_capacity(items.len()), Vec::new());
        for item in items {
            match decode::decode(item, seen) {
                Ok(transaction) => decoded.push(transaction),
                Err(error) => letters.push(item.letter(&error.to_string())),
            }
        }
        dead_letters::insert_all(connection, &letters).await?;
        let written = ledger::write(connection, decoded).await?;
        Ok(Written {
            rows: written
                .parts
                .iter()
                .fold(written.transactions, |sum, (_, rows)| {
                    sum.saturating_add(*rows)
                }),
            letters: written.letters.saturating_add(letters.len()),
            slots: items.iter().map(|item| item.slot).collect(),
            touched: written.touched,
        })
    }

    fn letter(&self, reason: &str) -> DeadLetter {
        DeadLetter {
            kind: LetterKind::Transaction,
            key: self.signature.to_string(),
            slot: self.slot,
            lamports: None,
            owner: None,
            // A replay reads it from a node again.
            bytes: Vec::new(),
            reason: reason.to_owned(),
        }
    }
}

/// Writes items. If one is refused for what it holds, they are halved until it stands
/// alone and goes to the dead letters.
async fn each<T: Item>(
    transaction: &mut PgConnection,
    items: &[T],
    total: &mut Written,
) -> Result<(), sqlx::Error> {
    let mut parts = vec![items];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        let mut attempt = transaction.begin().await?;
        let error = match T::write(&mut attempt, part).await {
            Ok(written) => {
                attempt.commit().await?;
                total.add(written);
                continue;
            }
            Err(error) => error,
        };
        attempt.rollback().await?;
        if !store::is_refused_row(&error) {
            return Err(error);
        }
        match part {
            [alone] => {
                let letter = alone.letter(&error.to_string());
                dead_letters::insert(transaction, &letter).await?;
                total.letters = total.letters.saturating_add(1);
            }
            several => {
                // The later half goes under the earlier one: order is kept.
                let (first, second) = several.split_at(several.len() / 2);
                parts.push(second);
                parts.push(first);
            }
        }
    }
    Ok(())
}

/// Marks rows closed that the snapshot did not show; `None` where the connection does not
/// know what it showed.
pub(super) async fn finish_snapshot(
    connection: &mut PgConnection,
    slot: i64,
) -> Result<Option<u64>, sqlx::Error> {
    if !present::is_known(connection).await? {
        return Ok(None);
    }
    let mut transaction = connection.begin().await?;
    present::analyze(&mut transaction).await?;
    let mut closed = 0u64;
    for name in TABLES {
        let gone = present::close_others(&mut transaction, name, slot).await?;
        closed = closed.saturating_add(gone);
    }
    watermark::snapshot_done(&mut transaction, slot).await?;
    transaction.commit().await?;
    Ok(Some(closed))
}
