//! What a scripted chain consists of.

use std::collections::BTreeMap;

use solana_pubkey::Pubkey;
use yellowstone_grpc_proto::{
    geyser::{
        CommitmentLevel, SlotStatus, SubscribeUpdateAccount, SubscribeUpdateAccountInfo,
        SubscribeUpdateTransaction, subscribe_update::UpdateOneof,
    },
    tonic::Status,
};

use super::{
    ScriptedTransaction,
    block::{Block, status_of},
    filter::Filter,
    publish::Subscribers,
};
use crate::scripted_rpc::Depths;

/// An account's contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptedAccount {
    pub address: Pubkey,
    pub lamports: u64,
    pub owner: Pubkey,
    pub data: Vec<u8>,
}

pub(super) struct State {
    blocks: BTreeMap<u64, Block>,
    newest: u64,
    /// What the next slot builds on.
    tip: u64,
    confirmed: u64,
    finalized: u64,
    write_version: u64,
    /// Oldest slot that can be had again; `None` where none can.
    pub replay_from: Option<u64>,
    /// Whether lifecycle statuses are told.
    pub lifecycle: bool,
    pub depths: Depths,
    pub subscribers: Subscribers,
}

impl State {
    /// Begins after a slot; it is final.
    pub fn new(slot: u64) -> Self {
        let mut base = Block::new(slot, slot.saturating_sub(1));
        base.statuses = vec![
            SlotStatus::SlotProcessed,
            SlotStatus::SlotConfirmed,
            SlotStatus::SlotFinalized,
        ];
        Self {
            blocks: BTreeMap::from([(slot, base)]),
            newest: slot,
            tip: slot,
            confirmed: slot,
            finalized: slot,
            write_version: 0,
            replay_from: Some(slot),
            lifecycle: true,
            depths: Depths::default(),
            subscribers: Subscribers::default(),
        }
    }

    /// The slot that a commitment is at.
    pub fn slot(&self, level: CommitmentLevel) -> u64 {
        match level {
            CommitmentLevel::Processed => self.tip,
            CommitmentLevel::Confirmed => self.confirmed,
            CommitmentLevel::Finalized => self.finalized,
        }
    }

    pub fn newest(&self) -> u64 {
        self.newest
    }

    pub fn skip(&mut self, slots: u64) {
        self.newest += slots;
    }

    /// Begins a slot: its bank is created.
    pub fn begin(&mut self, slot: u64, parent: u64) {
        self.newest = self.newest.max(slot);
        self.blocks.insert(slot, Block::new(slot, parent));
        self.lifecycle(slot, SlotStatus::SlotCreatedBank);
    }

    pub fn set_time(&mut self, slot: u64, time: Option<i64>) {
        if let Some(block) = self.blocks.get_mut(&slot) {
            block.time = time;
        }
    }

    /// Writes an account; returns the write's number.
    pub fn put(&mut self, slot: u64, account: ScriptedAccount) -> u64 {
        self.write_version += 1;
        let version = self.write_version;
        self.happen(
            slot,
            UpdateOneof::Account(SubscribeUpdateAccount {
                account: Some(SubscribeUpdateAccountInfo {
                    pubkey: account.address.to_bytes().into(),
                    lamports: account.lamports,
                    owner: account.owner.to_bytes().into(),
                    executable: false,
                    rent_epoch: u64::MAX,
                    data: account.data,
                    write_version: version,
                    txn_signature: None,
                }),
                slot,
                is_startup: false,
                bank_id: Some(slot),
            }),
        );
        version
    }

    pub fn transact(&mut self, slot: u64, transaction: ScriptedTransaction) {
        let Some(block) = self.blocks.get_mut(&slot) else {
            return;
        };
        let index = block.transactions;
        block.transactions += 1;
        self.happen(
            slot,
            UpdateOneof::Transaction(SubscribeUpdateTransaction {
                transaction: Some(transaction.encode(index)),
                slot,
                bank_id: slot,
            }),
        );
    }

    fn happen(&mut self, slot: u64, update: UpdateOneof) {
        self.subscribers
            .publish(Some(CommitmentLevel::Processed), &update);
        if let Some(block) = self.blocks.get_mut(&slot) {
            block.content.push(update);
        }
    }

    /// Ends a slot: its block is whole. The next one builds on it.
    pub fn freeze(&mut self, slot: u64) {
        self.lifecycle(slot, SlotStatus::SlotCompleted);
        self.reach(slot, CommitmentLevel::Processed);
        self.tip = slot;
    }

