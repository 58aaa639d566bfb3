//! Transactions into the tables: what is new of them, with all their parts.

use std::collections::{BTreeSet, HashMap};

use solana_pubkey::Pubkey;
use sqlx::PgConnection;

use super::{decode::Decoded, effects::Effects};
use crate::store::{
    dead_letters::{self, LetterKind},
    game_events::EventRow,
    instructions::InstructionRow,
    jackpot_contributions::ContributionRow,
    payments::PaymentRow,
    record::{Record, add},
    transactions,
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
    mut decoded: Vec<Decoded>,
) -> Result<Written, sqlx::Error> {
    let mut written = Written::default();
    let mut effects = Effects::default();
    for transaction in &decoded {
        effects.add(transaction);
    }
    effects.write(connection).await?;
    written.touched = effects.touched();
    decoded.sort_by(|a, b| a.row.signature.cmp(&b.row.signature));
    decoded.dedup_by(|a, b| a.row.signature == b.row.signature);
    let rows: Vec<_> = decoded.iter().map(|d| d.row.clone()).collect();
    let new: HashMap<String, i64> = transactions::insert(connection, &rows)
        .await?
        .into_iter()
        .collect();
    written.transactions = u64::try_from(new.len()).unwrap_or(u64::MAX);
    let mut parts = Parts::default();
    for transaction in decoded {
        written
            .letters
            .extend(transaction.letters.iter().map(|letter| letter.kind));
        dead_letters::insert_all(connection, &transaction.letters).await?;
        if let Some(id) = new.get(&transaction.row.signature) {
            parts.add(*id, transaction);
        }
    }
    written.parts = parts.write(connection).await?;
    Ok(written)
}

/// Writes the parts of transactions that are in the table already, in place of those
/// that are there: a later version of this program understands more of them.
///
/// # Errors
/// The database's.
pub async fn rewrite_parts(
    connection: &mut PgConnection,
    id: i64,
    decoded: Decoded,
) -> Result<(), sqlx::Error> {
    let mut effects = Effects::default();
    effects.add(&decoded);
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
struct Parts {
    instructions: Vec<InstructionRow>,
    events: Vec<EventRow>,
    payments: Vec<PaymentRow>,
    contributions: Vec<ContributionRow>,
}

impl Parts {
    fn add(&mut self, id: i64, decoded: Decoded) {
        macro_rules! take {
            ($($field:ident)*) => {$(
                self.$field.extend(decoded.$field.into_iter().map(|mut row| {
                    row.transaction_id = id;
                    row
                }));
            )*};
        }
        take! { instructions events payments contributions }
    }

    async fn write(
        &self,
        connection: &mut PgConnection,
    ) -> Result<[(&'static str, u64); 4], sqlx::Error> {
        async fn one<R: Record>(
            connection: &mut PgConnection,
            rows: &[R],
        ) -> Result<(&'static str, u64), sqlx::Error> {
            Ok((R::TABLE, add(connection, rows).await?))
        }
        Ok([
            one(connection, &self.instructions).await?,
            one(connection, &self.events).await?,
            one(connection, &self.payments).await?,
            one(connection, &self.contributions).await?,
        ])
    }
}
