//! Accounts as requests ask for them.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use solana_account::Account;
use solana_pubkey::Pubkey;

use super::{RpcError, commitment::named};

/// How accounts are shown: whole, or a slice of their data; always in base64, which
/// every client understands that asks for a binary encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    /// Offset and length (bytes).
    slice: Option<(usize, usize)>,
}

impl View {
    pub fn of(params: &Value) -> Result<Self, RpcError> {
        if let Some(encoding) = named(params, "encoding")
            && encoding != "base64"
            && encoding != "base64+zstd"
        {
            return Err(invalid("this node shows accounts in base64 only"));
        }
        let Some(slice) = named(params, "dataSlice") else {
            return Ok(Self::default());
        };
        let number = |name| usize::try_from(slice.get(name)?.as_u64()?).ok();
        let slice = number("offset").zip(number("length"));
        Ok(Self {
            slice: Some(slice.ok_or_else(|| invalid("dataSlice"))?),
        })
    }

    pub fn show(self, account: &Account) -> Value {
        let data = match self.slice {
            None => account.data.as_slice(),
            Some((offset, length)) => {
                let rest = account.data.get(offset..).unwrap_or_default();
                &rest[..length.min(rest.len())]
            }
        };
        json!({
            "lamports": account.lamports,
            "data": [BASE64_STANDARD.encode(data), "base64"],
            "owner": account.owner.to_string(),
            "executable": account.executable,
            "rentEpoch": account.rent_epoch,
            "space": account.data.len(),
        })
    }

    pub fn show_keyed(self, address: &Pubkey, account: &Account) -> Value {
        json!({"pubkey": address.to_string(), "account": self.show(account)})
    }
}

/// Which of a program's accounts are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filters(Vec<Filter>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Filter {
    DataSize(u64),
    Memcmp { offset: usize, bytes: Vec<u8> },
}

impl Filters {
    pub fn of(params: &Value) -> Result<Self, RpcError> {
        let filters = named(params, "filters").and_then(Value::as_array);
        let filters = filters.into_iter().flatten().map(Filter::parse);
        filters.collect::<Result<_, _>>().map(Self)
    }

    pub fn admit(&self, account: &Account) -> bool {
        self.0.iter().all(|filter| match filter {
            Filter::DataSize(size) => u64::try_from(account.data.len()) == Ok(*size),
            Filter::Memcmp { offset, bytes } => account
                .data
                .get(*offset..)
                .is_some_and(|rest| rest.starts_with(bytes)),
        })
    }
}

impl Filter {
    fn parse(filter: &Value) -> Result<Self, RpcError> {
        if let Some(size) = filter.get("dataSize").and_then(Value::as_u64) {
            return Ok(Self::DataSize(size));
        }
        let compared = filter.get("memcmp").ok_or_else(|| invalid("filter"))?;
        let parse = || {
            let offset = usize::try_from(compared.get("offset")?.as_u64()?).ok()?;
            let bytes = compared.get("bytes")?;
            let bytes = match (compared.get("encoding").and_then(Value::as_str), bytes) {
                (Some("base64"), Value::String(text)) => BASE64_STANDARD.decode(text).ok()?,
                (_, Value::String(text)) => bs58::decode(text).into_vec().ok()?,
                (_, bytes) => bytes
                    .as_array()?
                    .iter()
                    .map(|byte| u8::try_from(byte.as_u64()?).ok())
                    .collect::<Option<_>>()?,
            };
            Some(Self::Memcmp { offset, bytes })
        };
        parse().ok_or_else(|| invalid("memcmp"))
    }
}

/// The address among the parameters at this place.
pub(super) fn address(params: &Value, index: usize) -> Result<Pubkey, RpcError> {
    params
        .get(index)
        .and_then(Value::as_str)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| invalid("address"))
}

/// The addresses in the array at this place; none where there is no array.
pub(super) fn addresses(params: &Value, index: usize) -> Result<Vec<Pubkey>, RpcError> {
    let addresses = params.get(index).and_then(Value::as_array);
    let parse = |text: &Value| text.as_str()?.parse().ok();
    addresses
        .into_iter()
        .flatten()
        .map(|text| parse(text).ok_or_else(|| invalid("address")))
        .collect()
}

pub(super) fn invalid(what: &str) -> RpcError {
    RpcError::new(-32602, format!("Invalid params: {what}"))
}
