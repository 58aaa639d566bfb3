//! A slot, and what happened in it.

use std::collections::BTreeMap;

use solana_pubkey::Pubkey;
use yellowstone_grpc_proto::{
    geyser::{
        CommitmentLevel, SlotStatus, SubscribeUpdateBlockMeta, SubscribeUpdateSlot,
        subscribe_update::UpdateOneof,
    },
    solana::storage::confirmed_block::{BlockHeight, UnixTimestamp},
};

/// Unix time of slot 0.
const FIRST_TIME: i64 = 1_700_000_000;

#[derive(Clone, Debug)]
pub(super) struct Block {
    pub slot: u64,
    pub parent: u64,
    /// Unix seconds.
    pub time: Option<i64>,
    /// Accounts and transactions in the order they happened.
    pub content: Vec<UpdateOneof>,
    pub transactions: u64,
    /// What was told of it, in that order.
    pub statuses: Vec<SlotStatus>,
}

impl Block {
    pub fn new(slot: u64, parent: u64) -> Self {
        Self {
            slot,
            parent,
            time: i64::try_from(slot).ok().map(|slot| FIRST_TIME + slot),
            content: Vec::new(),
            transactions: 0,
            statuses: Vec::new(),
        }
    }

    pub fn is(&self, status: SlotStatus) -> bool {
        self.statuses.contains(&status)
    }

    pub fn meta(&self) -> UpdateOneof {
        UpdateOneof::BlockMeta(SubscribeUpdateBlockMeta {
            slot: self.slot,
            blockhash: Pubkey::new_from_array([1; 32]).to_string(),
            block_time: self.time.map(|timestamp| UnixTimestamp { timestamp }),
            block_height: Some(BlockHeight {
                block_height: self.slot,
            }),
            parent_slot: self.parent,
            executed_transaction_count: self.transactions,
            ..SubscribeUpdateBlockMeta::default()
        })
    }

    pub fn status(&self, status: SlotStatus) -> UpdateOneof {
        let dead = status == SlotStatus::SlotDead;
        UpdateOneof::Slot(SubscribeUpdateSlot {
            slot: self.slot,
            parent: Some(self.parent),
            status: status.into(),
            dead_error: dead.then(|| "invalid block".to_owned()),
            bank_id: None,
        })
    }

    /// The contents as they are sent when all of them are known: of each account the
    /// last write alone.
    pub fn settled(&self) -> Vec<UpdateOneof> {
        let mut last: BTreeMap<&[u8], u64> = BTreeMap::new();
        let accounts = || self.content.iter().filter_map(written);
        for (address, version) in accounts() {
            let newest = last.entry(address).or_default();
            *newest = version.max(*newest);
        }
        let kept = self.content.iter().filter(|update| {
            written(update).is_none_or(|(address, version)| last.get(address) == Some(&version))
        });
        kept.cloned().collect()
    }
}

fn written(update: &UpdateOneof) -> Option<(&[u8], u64)> {
    match update {
        UpdateOneof::Account(update) => {
            let account = update.account.as_ref()?;
            Some((&account.pubkey, account.write_version))
        }
        _ => None,
    }
}

/// The status that says that a slot got this far.
pub(super) fn status_of(level: CommitmentLevel) -> SlotStatus {
    match level {
        CommitmentLevel::Processed => SlotStatus::SlotProcessed,
        CommitmentLevel::Confirmed => SlotStatus::SlotConfirmed,
        CommitmentLevel::Finalized => SlotStatus::SlotFinalized,
    }
}
