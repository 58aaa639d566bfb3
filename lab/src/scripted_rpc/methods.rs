//! What the node answers.

mod transactions;

use serde_json::{Value, json};

use super::{
    Ledger, RpcError,
    accounts::{Filters, View, address, addresses, invalid},
    chain::Level,
    commitment::{check_context, named, with_context},
    state::State,
};

/// Most accounts that one question may name.
const MAX_ACCOUNTS: usize = 100;

/// Answers a request, or refuses it as a node does. Scripts run without the ledger being
/// locked, so that they can use it.
pub(super) fn answer(ledger: &Ledger, method: &str, params: &Value) -> Result<Value, RpcError> {
    if let Some(answer) = ledger.read(|state| state.scripts.answers.get(method).cloned()) {
        return answer(params);
    }
    let level = Level::of(params)?;
    ledger.read(|state| check_context(&state.chain, level, params))?;
    match method {
        "sendTransaction" => transactions::send(ledger, params),
        "simulateTransaction" => transactions::simulate(ledger, params, level),
        "getRecentPrioritizationFees" => priority_fees(ledger, params),
        _ => ledger.read(|state| read(state, method, params, level)),
    }
}

/// What needs no script.
fn read(state: &State, method: &str, params: &Value, level: Level) -> Result<Value, RpcError> {
    let chain = &state.chain;
    let slot = chain.slot(level);
    match method {
        "getSlot" => Ok(slot.into()),
        "getBlockHeight" => Ok(chain.block(level).height.into()),
        "getLatestBlockhash" => Ok(with_context(slot, blockhash(state, level))),
        "isBlockhashValid" => is_blockhash_valid(state, params, level),
        "getEpochInfo" => Ok(json!({
            "absoluteSlot": slot,
            "blockHeight": chain.block(level).height,
            "epoch": slot / SLOTS_IN_EPOCH,
            "slotIndex": slot % SLOTS_IN_EPOCH,
            "slotsInEpoch": SLOTS_IN_EPOCH,
            "transactionCount": null,
        })),
        "getHealth" => Ok("ok".into()),
        "getVersion" => Ok(json!({"solana-core": "4.2.2", "feature-set": 0})),
        "getMinimumBalanceForRentExemption" => {
            let size = params.get(0).and_then(Value::as_u64);
            // Two years of 3,480 lamports a byte, of which 128 are overhead.
            let rent = |size: u64| (size + 128) * 6_960;
            size.map(|size| rent(size).into())
                .ok_or_else(|| invalid("size"))
        }
        "getSignatureStatuses" => transactions::statuses(state, params),
        "getBalance" => {
            let account = state.accounts.get(&address(params, 0)?);
            let lamports = account.map_or(0, |account| account.lamports);
            Ok(with_context(slot, lamports.into()))
        }
        "getAccountInfo" => {
            let (address, view) = (address(params, 0)?, View::of(params)?);
            let account = state.accounts.get(&address);
            let shown = account.map_or(Value::Null, |account| view.show(account));
            Ok(with_context(slot, shown))
        }
        "getMultipleAccounts" => multiple_accounts(state, params, slot),
        "getProgramAccounts" => program_accounts(state, params, slot),
        _ => Err(RpcError::new(-32601, "Method not found")),
    }
}

const SLOTS_IN_EPOCH: u64 = 432_000;

/// The latest blockhash of a commitment, as `getLatestBlockhash` has it.
fn blockhash(state: &State, level: Level) -> Value {
    let block = state.chain.block(level);
    json!({
        "blockhash": block.hash.to_string(),
        "lastValidBlockHeight": block.last_valid_height(),
    })
}

fn is_blockhash_valid(state: &State, params: &Value, level: Level) -> Result<Value, RpcError> {
    let hash = params.get(0).and_then(Value::as_str);
    let hash = hash.and_then(|hash| hash.parse().ok());
    let valid = state
        .chain
        .accepts(&hash.ok_or_else(|| invalid("blockhash"))?);
    Ok(with_context(state.chain.slot(level), valid.into()))
}

fn multiple_accounts(state: &State, params: &Value, slot: u64) -> Result<Value, RpcError> {
    let (addresses, view) = (addresses(params, 0)?, View::of(params)?);
    if addresses.len() > MAX_ACCOUNTS {
        return Err(invalid("Too many inputs provided; max 100"));
    }
    let shown = addresses
        .iter()
        .map(|address| state.accounts.get(address))
        .map(|account| account.map_or(Value::Null, |account| view.show(account)));
    Ok(with_context(slot, shown.collect()))
}

fn program_accounts(state: &State, params: &Value, slot: u64) -> Result<Value, RpcError> {
    let program = address(params, 0)?;
    let (view, filters) = (View::of(params)?, Filters::of(params)?);
    let found = state
        .accounts
        .iter()
        .filter(|(_, account)| account.owner == program && filters.admit(account))
        .map(|(address, account)| view.show_keyed(address, account))
        .collect();
    let wanted = named(params, "withContext").and_then(Value::as_bool);
    Ok(if wanted == Some(true) {
        with_context(slot, found)
    } else {
        found
    })
}

fn priority_fees(ledger: &Ledger, params: &Value) -> Result<Value, RpcError> {
    let addresses = addresses(params, 0)?;
    let script = ledger.read(|state| state.scripts.priority_fees.clone());
    let fees = script.map_or_else(Vec::new, |script| script(&addresses));
    let slots = (0..=ledger.slot()).rev();
    // Oldest first, as nodes have it.
    let mut fees: Vec<Value> = slots
        .zip(fees)
        .map(|(slot, fee)| json!({"slot": slot, "prioritizationFee": fee}))
        .collect();
    fees.reverse();
    Ok(fees.into())
}
