//! A Solana node's RPC as far as the indexer asks, answering from a script.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use axum::{Json, Router, extract::State, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lottery_indexer::source::AccountUpdate;
use serde_json::{Value, json};
use solana_instruction::Instruction;
use solana_message::{Message, VersionedMessage};
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;

/// What the node says.
#[derive(Default)]
pub struct Script {
    pub slot: u64,
    pub accounts: Vec<AccountUpdate>,
    /// Slots that have blocks.
    pub blocks: Vec<u64>,
    /// Oldest first: signature, slot, and the answer of `getTransaction`.
    pub transactions: Vec<(String, u64, Value)>,
    /// How often each method was asked.
    pub asked: HashMap<String, u32>,
    /// Fails everything, as a node that is overloaded.
    pub down: bool,
}

#[derive(Clone, Default)]
pub struct Node(pub Arc<Mutex<Script>>);

impl Node {
    pub fn set(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.0.lock().unwrap());
    }

    pub fn asked(&self, method: &str) -> u32 {
        self.0
            .lock()
            .unwrap()
            .asked
            .get(method)
            .copied()
            .unwrap_or(0)
    }

    pub async fn serve(&self) -> Arc<RpcClient> {
        let router = Router::new()
            .route("/", post(answer))
            .with_state(self.clone());
        Arc::new(RpcClient::new(super::serve_router(router).await))
    }

    /// Appends a transaction whose instructions, by index, left events.
    pub fn tell(
        &self,
        number: u8,
        slot: u64,
        payer: Pubkey,
        instructions: &[Instruction],
        events: &[(u8, Vec<u8>)],
    ) -> String {
        let message = Message::new(instructions, Some(&payer));
        let mut inner: BTreeMap<u8, Vec<Value>> = BTreeMap::new();
        for (index, event) in events {
            inner
                .entry(*index)
                .or_default()
                .push(event_call(&message, event));
        }
        let inner: Vec<Value> = inner
            .into_iter()
            .map(|(index, instructions)| json!({"index": index, "instructions": instructions}))
            .collect();
        let mut meta = meta(Value::Null);
        meta["innerInstructions"] = json!(inner);
        self.add(number, slot, payer, instructions, meta)
    }

    /// Appends a transaction that is listed and served.
    pub fn add(
        &self,
        number: u8,
        slot: u64,
        payer: Pubkey,
        instructions: &[Instruction],
        meta: Value,
    ) -> String {
        let signature = Signature::from([number; 64]);
        self.add_signed(signature, slot, payer, instructions, meta)
    }

    /// The same with a signature of the caller's.
    pub fn add_signed(
        &self,
        signature: Signature,
        slot: u64,
        payer: Pubkey,
        instructions: &[Instruction],
        meta: Value,
    ) -> String {
        let message = Message::new(instructions, Some(&payer));
        let transaction = VersionedTransaction {
            signatures: vec![signature],
            message: VersionedMessage::Legacy(message),
        };
        let bytes = STANDARD.encode(wincode::serialize(&transaction).unwrap());
        let answer = json!({
            "slot": slot, "blockTime": 1_700_000_000 + slot, "version": "legacy",
            "transaction": [bytes, "base64"], "meta": meta,
        });
        let signature = signature.to_string();
        self.set(|script| script.transactions.push((signature.clone(), slot, answer)));
        signature
    }
}

/// An event's data, as the program sends them to itself.
pub fn event_data(event: &impl anchor_lang::Event) -> Vec<u8> {
    event.data()
}

/// A call of the program to itself.
fn event_call(message: &Message, event: &[u8]) -> Value {
    let index = |key: &Pubkey| message.account_keys.iter().position(|k| k == key).unwrap();
    let data = [anchor_lang::event::EVENT_IX_TAG_LE, event].concat();
    json!({
        "programIdIndex": index(&lottery::ID),
        "accounts": [index(&lottery::events::AUTHORITY)],
        "data": bs58::encode(data).into_string(),
        "stackHeight": 2,
    })
}

/// The status of a transaction.
pub fn meta(error: Value) -> Value {
    json!({
        "err": error, "fee": 5_000, "preBalances": [], "postBalances": [],
        "status": if error.is_null() { json!({"Ok": null}) } else { json!({"Err": error}) },
        "computeUnitsConsumed": 1_234, "innerInstructions": [], "logMessages": [],
    })
}

