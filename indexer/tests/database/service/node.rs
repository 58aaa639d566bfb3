//! A node on whose chain there is the program and nothing else.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use axum::{Json, Router, extract::State, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::common::serve_router;

/// Of its cluster.
pub const GENESIS: &str = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";

/// Starts one; where it answers. Its chain moves on with every look at the slot.
pub async fn start() -> String {
    let slot = Arc::new(AtomicU64::new(1_000));
    let router = Router::new().route("/", post(answer)).with_state(slot);
    serve_router(router).await
}

async fn answer(State(slot): State<Arc<AtomicU64>>, Json(request): Json<Value>) -> Json<Value> {
    let read_at = slot.load(Relaxed);
    let context = json!({"slot": read_at, "apiVersion": "4.2.2"});
    let result = match request["method"].as_str().unwrap() {
        "getVersion" => json!({"solana-core": "4.2.2", "feature-set": 1}),
        "getGenesisHash" => json!(GENESIS),
        "getSlot" => json!(slot.fetch_add(1, Relaxed)),
        "getMultipleAccounts" => {
            let accounts = [account(true, &[]), account(false, &clock(read_at))];
            json!({"context": context, "value": accounts})
        }
        "getProgramAccounts" => json!({"context": context, "value": []}),
        "getSignaturesForAddress" => json!([]),
        "getFirstAvailableBlock" => json!(0),
        "getBlocks" => {
            let slot = |at: usize| request["params"][at].as_u64().unwrap();
            json!((slot(0)..=slot(1)).collect::<Vec<_>>())
        }
        other => panic!("nobody should ask {other}"),
    };
    Json(json!({"jsonrpc": "2.0", "id": request["id"], "result": result}))
}

fn account(executable: bool, data: &[u8]) -> Value {
    json!({
        "lamports": 1, "owner": lottery::ID.to_string(), "executable": executable,
        "rentEpoch": 0, "space": data.len(), "data": [STANDARD.encode(data), "base64"],
    })
}

/// The clock's account: slot, three numbers, unix time.
fn clock(slot: u64) -> Vec<u8> {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let fields = [slot, 0, 0, 0, now];
    fields.iter().flat_map(|it| it.to_le_bytes()).collect()
}
