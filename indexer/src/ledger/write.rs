//! Transactions into the tables: what is new of them, with all their parts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use solana_pubkey::Pubkey;
use sqlx::PgConnection;

use super::{decode::Decoded, effects::Effects};
use crate::store::{
    dead_letters::{self, LetterKind},
    game_events::EventRow,
    instructions::InstructionRow,
    jackpot_contributions::ContributionRow,
    payments::PaymentRow,
    record::{Part, Record as _, add},
    transactions::{self, TransactionRow},
};

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Transactions that were new.
    pub transactions: u64,
    /// Rows of their parts, by table.
    pub parts: [(&'static str, u64); 4],
    pub letters: Vec<LetterKind>,
    /// Accounts whose rows the transactions may have changed, with their slots.
    pub touched: BTreeSet<(i64, Pubkey)>,
}

/// Writes transactions through `connection`, which is in a transaction. Those that are
/// known stay as they are, and so do their parts.
///
/// # Errors
/// The database's.
pub async fn write(
    connection: &mut PgConnection,
    decoded: &[Decoded],
) -> Result<Written, sqlx::Error> {
    let mut written = Written::default();
    let mut effects = Effects::default();
    for transaction in decoded {
        effects.add(transaction);
    }
    effects.write(connection).await?;
    written.touched = effects.touched();
    // Each once, in one order for all writers.
    let by_signature: BTreeMap<&str, &Decoded> = decoded
        .iter()
        .rev()
        .map(|transaction| (transaction.row.signature.as_str(), transaction))
        .collect();
    let rows: Vec<&TransactionRow> = by_signature.values().map(|d| &d.row).collect();
    let new: HashMap<String, i64> = transactions::insert(connection, &rows)
        .await?
        .into_iter()
        .collect();
    written.transactions = u64::try_from(new.len()).unwrap_or(u64::MAX);
    let mut parts = Parts::default();
    for (signature, transaction) in by_signature {
        let letters = transaction.letters.iter().map(|letter| letter.kind);
        written.letters.extend(letters);
        dead_letters::insert_all(connection, &transaction.letters).await?;
        if let Some(id) = new.get(signature) {
            parts.add(*id, transaction);
        }
    }
    written.parts = parts.write(connection).await?;
    Ok(written)
}

/// Writes the parts of a transaction that is in the table already, in place of those
/// that are there: a later version of this program understands more of them.
///
/// # Errors
/// The database's.
pub async fn rewrite_parts(
    connection: &mut PgConnection,
    id: i64,
    decoded: &Decoded,
) -> Result<(), sqlx::Error> {
    let mut effects = Effects::default();
    effects.add(decoded);
    effects.write(connection).await?;
    transactions::delete_parts(connection, &[id]).await?;
    dead_letters::insert_all(connection, &decoded.letters).await?;
    let mut parts = Parts::default();
    parts.add(id, decoded);
    parts.write(connection).await?;
    Ok(())
}

/// The rows of transactions' parts.
#[derive(Default)]
struct Parts<'a> {
    instructions: Vec<Part<'a, InstructionRow>>,
    events: Vec<Part<'a, EventRow>>,
    payments: Vec<Part<'a, PaymentRow>>,
    contributions: Vec<Part<'a, ContributionRow>>,
}

impl<'a> Parts<'a> {
    fn add(&mut self, transaction_id: i64, decoded: &'a Decoded) {
        fn all<R>(transaction_id: i64, rows: &[R]) -> impl Iterator<Item = Part<'_, R>> {
            rows.iter().map(move |row| Part {
                transaction_id,
                row,
            })
        }
        self.instructions
            .extend(all(transaction_id, &decoded.instructions));
        self.events.extend(all(transaction_id, &decoded.events));
        self.payments.extend(all(transaction_id, &decoded.payments));
        self.contributions
            .extend(all(transaction_id, &decoded.contributions));
    }

    async fn write(
        &self,
        connection: &mut PgConnection,
    ) -> Result<[(&'static str, u64); 4], sqlx::Error> {
        Ok([
            (
                InstructionRow::TABLE,
                add(connection, &self.instructions).await?,
            ),
            (EventRow::TABLE, add(connection, &self.events).await?),
            (PaymentRow::TABLE, add(connection, &self.payments).await?),
            (
                ContributionRow::TABLE,
                add(connection, &self.contributions).await?,
            ),
        ])
    }
}
