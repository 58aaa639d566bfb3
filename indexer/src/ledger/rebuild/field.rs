//! Fields of what the ledger keeps as JSON.

use std::str::FromStr;

use serde_json::Value;
use solana_pubkey::Pubkey;

use super::RebuildError;

/// A number, or one that is a string as it is too large for JavaScript.
pub(super) fn number<T: FromStr>(object: &Value, field: &'static str) -> Result<T, RebuildError> {
    parse(object.get(field), field)
}

fn parse<T: FromStr>(value: Option<&Value>, field: &'static str) -> Result<T, RebuildError> {
    let parsed = match value {
        Some(Value::String(text)) => text.parse().ok(),
        Some(Value::Number(number)) => number.to_string().parse().ok(),
        _ => None,
    };
    parsed.ok_or(RebuildError::Field(field))
}

pub(super) fn numbers<T: FromStr + Copy + Default, const N: usize>(
    object: &Value,
    field: &'static str,
) -> Result<[T; N], RebuildError> {
    let mut numbers = [T::default(); N];
    for (at, number) in numbers.iter_mut().enumerate() {
        *number = parse(object.get(field).and_then(|array| array.get(at)), field)?;
    }
    Ok(numbers)
}

pub(super) fn bytes(object: &Value, field: &'static str) -> Result<[u8; 32], RebuildError> {
    let text = object.get(field).and_then(Value::as_str);
    text.and_then(|text| hex::decode(text).ok()?.try_into().ok())
        .ok_or(RebuildError::Field(field))
}

pub(super) fn key(text: Option<&str>, field: &'static str) -> Result<Pubkey, RebuildError> {
    text.and_then(|text| text.parse().ok())
        .ok_or(RebuildError::Field(field))
}
