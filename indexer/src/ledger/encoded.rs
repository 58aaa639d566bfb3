//! A transaction as RPC sends it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction_status_client_types::{
    EncodedConfirmedTransactionWithStatusMeta, UiInnerInstructions, UiInstruction,
    UiTransactionStatusMeta, option_serializer::OptionSerializer,
};

use crate::source::{Call, TransactionUpdate};

/// Why an answer is no transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodedError {
    #[error("not encoded as asked, or of a version this build does not know")]
    Encoding,
    #[error("without its status")]
    NoStatus,
    #[error("slot {0} is out of range")]
    Slot(u64),
    #[error("{0:?} is no address")]
    Address(String),
    #[error("the data of a called instruction are not base58")]
    Data,
}

/// Reads a transaction.
///
/// # Errors
/// When it is not encoded as asked for, or lacks what every transaction has.
pub fn read(
    signature: Signature,
    confirmed: &EncodedConfirmedTransactionWithStatusMeta,
) -> Result<TransactionUpdate, EncodedError> {
    let slot = i64::try_from(confirmed.slot).map_err(|_| EncodedError::Slot(confirmed.slot))?;
    let transaction = confirmed
        .transaction
        .transaction
        .decode()
        .ok_or(EncodedError::Encoding)?;
    let meta = confirmed
        .transaction
        .meta
        .as_ref()
        .ok_or(EncodedError::NoStatus)?;
    let mut keys = transaction.message.static_account_keys().to_vec();
    if let OptionSerializer::Some(loaded) = &meta.loaded_addresses {
        for key in loaded.writable.iter().chain(&loaded.readonly) {
            keys.push(address(key)?);
        }
    }
    let instructions = transaction.message.instructions();
    Ok(TransactionUpdate {
        signature,
        slot,
        index: confirmed
            .transaction_index
            .and_then(|i| i32::try_from(i).ok()),
        block_time: confirmed.block_time,
        error: meta.err.clone().map(Into::into),
        fee: meta.fee,
        compute_units: match meta.compute_units_consumed {
            OptionSerializer::Some(units) => Some(units),
            _ => None,
        },
        keys,
        instructions: instructions
            .iter()
            .map(|instruction| Call {
                program: instruction.program_id_index,
                accounts: instruction.accounts.clone(),
                data: instruction.data.clone(),
            })
            .collect(),
        inner: match &meta.inner_instructions {
            OptionSerializer::Some(inner) => Some(called(inner)?),
            _ => None,
        },
        returned: returned(meta)?,
    })
}

fn address(text: &str) -> Result<Pubkey, EncodedError> {
    text.parse()
        .map_err(|_| EncodedError::Address(text.to_owned()))
}

fn called(inner: &[UiInnerInstructions]) -> Result<Vec<(u8, Call)>, EncodedError> {
    let mut calls = Vec::new();
    for group in inner {
        for instruction in &group.instructions {
            let UiInstruction::Compiled(compiled) = instruction else {
                return Err(EncodedError::Encoding);
            };
            let call = Call {
                program: compiled.program_id_index,
                accounts: compiled.accounts.clone(),
                data: bs58::decode(&compiled.data)
                    .into_vec()
                    .map_err(|_| EncodedError::Data)?,
            };
            calls.push((group.index, call));
        }
    }
    Ok(calls)
}

/// What the last instruction returned.
fn returned(meta: &UiTransactionStatusMeta) -> Result<Option<(Pubkey, Vec<u8>)>, EncodedError> {
    let OptionSerializer::Some(returned) = &meta.return_data else {
        return Ok(None);
    };
    let program = address(&returned.program_id)?;
    // What cannot be read is as good as nothing returned.
    Ok(STANDARD
        .decode(&returned.data.0)
        .ok()
        .map(|data| (program, data)))
}