    /// What commitments the chain's newest block brings its ancestors, by the depths.
    pub fn settle(&mut self) {
        let depths = [
            (CommitmentLevel::Confirmed, self.depths.confirmed),
            (CommitmentLevel::Finalized, self.depths.finalized),
        ];
        for (level, depth) in depths {
            let mut line = self.line(self.tip);
            line.retain(|slot| slot + depth <= self.tip);
            for slot in line {
                self.reach(slot, level);
            }
        }
    }

    /// Tells that a slot got this far, unless it was told before.
    pub fn reach(&mut self, slot: u64, level: CommitmentLevel) {
        let status = status_of(level);
        let Some(block) = self.blocks.get_mut(&slot) else {
            return;
        };
        if block.is(status) {
            return;
        }
        block.statuses.push(status);
        let block = block.clone();
        if level != CommitmentLevel::Processed {
            for update in block.settled() {
                self.subscribers.publish(Some(level), &update);
            }
        }
        self.subscribers.publish(Some(level), &block.meta());
        self.subscribers.publish(None, &block.status(status));
        match level {
            CommitmentLevel::Processed => {}
            CommitmentLevel::Confirmed => self.confirmed = self.confirmed.max(slot),
            CommitmentLevel::Finalized => self.finalized = self.finalized.max(slot),
        }
    }

    /// Drops a slot.
    pub fn kill(&mut self, slot: u64) {
        self.lifecycle(slot, SlotStatus::SlotDead);
        self.blocks.remove(&slot);
    }

    fn lifecycle(&mut self, slot: u64, status: SlotStatus) {
        let told = self.blocks.get(&slot).map(|block| block.status(status));
        if let Some(told) = told.filter(|_| self.lifecycle) {
            self.subscribers.publish(None, &told);
        }
    }

    /// A slot and its ancestors, oldest first.
    fn line(&self, slot: u64) -> Vec<u64> {
        let mut line: Vec<u64> =
            std::iter::successors(self.blocks.get(&slot), |b| self.blocks.get(&b.parent))
                .map(|block| block.slot)
                .collect();
        line.reverse();
        line
    }

    /// The accounts that exist at a slot.
    pub fn accounts(&self, slot: u64) -> BTreeMap<Pubkey, ScriptedAccount> {
        let mut accounts = BTreeMap::new();
        let line = self.line(slot);
        let content = line.iter().filter_map(|slot| self.blocks.get(slot));
        for update in content.flat_map(|block| &block.content) {
            let UpdateOneof::Account(update) = update else {
                continue;
            };
            let Some(account) = update.account.as_ref().and_then(decode) else {
                continue;
            };
            if account.lamports == 0 {
                accounts.remove(&account.address);
            } else {
                accounts.insert(account.address, account);
            }
        }
        accounts
    }

    /// A stream's filter changes, and it gets again what it asks for.
    pub fn subscribe(&mut self, id: u64, filter: Filter, from: Option<u64>) {
        let level = filter.level;
        self.subscribers.set_filter(id, filter);
        let Some(from) = from else { return };
        let Some(first) = self.replay_from else {
            let status = Status::internal("from_slot is not supported");
            return self.subscribers.end(id, status);
        };
        if from < first {
            let message =
                format!("broadcast from {from} is not available, last available: {first}");
            return self.subscribers.end(id, Status::out_of_range(message));
        }
        let status = status_of(level);
        let blocks: Vec<&Block> = self
            .blocks
            .range(from..)
            .map(|(_, block)| block)
            .filter(|block| block.is(status))
            .collect();
        if blocks.is_empty() {
            let status = Status::internal("failed to get replay response");
            return self.subscribers.end(id, status);
        }
        for block in blocks {
            for update in block.settled() {
                self.subscribers.tell(id, &update);
            }
            self.subscribers.tell(id, &block.meta());
            for status in &block.statuses {
                self.subscribers.tell(id, &block.status(*status));
            }
        }
    }
}

fn decode(info: &SubscribeUpdateAccountInfo) -> Option<ScriptedAccount> {
    Some(ScriptedAccount {
        address: Pubkey::try_from(&info.pubkey[..]).ok()?,
        lamports: info.lamports,
        owner: Pubkey::try_from(&info.owner[..]).ok()?,
        data: info.data.clone(),
    })
}
