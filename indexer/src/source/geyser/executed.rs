//! Transactions, and the accounts they closed.

use std::collections::BTreeMap;

use solana_pubkey::Pubkey;
use solana_signature::{SIGNATURE_BYTES, Signature};
use solana_transaction_error::TransactionError;
use yellowstone_grpc_proto::{
    geyser::SubscribeUpdateTransaction,
    solana::storage::confirmed_block::{
        CompiledInstruction, InnerInstruction, InnerInstructions, TransactionStatusMeta,
    },
};

use super::convert::{ConvertError, key, number, slot_number};
use crate::source::{AccountUpdate, Call, TransactionUpdate};

/// A transaction and what it did to balances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    pub update: TransactionUpdate,
    /// Votes are the cluster's own.
    pub vote: bool,
    /// Accounts that have nothing any more (`true`), or had nothing before (`false`);
    /// those of signers aside. Failed transactions leave them as they were.
    pub emptied: Vec<(Pubkey, bool)>,
}

pub(super) fn read(
    update: SubscribeUpdateTransaction,
    last: i64,
) -> Result<Executed, ConvertError> {
    let slot = slot_number(update.slot, last)?;
    let info = update
        .transaction
        .ok_or(ConvertError::Missing("transaction"))?;
    let signature: [u8; SIGNATURE_BYTES] =
        info.signature[..]
            .try_into()
            .map_err(|_| ConvertError::Length {
                field: "signature",
                length: info.signature.len(),
            })?;
    let meta = info.meta.ok_or(ConvertError::Missing("status"))?;
    let message = info
        .transaction
        .and_then(|transaction| transaction.message)
        .ok_or(ConvertError::Missing("message"))?;

    let loaded = meta.loaded_writable_addresses.iter();
    let loaded = loaded.chain(&meta.loaded_readonly_addresses);
    let keys = message
        .account_keys
        .iter()
        .map(|bytes| key("account key", bytes))
        .chain(loaded.map(|bytes| key("loaded address", bytes)))
        .collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        return Err(ConvertError::Missing("accounts"));
    }
    let instructions = message
        .instructions
        .into_iter()
        .map(|own| call(own, keys.len()))
        .collect::<Result<Vec<_>, _>>()?;
    let signers = message.header.map_or(1, |h| h.num_required_signatures);
    let emptied = match meta.err {
        Some(_) => Vec::new(),
        None => emptied(&keys, number("signers", signers.into())?, &meta),
    };
    Ok(Executed {
        vote: info.is_vote,
        emptied,
        update: TransactionUpdate {
            signature: Signature::from(signature),
            slot,
            index: Some(number("index", info.index)?),
            block_time: None,
            error: error(&meta)?,
            fee: meta.fee,
            compute_units: meta.compute_units_consumed,
            inner: inner(&meta, instructions.len(), keys.len())?,
            returned: returned(&meta)?,
            instructions,
            keys,
        },
    })
}

fn call(own: CompiledInstruction, keys: usize) -> Result<Call, ConvertError> {
    checked(own.program_id_index, own.accounts, own.data, keys)
}

fn checked(
    program: u32,
    accounts: Vec<u8>,
    data: Vec<u8>,
    keys: usize,
) -> Result<Call, ConvertError> {
    let named = accounts.iter().map(|account| u32::from(*account));
    for index in named.chain([program]) {
        if usize::try_from(index).map_or(true, |index| index >= keys) {
            return Err(ConvertError::Range {
                field: "instruction's account",
                value: index.into(),
            });
        }
    }
    Ok(Call {
        program: number("program's index", program.into())?,
        accounts,
        data,
    })
}

fn inner(
    meta: &TransactionStatusMeta,
    instructions: usize,
    keys: usize,
) -> Result<Option<Vec<(u8, Call)>>, ConvertError> {
    if meta.inner_instructions_none {
        return Ok(None);
    }
    let mut calls = Vec::new();
    for InnerInstructions {
        index,
        instructions: called,
    } in &meta.inner_instructions
    {
        if usize::try_from(*index).map_or(true, |index| index >= instructions) {
            return Err(ConvertError::Range {
                field: "caller's index",
                value: (*index).into(),
            });
        }
        let index: u8 = number("caller's index", (*index).into())?;
        for InnerInstruction {
            program_id_index,
            accounts,
            data,
            ..
        } in called
        {
            let call = checked(*program_id_index, accounts.clone(), data.clone(), keys)?;
            calls.push((index, call));
        }
    }
    Ok(Some(calls))
}

/// The error, as the runtime itself encodes it.
fn error(meta: &TransactionStatusMeta) -> Result<Option<TransactionError>, ConvertError> {
    let decoded = meta.err.as_ref().map(|error| {
        bincode::deserialize(&error.err).map_err(|error| ConvertError::Error(error.to_string()))
    });
    decoded.transpose()
}

fn returned(meta: &TransactionStatusMeta) -> Result<Option<(Pubkey, Vec<u8>)>, ConvertError> {
    let returned = meta.return_data.as_ref().filter(|_| !meta.return_data_none);
    let decoded = returned.map(|returned| {
        let program = key("returning program", &returned.program_id)?;
        Ok((program, returned.data.clone()))
    });
    decoded.transpose()
}

fn emptied(keys: &[Pubkey], signers: usize, meta: &TransactionStatusMeta) -> Vec<(Pubkey, bool)> {
    let balances = meta.pre_balances.iter().zip(&meta.post_balances);
    keys.iter()
        .zip(balances)
        .skip(signers)
        .filter_map(|(key, (before, after))| match (before, after) {
            (0, 0) => None,
            (_, 0) => Some((*key, true)),
            (0, _) => Some((*key, false)),
            _ => None,
        })
        .collect()
}

/// Which accounts a slot's transactions closed, given in their order. A server does not
/// tell of them by itself: what is closed is the system program's, and the subscription
/// is to accounts of ours. (An account that is closed, paid into by a transaction that
/// does not name the program, and created again, all in one slot, is taken for closed
/// until it changes or the next snapshot.)
pub(super) fn closed(slot: i64, executed: &[Executed]) -> Vec<AccountUpdate> {
    let in_order = executed.iter().flat_map(|executed| &executed.emptied);
    let last: BTreeMap<Pubkey, bool> = in_order.copied().collect();
    last.into_iter()
        .filter(|(_, emptied)| *emptied)
        .map(|(address, _)| AccountUpdate::closed(address, slot))
        .collect()
}
