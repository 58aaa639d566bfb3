//! What a ledger knows.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Instant,
};

use lottery_client::clock::CLOCK;
use serde_json::{Value, json};
use solana_account::Account;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

use super::{
    Arrival, Fate, Landing, RpcError, Sent, Simulation,
    chain::{Chain, Level},
    subscriptions::Subscriptions,
};

/// Slots that a status is remembered without searching the history: about the two
/// minutes of a real node.
const RECENT_SLOTS: u64 = 300;

/// What a slot adds to the chain's clock, however fast slots are made.
const SLOT_MILLIS: i64 = 400;

pub(super) struct State {
    pub chain: Chain,
    pub accounts: BTreeMap<Pubkey, Account>,
    pub scripts: Scripts,
    pub recent_slots: u64,
    /// The chain's clock: a slot, and its time (unix seconds).
    pub clock: Option<(u64, i64)>,
    /// Transactions that were no transactions, or not signed by whom they name.
    pub malformed: u64,
    pub subscriptions: Subscriptions,
    /// In the order they first came.
    pub followed: Vec<Followed>,
    by_bytes: HashMap<Vec<u8>, usize>,
    by_signature: HashMap<Signature, usize>,
}

type Script<A, B> = Option<Arc<dyn Fn(&A) -> B + Send + Sync>>;
type Answer = Arc<dyn Fn(&Value) -> Result<Value, RpcError> + Send + Sync>;

/// What tests decided in advance.
#[derive(Default)]
pub(super) struct Scripts {
    pub fates: VecDeque<Fate>,
    pub fate: Script<Sent, Fate>,
    pub simulation: Script<VersionedTransaction, Simulation>,
    pub priority_fees: Script<[Pubkey], Vec<u64>>,
    pub answers: HashMap<String, Answer>,
}

pub(super) struct Followed {
    pub sent: Sent,
    fate: Fate,
    /// The slot from which on it lands.
    due: Option<u64>,
    fork: Fork,
}

/// The fork that a transaction is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fork {
    /// The one that wins.
    Main,
    /// One that is abandoned at this slot.
    Losing { until: u64 },
}

impl State {
    pub fn new(seed: u64) -> Self {
        Self {
            chain: Chain::new(seed),
            accounts: BTreeMap::new(),
            scripts: Scripts::default(),
            recent_slots: RECENT_SLOTS,
            clock: None,
            malformed: 0,
            subscriptions: Subscriptions::default(),
            followed: Vec::new(),
            by_bytes: HashMap::new(),
            by_signature: HashMap::new(),
        }
    }

    /// The next slot, with a block.
    pub fn produce(&mut self) {
        self.chain.produce();
        self.settle();
        self.announce_clock();
        self.announce_slot();
    }

    /// The next slot, without a block.
    pub fn skip(&mut self) {
        self.chain.skip();
        self.announce_clock();
        self.announce_slot();
    }

    /// Writes the clock's account, if there is to be one.
    pub fn announce_clock(&mut self) {
        let Some((since, time)) = self.clock else {
            return;
        };
        // Accounts do not differ by commitment here; it is read as confirmed.
        let slot = self.chain.slot(Level::Confirmed);
        let millis = i64::try_from(slot.saturating_sub(since)).unwrap_or(0) * SLOT_MILLIS;
        let mut data = vec![0; 40];
        if let Some(field) = data.first_chunk_mut() {
            *field = slot.to_le_bytes();
        }
        if let Some(field) = data.last_chunk_mut() {
            *field = (time + millis / 1_000).to_le_bytes();
        }
        let account = Account {
            lamports: 1,
            data,
            ..Account::default()
        };
        self.set_account(CLOCK, account);
    }

    /// Whether these bytes came before.
    pub fn knows(&self, bytes: &[u8]) -> bool {
        self.by_bytes.contains_key(bytes)
    }

    /// A transaction as it is when it comes for the first time.
    pub fn unseen(&self, bytes: Vec<u8>, transaction: VersionedTransaction) -> Sent {
        Sent {
            signature: transaction.signatures.first().copied().unwrap_or_default(),
            bytes,
            transaction,
            arrivals: Vec::new(),
            landing: None,
        }
    }

