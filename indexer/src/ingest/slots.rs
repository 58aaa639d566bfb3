//! What becomes of slots: as a rule it is written with what arrived beside it; where
//! something is taken back, all of it in its order.

use super::{
    Ingest,
    forks::{self, Forks},
    persist::{Attempts, persist},
    prepare::{Gathered, Prepared},
    restore,
};
use crate::{
    error::IngestError,
    source::{SlotStatus, SlotUpdate},
    store::{watermark, writer::WriterError},
    telemetry,
};

/// How far the chain is settled after what is written: the confirmed and the finalized slot,
/// where they change.
pub(super) type Settled = Option<(Option<i64>, Option<i64>)>;

/// What a slot's fate takes back. What is confirmed is, to those who ask for that alone, all
/// that they ever hear of.
fn note(forks: &mut Forks, update: SlotUpdate, commitment: SlotStatus) -> forks::Settled {
    let settled = forks.note(update);
    match update.status <= commitment {
        true => forks::Settled::default(),
        false => settled,
    }
}

impl Ingest {
    /// How far the chain is settled after all of this, if nothing of it is taken back.
    pub(super) fn foresee(&self, gathered: &Gathered) -> Option<Settled> {
        if gathered.slots.is_empty() {
            return Some(None);
        }
        let mut forks = self.forks.outline();
        // As after the write, but for the accounts, on which nothing of this depends.
        for update in &gathered.accounts {
            forks.hear(update.slot, update.address);
        }
        for transaction in &gathered.transactions {
            forks.touch(transaction.slot, None);
        }
        for told in &gathered.slots {
            let settled = note(&mut forks, told.update, self.wiring.commitment);
            if settled != forks::Settled::default() {
                return None;
            }
            forks.done(told.update, &[]);
        }
        let settled = forks.settled();
        Some((settled != self.forks.settled()).then_some(settled))
    }

    /// A slot's fate that takes nothing back, and is in the tables.
    pub(super) fn pass(&mut self, update: SlotUpdate) {
        note(&mut self.forks, update, self.wiring.commitment);
        self.forks.done(update, &[]);
        let (_, finalized) = self.forks.settled();
        self.snapshots.retain(|slot| Some(*slot) > finalized);
    }

    /// Writes what came before each slot's fate, then takes back what that drops.
    pub(super) async fn write_in_turn(&mut self, gathered: Gathered) -> Result<(), IngestError> {
        let (parts, last) = gathered.split();
        for (before, update) in parts {
            if !before.is_empty() {
                self.write_all(&Prepared::of(before), None).await?;
            }
            self.settle(update).await?;
        }
        if !last.is_empty() {
            self.write_all(&Prepared::of(last), None).await?;
        }
        Ok(())
    }

    /// Takes back what a slot's fate drops.
    async fn settle(&mut self, update: SlotUpdate) -> Result<(), IngestError> {
        let mut settled = note(&mut self.forks, update, self.wiring.commitment);
        if !settled.unsure.is_empty() {
            let Some(asked) = restore::ask(&self.wiring, &settled.unsure, update).await else {
                return Ok(());
            };
            settled.dropped.extend(asked);
        }
        if !settled.dropped.is_empty() && !self.restore(update, &settled.dropped).await? {
            return Ok(());
        }
        let before = self.forks.settled();
        self.forks.done(update, &settled.dropped);
        let (confirmed, finalized) = self.forks.settled();
        if (confirmed, finalized) != before {
            persist!(self, connection => watermark::settled(connection, confirmed, finalized))?;
            self.snapshots.retain(|slot| Some(*slot) > finalized);
        }
        Ok(())
    }

    /// `false` when the indexer stops before it is done.
    async fn restore(&mut self, update: SlotUpdate, dropped: &[i64]) -> Result<bool, IngestError> {
        tracing::warn!(
            ?dropped,
            "a fork dropped slots; taking back what they brought"
        );
        let accounts: Vec<_> = self.forks.accounts(dropped).into_iter().collect();
        let Some(read) = restore::read(&self.wiring, &accounts, update.slot).await else {
            // What is left is found at the next start.
            return Ok(false);
        };
        let restored = persist!(self, connection => restore::restore(connection, dropped, &read))?;
        tracing::info!(?dropped, ?restored, "taken back");
        telemetry::slots_dropped(u64::try_from(dropped.len()).unwrap_or(u64::MAX));
        for (table, rows) in &restored.rows {
            telemetry::rows_reverted(table, *rows);
        }
        if restored.newer > 0 || self.snapshots.iter().any(|slot| dropped.contains(slot)) {
            self.wiring.again.notify_one();
        }
        self.wiring.changed.notify_one();
        Ok(true)
    }
}
