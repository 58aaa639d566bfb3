//! Ready-made lies: what a node that is broken, forked or hostile may say.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lottery_client::clock::CLOCK;
use serde_json::{Value, json};
use solana_hash::Hash;

use super::RpcFault;
use crate::weather::Rule;

/// A hash that no block has.
const NO_BLOCKHASH: Hash = Hash::new_from_array([0xee; 32]);

/// Knows no signature.
pub fn forget_signatures() -> Rule<RpcFault> {
    on("getSignatureStatuses", |result| {
        for status in members(result, "/value") {
            *status = Value::Null;
        }
    })
}

/// Says of signatures it does not know that they are finalized.
pub fn claim_success() -> Rule<RpcFault> {
    claim(Value::Null, "finalized")
}

/// Says of signatures it does not know that they are processed, and no more.
pub fn claim_processed() -> Rule<RpcFault> {
    claim(json!(0), "processed")
}

fn claim(confirmations: Value, commitment: &'static str) -> Rule<RpcFault> {
    on("getSignatureStatuses", move |result| {
        let slot = result.pointer("/context/slot").cloned().unwrap_or_default();
        for status in members(result, "/value") {
            if status.is_null() {
                *status = json!({
                    "slot": slot,
                    "confirmations": confirmations,
                    "err": null,
                    "status": { "Ok": null },
                    "confirmationStatus": commitment,
                });
            }
        }
    })
}

/// Says a block height this much above the real one, so that everything seems expired.
pub fn block_height_ahead(blocks: u64) -> Rule<RpcFault> {
    on("getBlockHeight", move |height| add(height, blocks))
}

/// Says a slot this much above the real one: as the slot, and as every answer's context.
pub fn slot_ahead(slots: u64) -> Rule<RpcFault> {
    Rule::any(RpcFault::lie(move |seen, answer| {
        if &*seen.method == "getSlot"
            && let Some(slot) = answer.get_mut("result")
        {
            add(slot, slots);
        }
        if let Some(slot) = answer.pointer_mut("/result/context/slot") {
            add(slot, slots);
        }
    }))
}

/// Says that the chain's clock is at a slot this much above the real one.
pub fn clock_ahead(slots: u64) -> Rule<RpcFault> {
    let names = ["/result/value/data/0", "/result/value/0/data/0"];
    Rule::any(RpcFault::lie(move |seen, answer| {
        let is_asked = seen.params.to_string().contains(&CLOCK.to_string());
        for data in names {
            if is_asked && let Some(data) = answer.pointer_mut(data) {
                let clock = data.as_str().and_then(|data| STANDARD.decode(data).ok());
                let mut clock = clock.unwrap_or_default();
                if let Some(slot) = clock.first_chunk_mut() {
                    let ahead = u64::from_le_bytes(*slot).saturating_add(slots);
                    *slot = ahead.to_le_bytes();
                }
                *data = STANDARD.encode(clock).into();
            }
        }
    }))
}

/// Hands out a blockhash that no other node knows.
pub fn unknown_blockhash() -> Rule<RpcFault> {
    on("getLatestBlockhash", |result| {
        if let Some(hash) = result.pointer_mut("/value/blockhash") {
            *hash = NO_BLOCKHASH.to_string().into();
        }
    })
}

/// Hands out a blockhash that is what it says, but lasts until this block height.
pub fn blockhash_until(height: u64) -> Rule<RpcFault> {
    on("getLatestBlockhash", move |result| {
        if let Some(last) = result.pointer_mut("/value/lastValidBlockHeight") {
            *last = height.into();
        }
    })
}

/// Knows no blockhash but its own.
pub fn no_blockhash_is_valid() -> Rule<RpcFault> {
    on("isBlockhashValid", |result| {
        if let Some(value) = result.get_mut("value") {
            *value = false.into();
        }
    })
}

/// Finds no account of any program.
pub fn no_program_accounts() -> Rule<RpcFault> {
    on("getProgramAccounts", |result| {
        // With a context or without, as it was asked for.
        match result.pointer_mut("/value") {
            Some(accounts) => *accounts = json!([]),
            None => *result = json!([]),
        }
    })
}

/// Says that every account which exists holds this much (lamports).
pub fn balance(lamports: u64) -> Rule<RpcFault> {
    let of_account = move |account: &mut Value| {
        if let Some(held) = account.get_mut("lamports") {
            *held = lamports.into();
        }
    };
    Rule::any(RpcFault::lie(move |seen, answer| {
        let Some(result) = answer.get_mut("result") else {
            return;
        };
        match &*seen.method {
            "getBalance" => {
                if let Some(value) = result.get_mut("value") {
                    *value = lamports.into();
                }
            }
            "getAccountInfo" => {
                if let Some(account) = result.get_mut("value") {
                    of_account(account);
                }
            }
            "getMultipleAccounts" => members(result, "/value").iter_mut().for_each(of_account),
            _ => {}
        }
    }))
    .only_if(|seen| {
        matches!(
            &*seen.method,
            "getBalance" | "getAccountInfo" | "getMultipleAccounts"
        )
    })
}

fn on(method: &str, tamper: impl Fn(&mut Value) + Send + Sync + 'static) -> Rule<RpcFault> {
    let fault = RpcFault::lie(move |_, answer| {
        if let Some(result) = answer.get_mut("result") {
            tamper(result);
        }
    });
    Rule::on(method, fault)
}

fn members<'a>(value: &'a mut Value, pointer: &str) -> &'a mut [Value] {
    let array = value.pointer_mut(pointer).and_then(Value::as_array_mut);
    array.map(Vec::as_mut_slice).unwrap_or_default()
}

fn add(number: &mut Value, more: u64) {
    if let Some(said) = number.as_u64() {
        *number = said.saturating_add(more).into();
    }
}
