//! A server, a node for snapshots that sees the same chain, and the source between them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt as _, StreamExt as _, stream};
use lottery_client::lottery;
use lottery_indexer::source::{
    AccountUpdate, END_OF_SLOT, Event, GeyserConfig, GeyserSource, Pieces, Snapshots, SourceError,
    geyser::GeyserServer,
};
use lottery_lab::{
    GeyserChain, ScriptedGeyser,
    scripted_geyser::{
        ScriptedAccount, ScriptedCall, ScriptedTransaction, geyser::CommitmentLevel,
    },
};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use tokio::sync::{Notify, watch};

pub use crate::source::run::{PATIENCE, Run, in_time, number};

/// A node that takes snapshots of what is confirmed.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

struct Inner {
    chain: GeyserChain,
    open: watch::Sender<bool>,
    behind: AtomicU64,
    down: AtomicBool,
    asked: watch::Sender<u64>,
    taken: watch::Sender<u64>,
}

impl Node {
    fn new(chain: GeyserChain) -> Self {
        Self(Arc::new(Inner {
            chain,
            open: watch::Sender::new(true),
            behind: AtomicU64::new(0),
            down: AtomicBool::new(false),
            asked: watch::Sender::new(0),
            taken: watch::Sender::new(0),
        }))
    }

    /// While closed, whoever wants a snapshot waits.
    pub fn set_open(&self, open: bool) {
        self.0.open.send_replace(open);
    }

    /// How many slots it is behind.
    pub fn set_behind(&self, slots: u64) {
        self.0.behind.store(slots, Ordering::Relaxed);
    }

    pub fn set_down(&self, down: bool) {
        self.0.down.store(down, Ordering::Relaxed);
    }

    /// How many snapshots it has given.
    pub fn taken(&self) -> u64 {
        *self.0.taken.borrow()
    }

    /// Waits until it was asked for its slot so many times more.
    pub async fn until_asked(&self, times: u64) {
        let mut asked = self.0.asked.subscribe();
        let before = *asked.borrow();
        in_time(asked.wait_for(|asked| *asked >= before + times))
            .await
            .unwrap();
    }

    fn confirmed(&self) -> u64 {
        let behind = self.0.behind.load(Ordering::Relaxed);
        self.0.chain.slot(CommitmentLevel::Confirmed) - behind
    }

    /// The program's accounts at a slot.
    pub fn accounts(&self, slot: u64) -> Vec<AccountUpdate> {
        let own = |account: &ScriptedAccount| account.owner == lottery::ID;
        let accounts = self.0.chain.accounts(slot).into_iter().filter(own);
        accounts
            .map(|account| AccountUpdate {
                address: account.address,
                slot: number(slot),
                write_version: END_OF_SLOT,
                lamports: account.lamports,
                owner: account.owner,
                data: account.data,
            })
            .collect()
    }
}

impl Snapshots for Node {
    async fn slot(&self) -> Result<i64, SourceError> {
        self.0.asked.send_modify(|asked| *asked += 1);
        if self.0.down.load(Ordering::Relaxed) {
            return Err(SourceError::Timeout(1));
        }
        Ok(number(self.confirmed()))
    }

    fn take(&self, _: i64) -> Pieces {
        let node = self.clone();
        let pieces = async move {
            let mut open = node.0.open.subscribe();
            open.wait_for(|open| *open).await.unwrap();
            let slot = node.confirmed();
            node.0.taken.send_modify(|taken| *taken += 1);
            let accounts = node.accounts(slot);
            let slot = number(slot);
            stream::iter([
                Ok(Event::Begin),
                Ok(Event::Part(accounts)),
                Ok(Event::Complete { slot }),
            ])
        };
        pieces.flatten_stream().boxed()
    }
}

pub struct Stage {
    pub server: ScriptedGeyser,
    pub node: Node,
    commitment: CommitmentConfig,
    pub again: Arc<Notify>,
}

impl Stage {
    pub async fn set(commitment: CommitmentConfig) -> Self {
        Self::of(ScriptedGeyser::start(7).await.unwrap(), commitment)
    }

    /// Of a server.
    pub fn of(server: ScriptedGeyser, commitment: CommitmentConfig) -> Self {
        Self {
            node: Node::new(server.chain.clone()),
            server,
            commitment,
            again: Arc::default(),
        }
    }

