//! Every fault, through real sockets and, where it matters, through the clients that
//! services use.

mod gateway;
mod geyser;
mod geyser_faults;
mod lies;
mod rpc_faults;
mod scripted_accounts;
mod scripted_transactions;
mod sockets;
mod stale;
mod tcp;

use std::time::Duration;

use serde_json::{Value, json};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signer::Signer as _;
use solana_system_interface::instruction::transfer;
use solana_transaction::Transaction;

use crate::{RpcProxy, ScriptedRpc};

/// How long a test waits for what must happen; longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something, and fails instead of waiting for ever.
async fn soon<T>(awaited: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, awaited)
        .await
        .expect("in time")
}

/// A scripted node and a proxy before it.
struct Proxied {
    node: ScriptedRpc,
    proxy: RpcProxy,
}

async fn proxied() -> Proxied {
    let node = ScriptedRpc::start(1).await.unwrap();
    let proxy = RpcProxy::start(node.url(), node.ws_url(), 1).await.unwrap();
    Proxied { node, proxy }
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn request(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

/// Posts JSON.
async fn post(url: &str, body: &Value) -> reqwest::Result<reqwest::Response> {
    soon(http().post(url).json(body).send()).await
}

/// Asks a node; the whole answer.
async fn ask(url: &str, method: &str, params: Value) -> Value {
    let response = post(url, &request(method, &params)).await.unwrap();
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

async fn slot(url: &str) -> u64 {
    let answer = ask(url, "getSlot", json!([{"commitment": "processed"}])).await;
    answer["result"].as_u64().unwrap()
}

/// A signed transfer with the node's latest blockhash.
async fn transfer_with(rpc: &RpcClient) -> Transaction {
    let payer = Keypair::new();
    let blockhash = rpc.get_latest_blockhash().await.unwrap();
    Transaction::new_signed_with_payer(
        &[transfer(&payer.pubkey(), &Pubkey::new_unique(), 1)],
        Some(&payer.pubkey()),
        &[&payer],
        blockhash,
    )
}
