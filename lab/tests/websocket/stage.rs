//! A node whose accounts a test writes, and the source that follows it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use anchor_lang::Discriminator as _;
use lottery_client::lottery;
use lottery_indexer::source::{RpcSnapshots, RpcSource, RpcSourceConfig};
use lottery_lab::{Ledger, ScriptedRpc, scripted_rpc::Depths};
use solana_account::Account;
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use tokio::sync::Notify;

use crate::source::{
    mirror::Contents,
    run::{PATIENCE, Run, in_time},
    tables::lane,
};

pub struct Stage {
    pub node: ScriptedRpc,
    pub again: Arc<Notify>,
    /// The program's accounts as they are.
    contents: Mutex<Contents>,
}

impl Stage {
    /// Slots are confirmed when the next one begins: until then they are in the making.
    pub async fn set() -> Self {
        let node = ScriptedRpc::start(7).await.unwrap();
        node.ledger.show_clock(1_700_000_000);
        Self::of(node)
    }

    /// Of a node that may not tell of a clock.
    pub fn of(node: ScriptedRpc) -> Self {
        node.ledger.set_depths(Depths {
            confirmed: 1,
            finalized: 2,
        });
        Self {
            node,
            again: Arc::default(),
            contents: Mutex::default(),
        }
    }

    pub fn ledger(&self) -> &Ledger {
        &self.node.ledger
    }

    /// Patient with what is slow, and quick to look again.
    pub fn config(&self) -> RpcSourceConfig {
        RpcSourceConfig {
            ws_url: Some(self.node.ws_url()),
            snapshot_interval: Duration::from_secs(3_600),
            slot_interval: Duration::from_millis(10),
            silence: PATIENCE,
            known_slot: None,
            again: Arc::clone(&self.again),
        }
    }

    pub fn snapshots(&self) -> RpcSnapshots {
        let rpc = Arc::new(RpcClient::new(self.node.url()));
        RpcSnapshots::new(rpc, CommitmentConfig::confirmed()).unwrap()
    }

    pub fn source(&self, config: RpcSourceConfig) -> RpcSource {
        RpcSource::new(self.snapshots(), config)
    }

    pub fn run(&self) -> Run {
        self.run_with(self.config())
    }

    pub fn run_with(&self, config: RpcSourceConfig) -> Run {
        Run::of(self.source(config), 64)
    }

    /// Runs until a snapshot has been delivered.
    pub async fn run_joined(&self) -> Run {
        let mut run = self.run();
        run.until(|seen| !crate::source::mirror::snapshots(seen).is_empty())
            .await;
        run
    }

    pub fn put(&self, account: u64, data: &[u8]) {
        let known = Account {
            lamports: 1_000,
            data: data.to_vec(),
            owner: lottery::ID,
            ..Account::default()
        };
        let mut contents = self.contents.lock().unwrap();
        contents.insert(address_of(account), data.to_vec());
        self.ledger().set_account(address_of(account), known);
    }

    pub fn close(&self, account: u64) {
        let mut contents = self.contents.lock().unwrap();
        contents.remove(&address_of(account));
        self.ledger().remove_account(&address_of(account));
    }

    /// Goes on by this many slots; each changes one lane and opens another.
    pub fn play(&self, slots: u64) {
        for _ in 0..slots {
            self.ledger().advance(1);
            let slot = self.ledger().slot();
            self.put(0, &lane(slot));
            self.put(slot, &lane(slot));
        }
    }

    /// The program's accounts.
    pub fn contents(&self) -> Contents {
        self.contents.lock().unwrap().clone()
    }

    /// The next draws of its lanes.
    pub fn lanes(&self) -> BTreeMap<String, i64> {
        let at = lottery::state::Lane::DISCRIMINATOR.len();
        let read = |data: &[u8]| {
            let lane: lottery::state::Lane = bytemuck::pod_read_unaligned(&data[at..]);
            i64::try_from(lane.next_draw).unwrap()
        };
        let contents = self.contents.lock().unwrap();
        let lanes = contents.iter();
        lanes
            .map(|(address, data)| (address.to_string(), read(data)))
            .collect()
    }

    /// Waits until the node was asked for its slot so many times more.
    pub async fn until_asked(&self, times: u64) {
        let weather = &self.node.weather;
        let before = weather.count("getSlot");
        in_time(weather.until(|weather| weather.count("getSlot") >= before + times)).await;
    }
}

pub fn address_of(account: u64) -> Pubkey {
    let mut address = [9; 32];
    address[..8].copy_from_slice(&account.to_le_bytes());
    Pubkey::new_from_array(address)
}
