//! The handle on what a scripted node knows.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use solana_account::Account;
use solana_hash::Hash;
use solana_pubkey::Pubkey;
use solana_transaction::versioned::VersionedTransaction;
use tokio::{task::AbortHandle, time::MissedTickBehavior};

use super::{Depths, Fate, RpcError, Sent, Simulation, chain::Level, state::State};
use crate::{lock::lock, watched::Watched};

/// The handle that tests hold. All clones are one and the same. Scripts may use it.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    state: Watched<State>,
    clock: Mutex<Option<AbortHandle>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(clock) = lock(&self.clock).take() {
            clock.abort();
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ledger").finish_non_exhaustive()
    }
}

impl Ledger {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            inner: Arc::new(Inner {
                state: Watched::new(State::new(seed)),
                clock: Mutex::default(),
            }),
        }
    }

    // Time.

    /// Goes on by this many slots, each with a block.
    pub fn advance(&self, slots: u64) {
        self.change(|state| (0..slots).for_each(|_| state.produce()));
    }

    /// Goes on by this many slots without blocks: nothing lands, and the block height
    /// stays.
    pub fn skip(&self, slots: u64) {
        self.change(|state| (0..slots).for_each(|_| state.skip()));
    }

    /// Goes back by this many slots: the node was started again with what it had stored, and
    /// catches up as it goes on. Its accounts stay, and its WebSockets are the test's to cut.
    pub fn go_back(&self, slots: u64) {
        self.change(|state| state.chain.go_back(slots));
    }

    /// Goes on by one slot whenever this much time has passed. Must be called within a
    /// tokio runtime.
    pub fn run_clock(&self, slot: Duration) {
        let weak = Arc::downgrade(&self.inner);
        let clock = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(slot);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                let Some(inner) = weak.upgrade() else { return };
                Self { inner }.advance(1);
            }
        });
        self.set_clock(Some(clock.abort_handle()));
    }

    /// Stops the clock.
    pub fn stop_clock(&self) {
        self.set_clock(None);
    }

    fn set_clock(&self, clock: Option<AbortHandle>) {
        if let Some(former) = std::mem::replace(&mut *lock(&self.inner.clock), clock) {
            former.abort();
        }
    }

    /// Shows the chain's clock from now on: the account of that name, at this time now (unix
    /// seconds), and 400 ms later with every slot.
    pub fn show_clock(&self, now: i64) {
        self.change(|state| {
            state.clock = Some((state.chain.slot(Level::Confirmed), now));
            state.announce_clock();
        });
    }

    /// The newest slot.
    pub fn slot(&self) -> u64 {
        self.read(|state| state.chain.slot(Level::Processed))
    }

    /// The newest block's height, which is not its slot.
    pub fn block_height(&self) -> u64 {
        self.read(|state| state.chain.newest().height)
    }

    /// The newest block's hash.
    pub fn blockhash(&self) -> Hash {
        self.read(|state| state.chain.newest().hash)
    }

    /// Decides how far commitments are behind.
    pub fn set_depths(&self, depths: Depths) {
        self.change(|state| state.chain.depths = depths);
    }

    /// Decides how many slots a status is known without a search of the history; 300 at
    /// first.
    pub fn set_recent_slots(&self, slots: u64) {
        self.change(|state| state.recent_slots = slots);
    }

    // Transactions.

    /// Decides what becomes of the next transactions that come for the first time, in
    /// order, after those decided already.
    pub fn next_fates(&self, fates: impl IntoIterator<Item = Fate>) {
        self.change(|state| state.scripts.fates.extend(fates));
    }

    /// Decides what becomes of every transaction for which
    /// [`next_fates`](Self::next_fates) has nothing left. Without, they land in the
    /// next slot.
    pub fn script_fates(&self, fate: impl Fn(&Sent) -> Fate + Send + Sync + 'static) {
        self.change(|state| state.scripts.fate = Some(Arc::new(fate)));
    }

    /// Decides what all simulations find.
    pub fn simulate_as(&self, simulation: Simulation) {
        self.script_simulations(move |_| simulation.clone());
    }

    /// Decides what each simulation finds.
    pub fn script_simulations(
        &self,
        simulation: impl Fn(&VersionedTransaction) -> Simulation + Send + Sync + 'static,
    ) {
        self.change(|state| state.scripts.simulation = Some(Arc::new(simulation)));
    }

    /// Decides what `getRecentPrioritizationFees` answers for some accounts: the fees of
    /// the latest slots, newest first (micro-lamports per compute unit). Without, there
    /// are none.
    pub fn script_priority_fees(
        &self,
        fees: impl Fn(&[Pubkey]) -> Vec<u64> + Send + Sync + 'static,
    ) {
        self.change(|state| state.scripts.priority_fees = Some(Arc::new(fees)));
    }

    /// Every different transaction that was sent, in the order they first came.
    pub fn sent(&self) -> Vec<Sent> {
        self.read(|state| state.followed.iter().map(|f| f.sent.clone()).collect())
    }

    /// How many different transactions were sent.
    pub fn different(&self) -> usize {
        self.read(|state| state.followed.len())
    }

    /// How many times transactions were sent, different or not.
    pub fn arrivals(&self) -> usize {
        self.read(|state| state.followed.iter().map(|f| f.sent.arrivals.len()).sum())
    }

    /// How many transactions have landed, successfully or not.
    pub fn landed(&self) -> usize {
        let landed = |state: &State| {
            let landed = state.followed.iter().filter(|f| f.sent.landing.is_some());
            landed.count()
        };
        self.read(landed)
    }

    /// How often something came that was no transaction, or was not signed by whom it
    /// names.
    pub fn malformed(&self) -> u64 {
        self.read(|state| state.malformed)
    }

    // Accounts.

    /// Sets an account, and tells who subscribed.
    pub fn set_account(&self, address: Pubkey, account: Account) {
        self.change(|state| state.set_account(address, account));
    }

    /// Removes an account. As with a real node, those who subscribed to its program are
    /// not told.
    pub fn remove_account(&self, address: &Pubkey) {
        self.change(|state| state.remove_account(address));
    }

    // Everything else.

    /// Answers a method like this, in place of what the node would answer. A subscription
    /// can only be refused.
    pub fn answer(
        &self,
        method: impl Into<String>,
        answer: impl Fn(&Value) -> Result<Value, RpcError> + Send + Sync + 'static,
    ) {
        let (method, answer) = (method.into(), Arc::new(answer));
        self.change(|state| state.scripts.answers.insert(method, answer));
    }

    /// Waits until something holds that depends on the ledger alone.
    pub async fn until(&self, holds: impl Fn(&Self) -> bool) {
        self.inner.state.until(|| holds(self)).await;
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        self.inner.state.read(read)
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.inner.state.change(change)
    }
}