async fn answer(State(node): State<Node>, Json(request): Json<Value>) -> Json<Value> {
    let mut script = node.0.lock().unwrap();
    let method = request["method"].as_str().unwrap().to_owned();
    *script.asked.entry(method.clone()).or_default() += 1;
    let params = &request["params"];
    if script.down {
        let error = json!({"code": -32005, "message": "Node is unhealthy"});
        return Json(json!({"jsonrpc": "2.0", "id": request["id"], "error": error}));
    }
    let result = match method.as_str() {
        "getSlot" => json!(script.slot),
        "getProgramAccounts" => {
            let accounts: Vec<Value> = script.accounts.iter().map(account).collect();
            json!({"context": {"slot": script.slot}, "value": accounts})
        }
        "getMultipleAccounts" => {
            let find = |address: &Value| {
                let mut accounts = script.accounts.iter();
                accounts.find(|a| *address == a.address.to_string())
            };
            let asked = params[0].as_array().unwrap().iter();
            let found: Vec<Value> = asked
                .map(|address| find(address).map_or(Value::Null, |a| account(a)["account"].clone()))
                .collect();
            json!({"context": {"slot": script.slot}, "value": found})
        }
        "getFirstAvailableBlock" => json!(0),
        "getBlocks" => {
            let range = params[0].as_u64().unwrap()..=params[1].as_u64().unwrap();
            let blocks = script.blocks.iter().filter(|slot| range.contains(slot));
            json!(blocks.collect::<Vec<_>>())
        }
        "getBlock" => match script.blocks.iter().find(|slot| params[0] == **slot) {
            Some(slot) => block(&script, *slot),
            None => {
                let error = json!({"code": -32009, "message": "Slot was skipped"});
                return Json(json!({"jsonrpc": "2.0", "id": request["id"], "error": error}));
            }
        },
        "getSignaturesForAddress" => {
            let known = |name: &str| {
                let wanted = &params[1][name];
                wanted.is_null() || script.transactions.iter().any(|(s, ..)| *wanted == *s)
            };
            if !known("until") || !known("before") {
                let error = json!({"code": -32020, "message": "Transaction not found"});
                return Json(json!({"jsonrpc": "2.0", "id": request["id"], "error": error}));
            }
            signatures(&script, &params[1])
        }
        "getTransaction" => script
            .transactions
            .iter()
            .find(|(signature, ..)| params[0] == *signature)
            .map_or(Value::Null, |(.., answer)| answer.clone()),
        other => panic!("nobody should ask {other}"),
    };
    Json(json!({"jsonrpc": "2.0", "id": request["id"], "result": result}))
}

fn account(update: &AccountUpdate) -> Value {
    json!({
        "pubkey": update.address.to_string(),
        "account": {
            "lamports": update.lamports, "owner": update.owner.to_string(), "executable": false,
            "rentEpoch": 0, "space": update.data.len(),
            "data": [STANDARD.encode(&update.data), "base64"],
        },
    })
}

/// All of a slot, after a vote.
fn block(script: &Script, slot: u64) -> Value {
    let vote = VersionedTransaction {
        signatures: vec![Signature::from([255; 64])],
        message: VersionedMessage::default(),
    };
    let vote = STANDARD.encode(wincode::serialize(&vote).unwrap());
    let vote = json!({"transaction": [vote, "base64"], "meta": meta(Value::Null)});
    let ours = script.transactions.iter().filter(|(_, of, _)| *of == slot);
    let transactions: Vec<Value> = std::iter::once(vote)
        .chain(ours.map(|(.., answer)| answer.clone()))
        .collect();
    json!({
        "previousBlockhash": "", "blockhash": "", "parentSlot": slot - 1, "blockHeight": slot,
        "blockTime": 1_700_000_000 + slot, "transactions": transactions,
    })
}

/// Newest first, after `before` and up to `until`, at most `limit`.
fn signatures(script: &Script, params: &Value) -> Value {
    let newest = script.transactions.iter().rev();
    let listed: Vec<Value> = newest
        .skip_while(|(s, ..)| !params["before"].is_null() && params["before"] != *s)
        .skip(usize::from(!params["before"].is_null()))
        .take_while(|(s, ..)| params["until"] != *s)
        .take(usize::try_from(params["limit"].as_u64().unwrap()).unwrap())
        .map(|(signature, slot, _)| json!({"signature": signature, "slot": slot, "err": null, "memo": null, "blockTime": null, "confirmationStatus": "confirmed"}))
        .collect();
    json!(listed)
}
