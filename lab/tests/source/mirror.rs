//! What a reader makes of events, and what must hold of any.

use std::collections::{BTreeMap, BTreeSet};

use lottery_indexer::source::{AccountUpdate, Event, SlotStatus, SlotUpdate, TransactionUpdate};
use solana_pubkey::Pubkey;
use solana_signature::Signature;

/// The contents of accounts that are there.
pub type Contents = BTreeMap<Pubkey, Vec<u8>>;

pub fn contents(accounts: &[AccountUpdate]) -> Contents {
    let contents = accounts.iter().map(|a| (a.address, a.data.clone()));
    contents.collect()
}

/// The accounts as a reader has them in the end, who forgets what happened in `dropped`
/// slots.
pub fn mirror(events: &[Event], dropped: &[i64]) -> Contents {
    let mut rows: BTreeMap<Pubkey, AccountUpdate> = BTreeMap::new();
    let mut present = BTreeSet::new();
    let put = |rows: &mut BTreeMap<Pubkey, AccountUpdate>, update: &AccountUpdate| {
        let known = rows.get(&update.address);
        if known.is_none_or(|known| known.order() <= update.order()) {
            rows.insert(update.address, update.clone());
        }
    };
    for event in events {
        match event {
            Event::Begin => present.clear(),
            Event::Part(accounts) => {
                for account in accounts {
                    put(&mut rows, account);
                    present.insert(account.address);
                }
            }
            Event::Complete { slot } => {
                for row in rows.values_mut() {
                    if row.slot <= *slot && !present.contains(&row.address) {
                        *row = AccountUpdate::closed(row.address, *slot);
                    }
                }
                present.clear();
            }
            Event::Account(update) if !dropped.contains(&update.slot) => put(&mut rows, update),
            _ => {}
        }
    }
    rows.retain(|_, row| !row.is_closed());
    rows.into_iter()
        .map(|(address, row)| (address, row.data))
        .collect()
}

pub fn transactions(events: &[Event]) -> Vec<&TransactionUpdate> {
    let transactions = events.iter().filter_map(|event| match event {
        Event::Transaction(transaction) => Some(&**transaction),
        _ => None,
    });
    transactions.collect()
}

pub fn signatures(events: &[Event]) -> Vec<Signature> {
    transactions(events).iter().map(|t| t.signature).collect()
}

pub fn slots(events: &[Event]) -> Vec<SlotUpdate> {
    let slots = events.iter().filter_map(|event| match event {
        Event::Slot(update) => Some(*update),
        _ => None,
    });
    slots.collect()
}

pub fn snapshots(events: &[Event]) -> Vec<i64> {
    let snapshots = events.iter().filter_map(|event| match event {
        Event::Complete { slot } => Some(*slot),
        _ => None,
    });
    snapshots.collect()
}

/// What holds of events whatever happens to the stream: progress only grows, nothing
/// follows that it already covered, and a slot's fate comes once, in order, and after
/// what happened in the slot.
pub fn assert_orderly(events: &[Event]) {
    let mut progress = None;
    let mut fates: BTreeMap<i64, SlotStatus> = BTreeMap::new();
    for event in events {
        let happened = match event {
            Event::Account(update) => Some(update.slot),
            Event::Transaction(update) => Some(update.slot),
            Event::Slot(update) => {
                let before = fates.insert(update.slot, update.status);
                assert!(before < Some(update.status), "{update:?} after {before:?}");
                None
            }
            Event::Progress { applied, chain } => {
                assert!(Some(*applied) >= progress && applied <= chain, "{event:?}");
                progress = Some(*applied);
                None
            }
            _ => None,
        };
        if let Some(slot) = happened {
            assert!(
                Some(slot) > progress,
                "{event:?} after {progress:?} was applied"
            );
            assert!(
                !fates.contains_key(&slot),
                "{event:?} after its slot's fate"
            );
        }
    }
}
