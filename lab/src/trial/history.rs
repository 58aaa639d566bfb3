//! What a chain itself tells of a program: its transactions and how many events each has.

use std::collections::{BTreeMap, HashMap};

use anchor_lang::event::EVENT_IX_TAG_LE;
use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::request::RpcRequest;
use tokio::sync::Mutex;

/// Most signatures that a node lists at once.
const PAGE: usize = 1_000;

/// Transactions asked for at the same time.
const AT_ONCE: usize = 8;

/// A transaction, as far as the ledger can be held against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub slot: u64,
    pub success: bool,
    /// How often the program told something.
    pub events: usize,
}

/// By signature.
pub type Transactions = BTreeMap<String, Told>;

/// What was read so far.
#[derive(Default)]
pub(super) struct History {
    /// Numbers of events by signature: they never change.
    events: Mutex<HashMap<String, usize>>,
}

impl History {
    /// Every transaction up to a slot that names the lottery's program.
    pub async fn up_to(&self, rpc: &RpcClient, slot: u64) -> Result<Transactions> {
        let listed = list(rpc).await?;
        let listed = listed.into_iter().filter(|(_, told)| told.slot <= slot);
        let mut transactions: Transactions = listed.collect();
        // Held all the time: whoever wants to know the same waits for it.
        let mut events = self.events.lock().await;
        let succeeded = transactions.iter().filter(|(_, told)| told.success);
        let unknown = succeeded.filter(|(signature, _)| !events.contains_key(*signature));
        let unknown: Vec<String> = unknown.map(|(signature, _)| signature.clone()).collect();
        let read: Vec<(String, usize)> = stream::iter(unknown)
            .map(|signature| async move {
                let count = count_events(rpc, &signature).await?;
                anyhow::Ok((signature, count))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        events.extend(read);
        for (signature, told) in &mut transactions {
            told.events = events.get(signature).copied().unwrap_or(0);
        }
        Ok(transactions)
    }
}

async fn list(rpc: &RpcClient) -> Result<Transactions> {
    let mut transactions = Transactions::new();
    let mut before = Value::Null;
    loop {
        let config = json!({"commitment": "confirmed", "limit": PAGE, "before": before});
        let program = lottery::ID.to_string();
        let page: Vec<Value> = rpc
            .send(
                RpcRequest::GetSignaturesForAddress,
                json!([program, config]),
            )
            .await?;
        for row in &page {
            let signature = row["signature"].as_str().context("no signature")?;
            let told = Told {
                slot: row["slot"].as_u64().context("no slot")?,
                success: row["err"].is_null(),
                events: 0,
            };
            transactions.insert(signature.to_owned(), told);
            before = row["signature"].clone();
        }
        if page.len() < PAGE {
            return Ok(transactions);
        }
    }
}

async fn count_events(rpc: &RpcClient, signature: &str) -> Result<usize> {
    let config = json!({
        "encoding": "json", "commitment": "confirmed", "maxSupportedTransactionVersion": 1,
    });
    let read: Value = rpc
        .send(RpcRequest::GetTransaction, json!([signature, config]))
        .await?;
    let program = lottery::ID.to_string();
    let keys = read["transaction"]["message"]["accountKeys"].as_array();
    let position = keys.and_then(|keys| keys.iter().position(|key| key == &program));
    let position = position.with_context(|| format!("{signature} does not name the program"))?;
    let calls = read["meta"]["innerInstructions"].as_array();
    let calls = calls.into_iter().flatten();
    let calls = calls.filter_map(|group| group["instructions"].as_array());
    let told = calls.flatten().filter(|call| {
        let data = call["data"].as_str().unwrap_or_default();
        let data = bs58::decode(data).into_vec().unwrap_or_default();
        call["programIdIndex"] == position && data.starts_with(EVENT_IX_TAG_LE)
    });
    Ok(told.count())
}
