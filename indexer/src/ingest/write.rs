//! What is written together, in one transaction. A row that the database refuses for
//! what it holds goes to the dead letters alone, so that it cannot stop the others.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Rows that changed, by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Transactions that were new.
    pub transactions: u64,
    pub letters: Vec<LetterKind>,
    /// Slots that rows of the ledger now speak of.
    pub slots: BTreeSet<i64>,
    /// Accounts whose rows the ledger may have changed, with their slots.
    pub touched: BTreeSet<(i64, Pubkey)>,
}

impl Written {
    fn count(&mut self, rows: impl IntoIterator<Item = (&'static str, u64)>) {
        for (table, rows) in rows {
            let sum = self.rows.entry(table).or_default();
            *sum = sum.saturating_add(rows);
        }
    }

    /// Rows of all tables.
    pub fn all_rows(&self) -> u64 {
        self.rows
            .values()
            .fold(0, |sum, rows| sum.saturating_add(*rows))
    }

    fn add(&mut self, other: Self) {
        self.count(other.rows);
        self.transactions = self.transactions.saturating_add(other.transactions);
        self.letters.extend(other.letters);
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
    written
        .letters
        .extend(gathered.letters.iter().map(|letter| letter.kind));
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
        let mut written = Written::default();
        written.count(batch.write(connection).await?);
        written.letters = batch.letters().iter().map(|letter| letter.kind).collect();
        Ok(written)
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
        let ledger = ledger::write(connection, decoded).await?;
        let mut written = Written {
            transactions: ledger.transactions,
            letters: ledger.letters,
            slots: items.iter().map(|item| item.slot).collect(),
            touched: ledger.touched,
            ..Written::default()
        };
        written.count(ledger.parts);
        written.count([("transactions", ledger.transactions)]);
        written
            .letters
            .extend(letters.iter().map(|letter| letter.kind));
        Ok(written)
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
                total.letters.push(letter.kind);
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