    pub fn chain(&self) -> &GeyserChain {
        &self.server.chain
    }

    /// The server by another address; nobody vouches for it.
    pub fn at(&self, url: &str) -> GeyserServer {
        GeyserServer {
            url: url.parse().unwrap(),
            token: None,
            authorities: None,
        }
    }

    /// The server, shown a token.
    pub fn with_token(&self, token: &str) -> GeyserServer {
        GeyserServer {
            token: Some(token.parse().unwrap()),
            ..self.at(&self.server.url())
        }
    }

    /// Patient with what is slow, and quick to look again.
    pub fn config(&self) -> GeyserConfig {
        GeyserConfig {
            server: self.at(&self.server.url()),
            commitment: self.commitment,
            connect_timeout: PATIENCE,
            keep_alive: PATIENCE,
            silence: PATIENCE,
            slot_interval: Duration::from_millis(10),
            snapshot_interval: Duration::from_secs(3_600),
            again: Arc::clone(&self.again),
            known_slot: None,
            finalized_slot: None,
        }
    }

    pub fn run(&self) -> Run {
        self.run_with(self.config(), 64)
    }

    pub fn run_with(&self, config: GeyserConfig, capacity: usize) -> Run {
        Run::of(GeyserSource::new(config, self.node.clone()), capacity)
    }

    /// Goes on until a slot that is new was applied; returns it. Whoever is between two
    /// streams misses what is played once.
    pub async fn play_until_applied(&self, run: &mut Run) -> u64 {
        let level = CommitmentLevel::Confirmed;
        let new = number(self.chain().slot(level) + 1);
        let applied = |seen: &[Event]| {
            let last = seen.iter().rev().find_map(|event| match event {
                Event::Progress { applied, .. } => Some(*applied),
                _ => None,
            });
            last.is_some_and(|applied| applied >= new)
        };
        in_time(async {
            while !applied(&run.seen) {
                tokio::select! {
                    event = run.events.recv() => run.seen.push(event.unwrap()),
                    () = self.node.until_asked(3) => self.play(1),
                }
            }
        })
        .await;
        let last = self.chain().slot(level);
        run.until_applied(last).await;
        last
    }

    /// Runs, and waits until the server knows.
    pub async fn run_subscribed(&self) -> Run {
        let run = self.run();
        self.subscribed(1).await;
        run
    }

    pub async fn subscribed(&self, times: u64) {
        let streams = &self.server.streams;
        in_time(streams.until(|streams| streams.subscribed() >= times)).await;
    }

    /// Goes on by this many slots; each writes one account that is always the same and one
    /// that is new, in a transaction.
    pub fn play(&self, slots: u64) {
        for _ in 0..slots {
            let slot = self.chain().open();
            self.fill(slot);
            self.chain().seal(slot);
        }
    }

    /// What happens in each slot of a play.
    pub fn fill(&self, slot: u64) {
        let data = slot.to_le_bytes();
        self.chain().put(slot, account(0, &data));
        self.chain().put(slot, account(slot, &data));
        self.chain().transact(slot, transaction(slot));
    }
}

/// An account of the program; numbers make addresses.
pub fn account(address: u64, data: &[u8]) -> ScriptedAccount {
    ScriptedAccount {
        address: address_of(address),
        lamports: 1_000,
        owner: lottery::ID,
        data: data.to_vec(),
    }
}

pub fn address_of(account: u64) -> Pubkey {
    let mut address = [9; 32];
    address[..8].copy_from_slice(&account.to_le_bytes());
    Pubkey::new_from_array(address)
}

/// A transaction that names the program; numbers make signatures.
pub fn transaction(number: u64) -> ScriptedTransaction {
    ScriptedTransaction {
        signature: signature_of(number),
        keys: vec![
            Pubkey::new_from_array([8; 32]),
            address_of(number),
            lottery::ID,
        ],
        instructions: vec![ScriptedCall {
            program: 2,
            accounts: vec![0, 1],
            data: vec![1, 2, 3],
        }],
        inner: Some(Vec::new()),
        fee: 5_000,
        balances: vec![(9_000, 4_000), (1_000, 1_000), (1, 1)],
        ..Default::default()
    }
}

pub fn signature_of(number: u64) -> Signature {
    let mut signature = [9; 64];
    signature[..8].copy_from_slice(&number.to_le_bytes());
    Signature::from(signature)
}
