//! When each slot was confirmed, as the node tells.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use lottery_localnet::Localnet;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client_api::response::SlotUpdate;
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, timeout},
};

use crate::lock::lock;

/// Longest wait for the first news of a subscription.
const FIRST: Duration = Duration::from_secs(3);

/// How long it is tried to have one.
const PATIENCE: Duration = Duration::from_secs(30);

/// When a slot was confirmed by the node's word, and when that word came.
#[derive(Clone, Copy, Debug)]
struct News {
    at: SystemTime,
    came: SystemTime,
}

type Slots = Arc<Mutex<BTreeMap<u64, News>>>;

/// Notes confirmations until dropped.
pub struct Confirmed {
    slots: Slots,
    task: JoinHandle<()>,
}

impl Confirmed {
    /// Begins to watch, and waits until something is seen.
    pub async fn watch(localnet: &Localnet) -> Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let client = PubsubClient::new(localnet.ws_url()).await;
            let client = client.context("watching slots")?;
            let slots = Slots::default();
            let (begun, first) = oneshot::channel();
            let task = tokio::spawn(follow(client, slots.clone(), begun));
            let confirmed = Self { slots, task };
            // The client gives up a subscription of which news come before the answer.
            if let Ok(Ok(())) = timeout(FIRST, first).await {
                return Ok(confirmed);
            }
        }
        anyhow::bail!("this node does not tell when slots are confirmed")
    }

    /// When a slot was: with the first told of that is not before it, for what follows
    /// a block confirms it.
    pub fn at(&self, slot: u64) -> Option<SystemTime> {
        let slots = lock(&self.slots);
        slots.range(slot..).map(|(_, news)| news.at).min()
    }

    /// How long the node's word took, of each slot after this one.
    pub fn word(&self, slot: u64) -> Vec<Duration> {
        let slots = lock(&self.slots);
        let after = slots.range(slot + 1..);
        let took = after.map(|(_, news)| news.came.duration_since(news.at).unwrap_or_default());
        took.collect()
    }
}

impl Drop for Confirmed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(client: PubsubClient, slots: Slots, begun: oneshot::Sender<()>) {
    let mut begun = Some(begun);
    let Ok((mut updates, _)) = client.slot_updates_subscribe().await else {
        return;
    };
    while let Some(update) = updates.next().await {
        if let SlotUpdate::OptimisticConfirmation { slot, timestamp } = update {
            let at = SystemTime::UNIX_EPOCH + Duration::from_millis(timestamp);
            let came = SystemTime::now();
            lock(&slots).entry(slot).or_insert(News { at, came });
            if let Some(begun) = begun.take() {
                // Who waits for it may have given up.
                let _ = begun.send(());
            }
        }
    }
}