    /// Takes a transaction in, with this fate if it came for the first time.
    pub fn arrive(&mut self, sent: Sent, fate: Fate) {
        let index = match self.by_bytes.get(&sent.bytes) {
            Some(index) => *index,
            None => {
                let index = self.followed.len();
                self.by_bytes.insert(sent.bytes.clone(), index);
                self.by_signature.insert(sent.signature, index);
                self.followed.push(Followed {
                    sent,
                    fate,
                    due: None,
                    fork: Fork::Main,
                });
                index
            }
        };
        let slot = self.chain.slot(Level::Processed);
        if let Some(followed) = self.followed.get_mut(index) {
            followed.arrive(slot);
        }
        self.settle();
        self.announce_signatures();
    }

    /// Lands what is due and abandons what is on a losing fork.
    fn settle(&mut self) {
        let slot = self.chain.slot(Level::Processed);
        for followed in &mut self.followed {
            let blockhash = followed.sent.transaction.message.recent_blockhash();
            if followed.due.is_some_and(|due| due <= slot) {
                followed.due = None;
                if self.chain.accepts(blockhash) {
                    followed.land(slot);
                }
            }
            followed.abandon(slot);
        }
    }

    /// How sure it is that a transaction landed.
    fn level(&self, followed: &Followed, landing: &Landing) -> Level {
        let reached = |level| self.chain.slot(level) >= landing.slot;
        match followed.fork {
            Fork::Losing { .. } => Level::Processed,
            Fork::Main if reached(Level::Finalized) => Level::Finalized,
            Fork::Main if reached(Level::Confirmed) => Level::Confirmed,
            Fork::Main => Level::Processed,
        }
    }

    /// Where a transaction landed, and how sure that is.
    pub fn landing(&self, signature: &Signature) -> Option<(&Landing, Level)> {
        let followed = self.followed.get(*self.by_signature.get(signature)?)?;
        let landing = followed.sent.landing.as_ref()?;
        Some((landing, self.level(followed, landing)))
    }

    /// As `getSignatureStatuses` has it.
    pub fn status(&self, signature: &Signature, search_history: bool) -> Option<Value> {
        let (landing, level) = self.landing(signature)?;
        let age = self.chain.slot(Level::Processed) - landing.slot;
        if age > self.recent_slots && !search_history {
            return None;
        }
        let status = match &landing.error {
            None => json!({ "Ok": null }),
            Some(error) => json!({ "Err": error }),
        };
        Some(json!({
            "slot": landing.slot,
            "confirmations": (level != Level::Finalized).then_some(age),
            "err": landing.error,
            "status": status,
            "confirmationStatus": level.name(),
        }))
    }
}

impl Followed {
    fn arrive(&mut self, slot: u64) {
        let at = Instant::now();
        self.sent.arrivals.push(Arrival { slot, at });
        if self.sent.landing.is_some() || self.due.is_some() {
            return;
        }
        self.due = match self.fate {
            Fate::Land { after } | Fate::Fail { after, .. } | Fate::Forked { after, .. } => {
                Some(slot + after)
            }
            Fate::LandOnSend { nth, after } if self.sent.arrivals.len() >= nth => {
                Some(slot + after)
            }
            Fate::LandOnSend { .. } | Fate::Never => None,
        };
    }

    fn land(&mut self, slot: u64) {
        self.sent.landing = Some(Landing {
            slot,
            error: self.fate.error().cloned(),
        });
        if let Fate::Forked { after, lasts } = self.fate {
            self.fork = Fork::Losing {
                until: slot + lasts,
            };
            // The second time is for good.
            self.fate = Fate::Land { after };
        }
    }

    fn abandon(&mut self, slot: u64) {
        if let Fork::Losing { until } = self.fork
            && until <= slot
        {
            self.fork = Fork::Main;
            self.sent.landing = None;
        }
    }
}
