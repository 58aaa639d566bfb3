//! Pages of a list, and how parameters are read.

use axum::extract::{FromRequestParts, Query, rejection::QueryRejection};
use axum::http::request::Parts;
use serde::{Serialize, de::DeserializeOwned};
use solana_pubkey::Pubkey;

use super::ApiError;

/// Rows of a page unless asked otherwise, and at most.
const DEFAULT_LIMIT: u16 = 50;
const MAX_LIMIT: u16 = 200;

/// The query string; unknown or malformed parameters are refused in the common
/// shape.
pub struct Parameters<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Query::<T>::from_request_parts(parts, state)
            .await
            .map(|Query(parameters)| Self(parameters))
            .map_err(|error: QueryRejection| ApiError::Bad("bad_query", error.body_text()))
    }
}

/// The number of rows of a page.
pub fn limit(text: Option<&str>) -> Result<u16, ApiError> {
    let Some(text) = text else {
        return Ok(DEFAULT_LIMIT);
    };
    match text.parse() {
        Ok(limit @ 1..=MAX_LIMIT) => Ok(limit),
        _ => Err(ApiError::Bad(
            "bad_limit",
            format!("limit must be a number from 1 to {MAX_LIMIT}"),
        )),
    }
}

/// An address.
pub fn address(text: &str) -> Result<Pubkey, ApiError> {
    text.parse().map_err(|_| {
        ApiError::Bad(
            "bad_address",
            "an address is 32 bytes in base58, 32 to 44 characters".to_owned(),
        )
    })
}

/// Where a page ended: the time that its list is ordered by, and the address
/// that tells equal times apart. Callers pass it on and do not look inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Unix seconds.
    pub time: i64,
    pub address: String,
}

impl Cursor {
    fn encode(&self) -> String {
        format!("{}.{}", self.time, self.address)
    }

    /// Reads a cursor that an earlier page gave.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let bad = || {
            ApiError::Bad(
                "bad_cursor",
                "cursor must be next_cursor of an earlier page".to_owned(),
            )
        };
        let (time, key) = text.split_once('.').ok_or_else(bad)?;
        let key = address(key).map_err(|_| bad())?;
        Ok(Self {
            time: time.parse().map_err(|_| bad())?,
            address: key.to_string(),
        })
    }
}

/// A page of games.
#[derive(Serialize)]
pub struct Page<T> {
    pub games: Vec<T>,
    /// For the next page; `null` on the last one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Of rows of which one more was asked for than the page holds.
    pub fn of(mut rows: Vec<T>, limit: u16, cursor: impl Fn(&T) -> Cursor) -> Self {
        let more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let next_cursor = rows.last().filter(|_| more).map(|row| cursor(row).encode());
        Self {
            games: rows,
            next_cursor,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_and_nothing_else_is_one() {
        let cursor = Cursor {
            time: i64::MIN,
            address: lottery::ID.to_string(),
        };
        assert_eq!(Cursor::parse(&cursor.encode()).unwrap(), cursor);
        for text in [
            "",
            ".",
            "1",
            "1.",
            ".x",
            "1.x",
            "x.y",
            "1e3.x",
            "9223372036854775808.x",
        ] {
            assert!(Cursor::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn limits_are_bounded() {
        assert_eq!(limit(None).unwrap(), DEFAULT_LIMIT);
        assert_eq!(limit(Some("1")).unwrap(), 1);
        assert_eq!(limit(Some("200")).unwrap(), 200);
        for text in ["", "0", "-1", "201", "1e2", "99999999999999999999", "ten"] {
            assert!(limit(Some(text)).is_err(), "{text}");
        }
    }
}
