//! The handle on what happens on a scripted chain.

use std::{fmt, sync::Arc};

use solana_pubkey::Pubkey;
use yellowstone_grpc_proto::geyser::{
    CommitmentLevel, SubscribeUpdatePing, subscribe_update::UpdateOneof,
};

use super::{ScriptedAccount, ScriptedTransaction, state::State};
use crate::{scripted_rpc::Depths, watched::Watched};

/// The handle that tests hold. All clones are one and the same.
#[derive(Clone)]
pub struct GeyserChain {
    state: Arc<Watched<State>>,
}

impl fmt::Debug for GeyserChain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GeyserChain")
            .finish_non_exhaustive()
    }
}

impl GeyserChain {
    pub(super) fn new(slot: u64) -> Self {
        Self {
            state: Arc::new(Watched::new(State::new(slot))),
        }
    }

    // Slots, one after the other.

    /// Begins the next slot, on the newest block; returns it.
    pub fn open(&self) -> u64 {
        self.change(|state| {
            let (slot, parent) = (state.newest() + 1, state.slot(CommitmentLevel::Processed));
            state.begin(slot, parent);
            slot
        })
    }

    /// Ends a slot: its block is whole, the next one builds on it, and ancestors are
    /// confirmed and finalized by the depths.
    pub fn seal(&self, slot: u64) {
        self.change(|state| {
            state.freeze(slot);
            state.settle();
        });
    }

    /// Goes on by this many slots with empty blocks.
    pub fn advance(&self, slots: u64) {
        for _ in 0..slots {
            self.seal(self.open());
        }
    }

    /// Leaves so many slots out: their leaders did not produce.
    pub fn skip(&self, slots: u64) {
        self.change(|state| state.skip(slots));
    }

    /// Decides how far commitments are behind.
    pub fn set_depths(&self, depths: Depths) {
        self.change(|state| state.depths = depths);
    }

    // Slots by hand.

    /// Begins a slot on any block: two with one parent are a fork.
    pub fn begin(&self, slot: u64, parent: u64) {
        self.change(|state| state.begin(slot, parent));
    }

    /// Ends a slot, and leaves commitments as they are.
    pub fn freeze(&self, slot: u64) {
        self.change(|state| state.freeze(slot));
    }

    /// Two thirds of the stake voted for the slot.
    pub fn confirm(&self, slot: u64) {
        self.change(|state| state.reach(slot, CommitmentLevel::Confirmed));
    }

    /// The slot cannot be undone.
    pub fn finalize(&self, slot: u64) {
        self.change(|state| state.reach(slot, CommitmentLevel::Finalized));
    }

    /// The slot is dropped, and told as dead.
    pub fn kill(&self, slot: u64) {
        self.change(|state| state.kill(slot));
    }

    /// Decides a block's time (unix seconds); at first it is the slot's number of
    /// seconds after a fixed day.
    pub fn set_time(&self, slot: u64, time: Option<i64>) {
        self.change(|state| state.set_time(slot, time));
    }

    // What happens in them.

    /// Writes an account in a slot that was begun; returns the write's number.
    pub fn put(&self, slot: u64, account: ScriptedAccount) -> u64 {
        self.change(|state| state.put(slot, account))
    }

    /// Closes an account: it is the system program's, and has nothing.
    pub fn close(&self, slot: u64, address: Pubkey) -> u64 {
        let nothing = ScriptedAccount {
            address,
            lamports: 0,
            owner: Pubkey::default(),
            data: Vec::new(),
        };
        self.put(slot, nothing)
    }

    /// Executes a transaction in a slot that was begun. What it does to accounts is told
    /// by [`put`](Self::put).
    pub fn transact(&self, slot: u64, transaction: ScriptedTransaction) {
        self.change(|state| state.transact(slot, transaction));
    }

    // What is kept and told.

    /// Slots before this one can no longer be had again.
    pub fn forget_before(&self, slot: u64) {
        self.change(|state| state.replay_from = Some(slot));
    }

    /// Nothing can be had again: the server's operator did not configure it.
    pub fn forbid_replay(&self) {
        self.change(|state| state.replay_from = None);
    }

    /// Tells commitments alone, as servers did before they knew of lifecycles.
    pub fn hide_lifecycle(&self) {
        self.change(|state| state.lifecycle = false);
    }

    /// Sends every stream a ping.
    pub fn ping(&self) {
        let ping = UpdateOneof::Ping(SubscribeUpdatePing {});
        self.change(|state| state.subscribers.publish(None, &ping));
    }

    /// Decides how many messages may wait for a client before it is disconnected for
    /// being slow; at first without limit.
    pub fn set_capacity(&self, messages: usize) {
        self.change(|state| state.subscribers.capacity = messages);
    }

    // What is so.

    /// The newest slot of a commitment.
    pub fn slot(&self, level: CommitmentLevel) -> u64 {
        self.read(|state| state.slot(level))
    }

    /// The accounts that exist at the end of a slot, by address.
    pub fn accounts(&self, slot: u64) -> Vec<ScriptedAccount> {
        self.read(|state| state.accounts(slot).into_values().collect())
    }

    /// Waits until something holds that depends on the chain alone.
    pub async fn until(&self, holds: impl Fn(&Self) -> bool) {
        self.state.until(|| holds(self)).await;
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        self.state.read(read)
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.state.change(change)
    }
}
