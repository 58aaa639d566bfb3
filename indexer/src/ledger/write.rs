//! Transactions into the tables: what is new of them, with all their parts.

use std::collections::{BTreeSet, HashSet};

use solana_pubkey::Pubkey;
use sqlx::PgConnection;

use super::{decode::Decoded, effects::Effects};
use crate::store::{
    arrays::Columns,
    dead_letters::{self, LetterKind},
    game_events::EventRow,
    instructions::InstructionRow,
    jackpot_contributions::ContributionRow,
    lines::Parts,
    payments::PaymentRow,
    record::Record as _,
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

/// Transactions made ready to be written.
#[derive(Debug, Default)]
pub struct Ready {
    /// In the order of the chain; each once.
    decoded: Vec<Decoded>,
    effects: Effects,
    /// Rows of the transactions themselves.
    rows: Columns,
    parts: AllParts,
}

impl Ready {
    pub fn of(mut decoded: Vec<Decoded>) -> Self {
        let mut seen = HashSet::new();
        // As they came, where a source does not tell.
        decoded.sort_by_key(|it| (it.row.slot, it.row.block_index.unwrap_or(i32::MAX)));
        let effects = Effects::of(&decoded);
        let once: Vec<Decoded> = decoded
            .into_iter()
            .filter(|transaction| seen.insert(transaction.row.signature.clone()))
            .collect();
        Self {
            effects,
            // Ids follow the order of the chain, as far as the source tells.
            rows: Columns::of(once.iter().map(|d| &d.row)),
            parts: AllParts::of(once.iter()),
            decoded: once,
        }
    }
}

/// Writes transactions through `connection`, which is in a transaction. Those that are
/// known stay as they are, and so do their parts.
///
/// # Errors
/// The database's.
pub async fn write(connection: &mut PgConnection, ready: &Ready) -> Result<Written, sqlx::Error> {
    let newest = transactions::newest_slot(connection).await?;
    let late = ready.effects.late(newest).told_more(connection).await?;
    ready.effects.write(connection).await?;
    let new = transactions::insert(connection, &ready.rows).await?;
    let letters = || ready.decoded.iter().flat_map(|d| &d.letters);
    dead_letters::insert_all(connection, letters()).await?;
    let is_new = |decoded: &&Decoded| new.contains_key(&decoded.row.signature);
    let ids: Vec<i64> = ready
        .decoded
        .iter()
        .filter_map(|decoded| new.get(&decoded.row.signature).copied())
        .collect();
    let parts = if ids.len() == ready.decoded.len() {
        ready.parts.add(connection, &ids).await?
    } else {
        let parts = AllParts::of(ready.decoded.iter().filter(is_new));
        parts.add(connection, &ids).await?
    };
    let mut added = ready.decoded.iter().filter(is_new);
    if added.any(|decoded| Some(decoded.row.slot) <= newest) {
        late.tell(connection).await?;
    }
    Ok(Written {
        transactions: u64::try_from(ids.len()).unwrap_or(u64::MAX),
        parts,
        letters: letters().map(|letter| letter.kind).collect(),
        touched: ready.effects.touched().clone(),
    })
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
    let effects = Effects::of([decoded]);
    effects.write(connection).await?;
    transactions::delete_parts(connection, &[id]).await?;
    dead_letters::insert_all(connection, &decoded.letters).await?;
    AllParts::of([decoded].into_iter())
        .add(connection, &[id])
        .await?;
    effects.late(Some(i64::MAX)).tell(connection).await
}

/// The rows of transactions' parts, a table each.
#[derive(Debug, Default)]
struct AllParts {
    instructions: Parts,
    events: Parts,
    payments: Parts,
    contributions: Parts,
}

impl AllParts {
    fn of<'a>(decoded: impl Iterator<Item = &'a Decoded> + Clone) -> Self {
        let all = || decoded.clone();
        Self {
            instructions: Parts::of(all().map(|d| d.instructions.as_slice())),
            events: Parts::of(all().map(|d| d.events.as_slice())),
            payments: Parts::of(all().map(|d| d.payments.as_slice())),
            contributions: Parts::of(all().map(|d| d.contributions.as_slice())),
        }
    }

    /// Adds them to transactions that have these ids.
    async fn add(
        &self,
        connection: &mut PgConnection,
        ids: &[i64],
    ) -> Result<[(&'static str, u64); 4], sqlx::Error> {
        macro_rules! add {
            ($($row:ident $parts:ident)*) => {[$(
                ($row::TABLE, self.$parts.add::<$row>(connection, ids).await?),
            )*]};
        }
        Ok(add! {
            InstructionRow instructions EventRow events PaymentRow payments
            ContributionRow contributions
        })
    }
}
