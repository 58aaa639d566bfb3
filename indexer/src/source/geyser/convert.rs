//! From what a server sends to what the indexer knows. Nothing is taken on trust: every
//! length, range and index is checked, and what does not pass is handed on as it came.

use solana_pubkey::{PUBKEY_BYTES, Pubkey};
use solana_signature::SIGNATURE_BYTES;
use yellowstone_grpc_proto::{
    geyser::{
        SlotStatus as Status, SubscribeUpdate, SubscribeUpdateAccount, SubscribeUpdateBlockMeta,
        SubscribeUpdateSlot, subscribe_update::UpdateOneof,
    },
    prost::Message as _,
};

use super::executed::{self, Executed};
use crate::{
    source::{AccountUpdate, SlotStatus, SlotUpdate},
    store::dead_letters::{DeadLetter, LetterKind},
};

/// The name that letters of this source go by.
const SOURCE: &str = "geyser";

/// Why a message was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    #[error("it is no message: {0}")]
    Protobuf(String),
    #[error("it has no {0}")]
    Missing(&'static str),
    #[error("its {field} has {length} bytes")]
    Length { field: &'static str, length: usize },
    #[error("its {field} is {value}, which is out of range")]
    Range { field: &'static str, value: u64 },
    #[error("its error could not be read: {0}")]
    Error(String),
}

/// What a server tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Account(AccountUpdate),
    Transaction(Box<Executed>),
    Slot(SlotUpdate),
    /// A bank was created: what happens in the slot is told from now on.
    Begun {
        slot: i64,
        parent: Option<i64>,
    },
    /// What a block is, told after what happened in it.
    Block {
        slot: i64,
        /// Unix seconds.
        time: Option<i64>,
    },
    /// A question whether anybody listens.
    Ping,
    /// Nothing of interest.
    Other,
}

/// Reads a message. No slot after `last` can be meant.
///
/// # Errors
/// The message itself as a letter that says what it was about, as far as that could be
/// read, and the reason. Where it names no slot, or none that can be, the letter's is 0.
pub fn read(frame: &[u8], last: i64) -> Result<Message, Box<DeadLetter>> {
    let letter = |what: String, slot: Option<u64>, reason: ConvertError| {
        Box::new(DeadLetter {
            kind: LetterKind::Message,
            key: SOURCE.to_owned(),
            slot: slot.and_then(|s| i64::try_from(s).ok()).unwrap_or_default(),
            lamports: None,
            owner: None,
            bytes: frame.to_vec(),
            reason: format!("{what}: {reason}"),
        })
    };
    let update = SubscribeUpdate::decode(frame).map_err(|error| {
        let error = ConvertError::Protobuf(error.to_string());
        letter("a message".to_owned(), None, error)
    })?;
    match update.update_oneof {
        Some(UpdateOneof::Account(update)) => {
            let key = update.account.as_ref().map(|account| &account.pubkey[..]);
            let (what, slot) = (named("account", key), update.slot);
            account(update, last).map_err(|error| letter(what, Some(slot), error))
        }
        Some(UpdateOneof::Transaction(update)) => {
            let key = update.transaction.as_ref().map(|t| &t.signature[..]);
            let (what, slot) = (named("transaction", key), update.slot);
            executed::read(update, last)
                .map(|executed| Message::Transaction(Box::new(executed)))
                .map_err(|error| letter(what, Some(slot), error))
        }
        Some(UpdateOneof::Slot(update)) => slot(&update, last)
            .map_err(|error| letter("a slot".to_owned(), Some(update.slot), error)),
        Some(UpdateOneof::BlockMeta(update)) => block(&update, last)
            .map_err(|error| letter("a block".to_owned(), Some(update.slot), error)),
        Some(UpdateOneof::Ping(_)) => Ok(Message::Ping),
        // Answers to our own pings, and what newer servers may tell.
        _ => Ok(Message::Other),
    }
}

/// What a letter is about.
fn named(kind: &str, key: Option<&[u8]>) -> String {
    // Longer ones are no key, and may be any length.
    let key = key.map(|key| bs58::encode(&key[..key.len().min(SIGNATURE_BYTES)]));
    format!(
        "{kind} {}",
        key.map(|key| key.into_string()).unwrap_or_default()
    )
}

fn account(update: SubscribeUpdateAccount, last: i64) -> Result<Message, ConvertError> {
    let account = update.account.ok_or(ConvertError::Missing("account"))?;
    Ok(Message::Account(AccountUpdate {
        address: key("address", &account.pubkey)?,
        slot: slot_number(update.slot, last)?,
        write_version: number("write version", account.write_version)?,
        lamports: account.lamports,
        owner: key("owner", &account.owner)?,
        data: account.data,
    }))
}

fn slot(update: &SubscribeUpdateSlot, last: i64) -> Result<Message, ConvertError> {
    let slot = slot_number(update.slot, last)?;
    let parent = update.parent.map(|p| number("parent", p)).transpose()?;
    if let Some(parent) = update.parent.filter(|parent| *parent >= update.slot) {
        return Err(ConvertError::Range {
            field: "parent",
            value: parent,
        });
    }
    let status = match Status::try_from(update.status) {
        _ if update.dead_error.is_some() => SlotStatus::Dead,
        Ok(Status::SlotProcessed) => SlotStatus::Processed,
        Ok(Status::SlotConfirmed) => SlotStatus::Confirmed,
        Ok(Status::SlotFinalized) => SlotStatus::Finalized,
        Ok(Status::SlotDead) => SlotStatus::Dead,
        Ok(Status::SlotCreatedBank) => return Ok(Message::Begun { slot, parent }),
        // Shreds have come, and nothing was executed; or what newer servers tell.
        Ok(Status::SlotFirstShredReceived | Status::SlotCompleted) | Err(_) => {
            return Ok(Message::Other);
        }
    };
    Ok(Message::Slot(SlotUpdate {
        slot,
        parent,
        status,
    }))
}

fn block(update: &SubscribeUpdateBlockMeta, last: i64) -> Result<Message, ConvertError> {
    Ok(Message::Block {
        slot: slot_number(update.slot, last)?,
        time: update.block_time.map(|time| time.timestamp),
    })
}

/// A slot that there can be.
pub(super) fn slot_number(slot: u64, last: i64) -> Result<i64, ConvertError> {
    let number = number("slot", slot)?;
    if number > last {
        return Err(ConvertError::Range {
            field: "slot",
            value: slot,
        });
    }
    Ok(number)
}

/// A number as the database has it.
pub(super) fn number<T: TryFrom<u64>>(field: &'static str, value: u64) -> Result<T, ConvertError> {
    T::try_from(value).map_err(|_| ConvertError::Range { field, value })
}

pub(super) fn key(field: &'static str, bytes: &[u8]) -> Result<Pubkey, ConvertError> {
    let bytes: [u8; PUBKEY_BYTES] = bytes.try_into().map_err(|_| ConvertError::Length {
        field,
        length: bytes.len(),
    })?;
    Ok(Pubkey::new_from_array(bytes))
}
