//! What forks dropped is taken back: the ledger's rows are deleted, and accounts that
//! changed in dropped slots are read from the chain as it is.

use std::{collections::BTreeSet, time::Duration};

use solana_pubkey::Pubkey;
use sqlx::PgConnection;

use super::{Wiring, persist::pauses};
use crate::{
    error::redact,
    ledger::again,
    source::{AccountUpdate, MAX_READ, SlotUpdate, SourceError},
    store::{
        self,
        batch::{Batch, TABLES},
        draw_games, forks, incomplete, transactions, watermark,
    },
};

/// Rows that an interrupted indexer left above the finalized slot; of more than this the
/// snapshot at the start tells.
const MAX_UNSETTLED: i64 = 100_000;

/// What was taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Restored {
    /// Rows read anew, by table.
    pub rows: Vec<(&'static str, u64)>,
    pub restored: u64,
    pub deleted: u64,
    pub transactions: u64,
    /// Accounts whose rows are newer than what was read of them.
    pub newer: u64,
}

/// How far the tables are settled, and which accounts' rows are not.
pub(super) async fn unsettled(
    connection: &mut PgConnection,
) -> Result<(Option<i64>, Option<i64>, Vec<(i64, Option<Pubkey>)>), sqlx::Error> {
    let (confirmed, finalized) = watermark::settled_slots(connection).await?;
    let mut touched = Vec::new();
    for table in TABLES {
        let rows = forks::above(connection, table, finalized, MAX_UNSETTLED).await?;
        touched.extend(
            rows.into_iter()
                .map(|(slot, account)| (slot, Some(account))),
        );
    }
    let ledger = forks::ledger_above(connection, finalized).await?;
    touched.extend(ledger.into_iter().map(|slot| (slot, None)));
    Ok((confirmed, finalized, touched))
}

/// Asks until a node answers or the indexer stops.
async fn insist<T, F>(wiring: &Wiring, what: &str, ask: impl Fn() -> F) -> Option<T>
where
    F: Future<Output = Result<T, SourceError>>,
{
    let mut waits = pauses();
    loop {
        let error = tokio::select! {
            () = wiring.stop.cancelled() => return None,
            answer = ask() => match answer {
                Ok(answer) => return Some(answer),
                Err(error) => redact(&error.to_string()),
            },
        };
        let pause = waits.next().unwrap_or(Duration::from_secs(1));
        tracing::warn!(error, "could not ask the node for {what}; trying again");
        tokio::select! {
            () = wiring.stop.cancelled() => return None,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Which of the slots are not on the chain, by a node's word; none where it cannot tell.
/// `None` when the indexer stops.
pub(super) async fn ask(wiring: &Wiring, slots: &[i64], update: SlotUpdate) -> Option<Vec<i64>> {
    let Some(first) = slots.iter().min() else {
        return Some(Vec::new());
    };
    let blocks = || wiring.chain.blocks(*first, update.slot, update.status);
    let Some(blocks) = insist(wiring, "its blocks", blocks).await? else {
        return Some(Vec::new());
    };
    let gone = slots.iter().filter(|slot| !blocks.contains(slot));
    Some(gone.copied().collect())
}

/// The accounts as the chain has them now; `None` when the indexer stops.
pub(super) async fn read(
    wiring: &Wiring,
    accounts: &[Pubkey],
    slot: i64,
) -> Option<Vec<AccountUpdate>> {
    let mut read = Vec::with_capacity(accounts.len());
    for some in accounts.chunks(MAX_READ) {
        let ask = || wiring.chain.accounts(some, slot);
        read.extend(insist(wiring, "accounts", ask).await?);
    }
    Some(read)
}

fn all_of<'a>(updates: impl IntoIterator<Item = &'a AccountUpdate>) -> Vec<String> {
    let updates = updates.into_iter();
    updates.map(|update| update.address.to_string()).collect()
}

/// Takes back what dropped slots brought, given the accounts that changed in them as the
/// chain has them. What is newer than that stays, and is to be compared with the chain.
pub(super) async fn restore(
    connection: &mut PgConnection,
    dropped: &[i64],
    read: &[AccountUpdate],
) -> Result<Restored, sqlx::Error> {
    let mut transaction = store::begin(connection).await?;
    let mut restored = Restored {
        transactions: transactions::drop_slots(&mut transaction, dropped).await?,
        ..Restored::default()
    };
    let touched = all_of(read);
    let slots = read.iter().map(|update| update.slot);
    let at: Vec<(String, i64)> = touched.iter().cloned().zip(slots).collect();
    let newer = forks::newer(&mut transaction, &TABLES, &at, dropped).await?;
    restored.newer = u64::try_from(newer.len()).unwrap_or(u64::MAX);
    let newer: BTreeSet<String> = newer.into_iter().collect();
    let read: Vec<&AccountUpdate> = (read.iter().zip(&touched))
        .filter_map(|(update, address)| (!newer.contains(address)).then_some(update))
        .collect();
    let (gone, there): (Vec<&AccountUpdate>, Vec<&AccountUpdate>) =
        read.iter().partition(|update| update.is_closed());
    let batch = Batch::decode(there.iter().copied().cloned());
    restored.rows = batch.restore(&mut transaction).await?;
    let stays: Vec<String> = all_of(there).into_iter().chain(newer).collect();
    forks::seen_anew(&mut transaction, &TABLES, dropped, &stays).await?;
    let gone = all_of(gone);
    // What their rows say may be the fork's: the ledger has the last word.
    let games = forks::games_of(&mut transaction, &gone).await?;
    let unseen = forks::delete_unseen(&mut transaction, &TABLES, &gone, dropped).await?;
    restored.deleted = u64::try_from(unseen.len()).unwrap_or(u64::MAX);
    let mut doubtful = forks::told_of(&mut transaction, &games, &unseen).await?;
    doubtful.extend(forks::games_of(&mut transaction, &gone).await?);
    let last = read.iter().map(|update| update.slot).max();
    let doubtful: Vec<(String, i64)> = (doubtful.into_iter())
        .map(|game| (game, last.unwrap_or_default()))
        .collect();
    incomplete::note_untold(&mut transaction, &doubtful).await?;
    let unseen: BTreeSet<String> = unseen.into_iter().collect();
    let closed = read
        .iter()
        .filter(|update| update.is_closed() && !unseen.contains(&update.address.to_string()));
    let (addresses, slots): (Vec<String>, Vec<i64>) = closed
        .map(|update| (update.address.to_string(), update.slot))
        .unzip();
    for table in TABLES {
        let closed = forks::close(&mut transaction, table, &addresses, &slots).await?;
        restored.rows.push((table, closed));
    }
    let all = restored.rows.iter().map(|(_, rows)| *rows);
    restored.restored = all.fold(0, u64::saturating_add);
    draw_games::drop_slots(&mut transaction, dropped).await?;
    again::after_fork(&mut transaction, &gone, &touched).await?;
    let counts = [restored.restored, restored.deleted, restored.transactions];
    forks::record(&mut transaction, dropped, counts).await?;
    transaction.commit().await?;
    Ok(restored)
}
