//! A ledger behind one node or two, and a sender with little patience.

use std::{future::Future, sync::Arc, time::Duration};

use lottery_client::{
    rpc::{EndpointUrl, Pool, PoolSettings},
    sender::{Landed, Parts, SendError, Sender, Settings},
};
use lottery_lab::{RpcProxy, ScriptedRpc};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use solana_system_interface::instruction::transfer;

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Stage {
    pub node: ScriptedRpc,
    /// Ways to the same ledger, each with its own weather.
    pub ways: Vec<RpcProxy>,
    pub payer: Keypair,
}

impl Stage {
    /// With so many ways to the node; none means straight.
    pub async fn set(ways: usize) -> Self {
        let node = ScriptedRpc::start(7).await.unwrap();
        let mut proxies = Vec::new();
        for seed in 0..ways {
            let proxy = RpcProxy::start(node.url(), node.ws_url(), seed as u64);
            proxies.push(proxy.await.unwrap());
        }
        Self {
            node,
            ways: proxies,
            payer: Keypair::new(),
        }
    }

    /// Goes on by a slot every few milliseconds from now on.
    pub fn run_clock(&self) {
        self.node.ledger.run_clock(Duration::from_millis(20));
    }

    pub fn pool(&self) -> Arc<Pool> {
        if self.ways.is_empty() {
            return pool_of([(self.node.url(), self.node.ws_url())]);
        }
        pool_of(self.ways.iter().map(|way| (way.url(), way.ws_url())))
    }

    pub fn parts(&self) -> Parts {
        Parts {
            settings: Settings {
                poll: Duration::from_millis(20),
                poll_when_told: Duration::from_millis(400),
                rebroadcast: Duration::from_millis(100),
                patience: Duration::from_secs(20),
                patience_after_expiry: Duration::from_secs(5),
                ..Settings::default()
            },
            ..Parts::of(self.pool())
        }
    }

    pub fn sender(&self) -> Sender {
        Sender::from_parts(self.parts())
    }

    /// Something to send; every amount makes another transaction.
    pub fn pay(&self, lamports: u64) -> Vec<Instruction> {
        let to = Pubkey::new_from_array([9; 32]);
        vec![transfer(&self.payer.pubkey(), &to, lamports)]
    }

    pub async fn send(&self, sender: &Sender) -> Result<Landed, SendError> {
        in_time(sender.send(&self.pay(1), &self.payer, &[])).await
    }
}

/// Of nodes by their HTTP and WebSocket addresses.
pub fn pool_of(nodes: impl IntoIterator<Item = (String, String)>) -> Arc<Pool> {
    let urls = nodes
        .into_iter()
        .map(|(http, ws)| EndpointUrl { http, ws: Some(ws) });
    let settings = PoolSettings {
        timeout: Duration::from_millis(1_500),
        quick_timeout: Duration::from_millis(700),
        probe: Duration::from_millis(100),
        max_slot_lag: 20,
        // The ledger's clock is faster than any cluster.
        shortest_slot: Duration::from_millis(10),
    };
    Pool::new(urls, settings, None)
}

pub async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it takes too long")
}
