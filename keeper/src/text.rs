//! How things are written: addresses in JSON, errors without secrets.

use std::fmt::Display;

use lottery_client::instruction::Token;
pub use lottery_service::text::scrub;
use serde::Serializer;

/// For `#[serde(with = "text")]`: as it displays.
pub fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// For `#[serde(serialize_with = "text::token")]`: its mint.
pub fn token<S: Serializer>(token: &Option<Token>, serializer: S) -> Result<S::Ok, S::Error> {
    match token {
        Some(token) => serializer.collect_str(&token.mint),
        None => serializer.serialize_none(),
    }
}
