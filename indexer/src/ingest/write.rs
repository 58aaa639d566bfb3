//! What is written together, in one transaction. A row that the database refuses for
//! what it holds goes to the dead letters alone, so that it cannot stop the others.

use std::collections::{BTreeMap, BTreeSet};

use solana_pubkey::Pubkey;
use sqlx::{Connection as _, PgConnection};

use super::{
    prepare::{Prepare, Prepared, Progress, Transactions, refused},
    slots::Settled,
};
use crate::{
    ledger::write as ledger,
    source::{AccountUpdate, TransactionUpdate},
    store::{
        self,
        batch::{Batch, TABLES, letter},
        dead_letters::{self, DeadLetter, LetterKind},
        present, transactions, watermark,
    },
};

/// Whether it has to be noted what a snapshot shows: where there is no row yet, none can
/// have lost its account.
pub(super) async fn begin_snapshot(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let is_noted = present::is_needed(connection, &TABLES).await?;
    if is_noted {
        present::begin(connection).await?;
    }
    Ok(is_noted)
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

/// Writes everything that was prepared, and how far that brings the tables.
pub(super) async fn store(
    connection: &mut PgConnection,
    prepared: &Prepared,
    settled: Settled,
) -> Result<Written, sqlx::Error> {
    let mut transaction = store::begin(connection).await?;
    let mut written = Written::default();
    let gathered = &prepared.gathered;
    if let Some(step) = &gathered.cursor
        && !transactions::can_move(&mut transaction, step).await?
    {
        // A fork took something back: the ledger lists what there is once more.
        transaction.rollback().await?;
        return Ok(written);
    }
    each(
        &mut transaction,
        &gathered.accounts,
        &prepared.accounts,
        &mut written,
    )
    .await?;
    each(
        &mut transaction,
        &gathered.transactions,
        &prepared.transactions,
        &mut written,
    )
    .await?;
    written
        .letters
        .extend(gathered.letters.iter().map(|letter| letter.kind));
    dead_letters::insert_all(&mut transaction, &gathered.letters).await?;
    if let Some(Progress { applied, chain }) = gathered.progress {
        watermark::progress(&mut transaction, applied, chain).await?;
    }
    if let Some((confirmed, finalized)) = settled {
        watermark::settled(&mut transaction, confirmed, finalized).await?;
    }
    if let Some(step) = &gathered.cursor {
        transactions::advance(&mut transaction, &step.to).await?;
    }
    transaction.commit().await?;
    Ok(written)
}

/// Writes a part of a snapshot, and, where that is noted, that its accounts are there.
pub(super) async fn store_part(
    connection: &mut PgConnection,
    prepared: &Prepared,
    is_noted: bool,
) -> Result<Written, sqlx::Error> {
    let mut transaction = store::begin(connection).await?;
    let mut written = Written::default();
    let accounts = &prepared.gathered.accounts;
    each(&mut transaction, accounts, &prepared.accounts, &mut written).await?;
    if is_noted {
        let addresses = accounts.iter().map(|account| account.address.to_string());
        present::add(&mut transaction, addresses).await?;
    }
    transaction.commit().await?;
    Ok(written)
}

/// What is written in batches and refused one by one.
trait Item: Prepare {
    async fn write(
        connection: &mut PgConnection,
        items: &[Self],
        ready: &Self::Ready,
    ) -> Result<Written, sqlx::Error>;

    /// The letter about one that was refused.
    fn letter(&self, reason: &str) -> DeadLetter;
}

impl Item for AccountUpdate {
    async fn write(
        connection: &mut PgConnection,
        _: &[Self],
        batch: &Batch,
    ) -> Result<Written, sqlx::Error> {
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
    async fn write(
        connection: &mut PgConnection,
        items: &[Self],
        ready: &Transactions,
    ) -> Result<Written, sqlx::Error> {
        dead_letters::insert_all(connection, &ready.letters).await?;
        let ledger = ledger::write(connection, &ready.ready).await?;
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
            .extend(ready.letters.iter().map(|letter| letter.kind));
        Ok(written)
    }

    fn letter(&self, reason: &str) -> DeadLetter {
        refused(self, reason)
    }
}

/// Writes items. If one is refused for what it holds, they are halved until it stands
/// alone and goes to the dead letters.
async fn each<T: Item>(
    transaction: &mut PgConnection,
    items: &[T],
    ready: &T::Ready,
    total: &mut Written,
) -> Result<(), sqlx::Error> {
    let mut parts = vec![items];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        let mut attempt = transaction.begin().await?;
        let outcome = if part.len() == items.len() {
            T::write(&mut attempt, part, ready).await
        } else {
            T::write(&mut attempt, part, &T::prepare(part)).await
        };
        let error = match outcome {
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
                dead_letters::insert_all(transaction, [&letter]).await?;
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

/// Marks rows closed that the snapshot did not show, where that was noted; `None` where
/// the connection does not know any more.
pub(super) async fn finish_snapshot(
    connection: &mut PgConnection,
    slot: i64,
    is_noted: bool,
) -> Result<Option<u64>, sqlx::Error> {
    if is_noted && !present::is_known(connection).await? {
        return Ok(None);
    }
    let mut transaction = store::begin(connection).await?;
    let mut closed = 0u64;
    if is_noted {
        present::analyze(&mut transaction).await?;
        for name in TABLES {
            let gone = present::close_others(&mut transaction, name, slot).await?;
            closed = closed.saturating_add(gone);
        }
    }
    watermark::snapshot_done(&mut transaction, slot).await?;
    transaction.commit().await?;
    Ok(Some(closed))
}
