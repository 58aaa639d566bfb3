//! What is sent, and what became of it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;

use super::blockhash;
use crate::scripted_rpc::{
    Fate, Ledger, RpcError, Simulation,
    accounts::invalid,
    chain::Level,
    commitment::{named, with_context},
    state::State,
};

/// Most signatures that one question may name.
const MAX_SIGNATURES: usize = 256;
/// Largest transaction (bytes): one IPv6 packet.
const MAX_BYTES: usize = 1232;

/// `sendTransaction`. Unlike a real node, which checks only what it simulates first, this
/// one refuses every transaction that is not signed by whom it names.
pub(super) fn send(ledger: &Ledger, params: &Value) -> Result<Value, RpcError> {
    let (bytes, transaction) = decode(params)
        .and_then(|(bytes, transaction)| verify(&transaction).map(|()| (bytes, transaction)))
        .inspect_err(|_| ledger.change(|state| state.malformed += 1))?;
    if named(params, "skipPreflight").and_then(Value::as_bool) != Some(true) {
        preflight(ledger, &transaction)?;
    }
    let sent = ledger.read(|state| state.unseen(bytes, transaction));
    let signature = sent.signature;
    // Drawn before the ledger is locked: a script may use it.
    let (new, queued) = ledger.change(|state| {
        let new = !state.knows(&sent.bytes);
        let queued = new.then(|| state.scripts.fates.pop_front()).flatten();
        (new, queued)
    });
    let script = ledger.read(|state| state.scripts.fate.clone());
    let scripted = || script.filter(|_| new).map(|script| script(&sent));
    let fate: Fate = queued.or_else(scripted).unwrap_or_default();
    ledger.change(|state| state.arrive(sent, fate));
    Ok(signature.to_string().into())
}

/// `simulateTransaction`.
pub(super) fn simulate(ledger: &Ledger, params: &Value, level: Level) -> Result<Value, RpcError> {
    let (_, transaction) = decode(params)?;
    let flag = |name| named(params, name).and_then(Value::as_bool) == Some(true);
    let (verified, replaced) = (flag("sigVerify"), flag("replaceRecentBlockhash"));
    if verified && replaced {
        let conflict = "sigVerify may not be used with replaceRecentBlockhash";
        return Err(invalid(conflict));
    }
    if verified {
        verify(&transaction)?;
    }
    let found = if replaced || accepts(ledger, &transaction) {
        scripted(ledger, &transaction)
    } else {
        Simulation::failure(TransactionError::BlockhashNotFound)
    };
    Ok(ledger.read(|state| {
        let replacement = replaced.then(|| blockhash(state, level));
        let slot = state.chain.slot(level);
        with_context(slot, found.json(replacement.unwrap_or_default()))
    }))
}

/// `getSignatureStatuses`.
pub(super) fn statuses(state: &State, params: &Value) -> Result<Value, RpcError> {
    let signatures = params.get(0).and_then(Value::as_array);
    let signatures = signatures.ok_or_else(|| invalid("signatures"))?;
    if signatures.len() > MAX_SIGNATURES {
        return Err(invalid("Too many inputs provided; max 256"));
    }
    let search = named(params, "searchTransactionHistory").and_then(Value::as_bool);
    let statuses = signatures
        .iter()
        .map(|text| {
            let signature: Option<Signature> = text.as_str().and_then(|text| text.parse().ok());
            let signature = signature.ok_or_else(|| invalid("signature"))?;
            let status = state.status(&signature, search == Some(true));
            Ok(status.unwrap_or_default())
        })
        .collect::<Result<Value, RpcError>>()?;
    Ok(with_context(state.chain.slot(Level::Processed), statuses))
}

fn preflight(ledger: &Ledger, transaction: &VersionedTransaction) -> Result<(), RpcError> {
    let found = if accepts(ledger, transaction) {
        scripted(ledger, transaction)
    } else {
        Simulation::failure(TransactionError::BlockhashNotFound)
    };
    match &found.error {
        None => Ok(()),
        Some(error) => Err(RpcError {
            data: Some(found.json(Value::Null)),
            ..RpcError::new(-32002, format!("Transaction simulation failed: {error}"))
        }),
    }
}

fn scripted(ledger: &Ledger, transaction: &VersionedTransaction) -> Simulation {
    let script = ledger.read(|state| state.scripts.simulation.clone());
    script.map_or_else(Simulation::default, |script| script(transaction))
}

fn accepts(ledger: &Ledger, transaction: &VersionedTransaction) -> bool {
    ledger.read(|state| state.chain.accepts(transaction.message.recent_blockhash()))
}

fn decode(params: &Value) -> Result<(Vec<u8>, VersionedTransaction), RpcError> {
    let text = params.get(0).and_then(Value::as_str);
    let text = text.ok_or_else(|| invalid("transaction"))?;
    let bytes = match named(params, "encoding").and_then(Value::as_str) {
        Some("base64") => BASE64_STANDARD.decode(text).ok(),
        None | Some("base58") => bs58::decode(text).into_vec().ok(),
        Some(_) => None,
    };
    let bytes = bytes.ok_or_else(|| invalid("encoding"))?;
    if bytes.len() > MAX_BYTES {
        let size = bytes.len();
        return Err(invalid(&format!("{size} bytes, {MAX_BYTES} are allowed")));
    }
    let transaction: VersionedTransaction = bincode::deserialize(&bytes)
        .map_err(|error| invalid(&format!("failed to deserialize: {error}")))?;
    transaction
        .sanitize()
        .map_err(|error| invalid(&format!("transaction: {error}")))?;
    Ok((bytes, transaction))
}

fn verify(transaction: &VersionedTransaction) -> Result<(), RpcError> {
    if transaction.verify_with_results().into_iter().all(|ok| ok) {
        return Ok(());
    }
    Err(RpcError::new(
        -32003,
        "Transaction signature verification failure",
    ))
}
