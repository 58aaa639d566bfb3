//! What a node answers when it is asked for accounts: read piece by piece, so that one
//! that is too long is not read to its end.

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;

use super::{AccountUpdate, SourceError, slot_number};
use crate::source::END_OF_SLOT;

/// The code of a node that has not seen the slot asked for.
const MIN_CONTEXT_SLOT_NOT_REACHED: i64 = -32_016;

/// Longest part of a node's own words that is shown.
const MAX_WORDS: usize = 200;

/// The accounts of an answer.
pub(super) struct Answer {
    /// The slot they were read at; `None` from a node that does not tell.
    pub slot: Option<i64>,
    pub accounts: Vec<AccountUpdate>,
}

/// Strings are borrowed from the answer wherever nothing in them is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Shown<'a> {
    lamports: u64,
    #[serde(borrow)]
    data: (Text<'a>, Text<'a>),
    #[serde(borrow)]
    owner: Text<'a>,
}

#[derive(Deserialize)]
struct Keyed<'a> {
    #[serde(borrow)]
    pubkey: Text<'a>,
    #[serde(borrow)]
    account: Shown<'a>,
}

#[derive(Deserialize)]
struct Context {
    slot: u64,
}

#[derive(Deserialize)]
struct Contextual<'a> {
    context: Context,
    #[serde(borrow)]
    value: Vec<Keyed<'a>>,
}

#[derive(Deserialize)]
struct Envelope<T> {
    result: T,
}

#[derive(Deserialize)]
struct Refused {
    error: Refusal,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: Option<RefusalData>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefusalData {
    #[serde(default)]
    context_slot: Option<u64>,
}

/// Reads an answer to a question that asked for what is no older than `least`.
pub(super) fn read(body: &[u8], least: i64) -> Result<Answer, SourceError> {
    let error = match serde_json::from_slice::<Envelope<Contextual<'_>>>(body) {
        Ok(Envelope { result }) => {
            let slot = slot_number(result.context.slot)?;
            return Ok(Answer {
                slot: Some(slot),
                accounts: accounts(&result.value, slot)?,
            });
        }
        Err(error) => error,
    };
    if let Some(refused) = refusal(body, least) {
        return Err(refused);
    }
    // A node that ignores `withContext`.
    match serde_json::from_slice::<Envelope<Vec<Keyed<'_>>>>(body) {
        Ok(Envelope { result }) => Ok(Answer {
            slot: None,
            accounts: accounts(&result, 0)?,
        }),
        Err(_) => Err(SourceError::Answer(error.to_string())),
    }
}

/// Why a node refuses, if it does.
pub(super) fn refusal(body: &[u8], least: i64) -> Option<SourceError> {
    let Refused { error } = serde_json::from_slice(body).ok()?;
    let reached = error.data.and_then(|data| data.context_slot);
    if error.code == MIN_CONTEXT_SLOT_NOT_REACHED {
        return Some(SourceError::Behind {
            slot: reached
                .and_then(|slot| i64::try_from(slot).ok())
                .unwrap_or(0),
            known: least,
        });
    }
    Some(SourceError::Refused {
        what: "getProgramAccounts",
        code: error.code,
        message: error.message.chars().take(MAX_WORDS).collect(),
    })
}

fn accounts(shown: &[Keyed<'_>], slot: i64) -> Result<Vec<AccountUpdate>, SourceError> {
    let mut updates = Vec::with_capacity(shown.len());
    for keyed in shown {
        let update = keyed.update(slot)?;
        if !update.is_foreign() {
            updates.push(update);
        }
    }
    Ok(updates)
}

impl Keyed<'_> {
    fn update(&self, slot: i64) -> Result<AccountUpdate, SourceError> {
        let Self { pubkey, account } = self;
        let unreadable = || SourceError::Encoding(pubkey.0.to_string());
        let (data, encoding) = &account.data;
        if encoding.0 != "base64" {
            return Err(unreadable());
        }
        Ok(AccountUpdate {
            address: pubkey.0.parse().map_err(|_| unreadable())?,
            slot,
            write_version: END_OF_SLOT,
            lamports: account.lamports,
            owner: account.owner.0.parse().map_err(|_| unreadable())?,
            data: BASE64_STANDARD
                .decode(data.0.as_bytes())
                .map_err(|_| unreadable())?,
        })
    }
}
