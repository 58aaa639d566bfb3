//! How a value becomes a column and back. One implementation per type, so that no
//! table can get a conversion wrong of its own.
//!
//! Values are sent as the text that Postgres itself reads, in COPY and in arrays
//! alike: one form to get right, and no slower than the binary one, as the server's
//! time goes into indexes and checks.

use std::fmt::{Debug, Write as _};

use lottery::state::GameStatus;
use solana_pubkey::Pubkey;
use sqlx::{Row, postgres::PgRow};

use super::{U64, base58};

/// A type that a column can hold.
pub trait Column: Debug {
    /// What the text is cast to.
    const SQL: &'static str;

    /// Appends the value; `false` if it is NULL.
    fn write(&self, out: &mut String) -> bool;
}

/// A type that can be read back.
pub trait ReadColumn: Column + Sized {
    /// Cast from the column to a type that is read without knowing the domain.
    const READ_CAST: &'static str = "";

    /// # Errors
    /// When the column is missing or holds what the type cannot.
    fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error>;
}

/// The error of a column that holds what its type cannot.
pub fn bad(name: &str, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::ColumnDecode {
        index: name.to_owned(),
        source: why.into(),
    }
}

/// Appends what displays as Postgres reads it.
fn display(out: &mut String, value: impl std::fmt::Display) -> bool {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
    true
}

macro_rules! displayed {
    ($($rust:ty, $sql:literal;)*) => {$(
        impl Column for $rust {
            const SQL: &'static str = $sql;
            fn write(&self, out: &mut String) -> bool { display(out, self) }
        }
    )*};
}

displayed! {
    bool, "bool";
    i16, "int2";
    i32, "int4";
    i64, "int8";
    u8, "u8";
    u16, "u16";
    u32, "u32";
    U64, "u64";
}

impl Column for Pubkey {
    const SQL: &'static str = "address";
    fn write(&self, out: &mut String) -> bool {
        base58::push(out, self);
        true
    }
}

macro_rules! plain {
    ($($rust:ty, $wire:ty;)*) => {$(
        impl ReadColumn for $rust {
            fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error> {
                let wire: $wire = row.try_get(name)?;
                Self::try_from(wire).map_err(|error| bad(name, error))
            }
        }
    )*};
}

plain! {
    bool, bool;
    i64, i64;
    u8, i16;
    u16, i32;
    u32, i64;
    U64, U64;
}

impl<T: Column> Column for Option<T> {
    const SQL: &'static str = T::SQL;
    fn write(&self, out: &mut String) -> bool {
        self.as_ref().is_some_and(|value| value.write(out))
    }
}

impl<T: ReadColumn> ReadColumn for Option<T> {
    const READ_CAST: &'static str = T::READ_CAST;
    fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error> {
        use sqlx::ValueRef as _;
        if row.try_get_raw(name)?.is_null() {
            return Ok(None);
        }
        T::read(row, name).map(Some)
    }
}

impl ReadColumn for Pubkey {
    fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error> {
        let text: &str = row.try_get(name)?;
        text.parse().map_err(|error| bad(name, format!("{error}")))
    }
}

/// `None` for an address that is all zero, as the chain has it where there is none.
pub fn some_address(address: &Pubkey) -> Option<Pubkey> {
    (*address != Pubkey::default()).then_some(*address)
}

/// Postgres' text cannot hold a zero character, so that is shown as an escape.
impl Column for String {
    const SQL: &'static str = "text";
    fn write(&self, out: &mut String) -> bool {
        if self.contains('\0') {
            out.push_str(&self.replace('\0', "\\0"));
        } else {
            out.push_str(self);
        }
        true
    }
}

impl Column for &'static str {
    const SQL: &'static str = "text";
    fn write(&self, out: &mut String) -> bool {
        out.push_str(self);
        true
    }
}

/// Names, each without quotes and backslashes.
impl Column for Vec<String> {
    const SQL: &'static str = "text[]";
    fn write(&self, out: &mut String) -> bool {
        list(out, self, |out, name| {
            let _ = write!(out, "\"{name}\"");
        })
    }
}

/// Unix seconds as a time; those that Postgres or the calendar cannot hold are NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub i64);

impl Time {
    /// The time now, to the second.
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_second())
    }

    /// Whether Postgres and the calendar can hold it.
    pub fn is_real(self) -> bool {
        // The years 1 to 9999, as `unix_time` has it.
        (-62_135_596_800..=253_402_300_799).contains(&self.0)
    }
}

impl Column for Time {
    const SQL: &'static str = "timestamptz";
    fn write(&self, out: &mut String) -> bool {
        match jiff::Timestamp::from_second(self.0) {
            Ok(time) if self.is_real() => display(out, time),
            _ => false,
        }
    }
}

/// Appends bytes as hex digits.
pub(crate) fn hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    for byte in bytes {
        out.push(digit(byte >> 4));
        out.push(digit(*byte));
    }
}

impl<const N: usize> Column for [u8; N] {
    const SQL: &'static str = "bytea";
    fn write(&self, out: &mut String) -> bool {
        out.push_str("\\x");
        hex(out, self);
        true
    }
}

/// A document in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(pub String);

impl Column for Json {
    const SQL: &'static str = "jsonb";
    fn write(&self, out: &mut String) -> bool {
        out.push_str(&self.0);
        true
    }
}

impl<const N: usize> ReadColumn for [u8; N] {
    fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error> {
        let bytes: &[u8] = row.try_get(name)?;
        bytes.try_into().map_err(|error| bad(name, error))
    }
}

/// An array literal.
fn list<T>(out: &mut String, items: &[T], mut one: impl FnMut(&mut String, &T)) -> bool {
    out.push('{');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        one(out, item);
    }
    out.push('}');
    true
}

macro_rules! array {
    ($($rust:ty, $wire:ty, $sql:literal, $read:literal;)*) => {$(
        impl<const N: usize> Column for [$rust; N] {
            const SQL: &'static str = $sql;
            fn write(&self, out: &mut String) -> bool {
                list(out, self, |out, item| { display(out, item); })
            }
        }

        impl<const N: usize> ReadColumn for [$rust; N] {
            const READ_CAST: &'static str = $read;
            fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error> {
                let wire: Vec<$wire> = row.try_get(name)?;
                let items = wire
                    .into_iter()
                    .map(<$rust>::try_from)
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|error| bad(name, error))?;
                items.try_into().map_err(|items: Vec<_>| {
                    bad(name, format!("{} elements, not {N}", items.len()))
                })
            }
        }
    )*};
}

array! {
    u16, i32, "u16[]", "::int4[]";
    u32, i64, "u32[]", "::int8[]";
    U64, U64, "u64[]", "::numeric[]";
}

/// Addresses of which each may be missing.
impl<const N: usize> Column for [Option<Pubkey>; N] {
    const SQL: &'static str = "address[]";
    fn write(&self, out: &mut String) -> bool {
        list(out, self, |out, address| match address {
            Some(address) => base58::push(out, address),
            None => out.push_str("NULL"),
        })
    }
}

impl<const N: usize> ReadColumn for [Option<Pubkey>; N] {
    const READ_CAST: &'static str = "::text[]";
    fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error> {
        let wire: Vec<Option<String>> = row.try_get(name)?;
        let items = wire
            .into_iter()
            .map(|text| text.map(|text| text.parse()).transpose())
            .collect::<Result<Vec<Option<Pubkey>>, _>>()
            .map_err(|error| bad(name, format!("{error}")))?;
        items
            .try_into()
            .map_err(|items: Vec<_>| bad(name, format!("{} elements, not {N}", items.len())))
    }
}

/// Name of a status, as in the database and the API.
pub fn status_name(status: GameStatus) -> &'static str {
    match status {
        GameStatus::Open => "open",
        GameStatus::Drawing => "drawing",
        GameStatus::Playing => "playing",
        GameStatus::Settled => "settled",
        GameStatus::Cancelled => "cancelled",
    }
}

/// The status of that name.
pub fn status_from_name(name: &str) -> Option<GameStatus> {
    (0..=4)
        .filter_map(GameStatus::from_bits)
        .find(|status| status_name(*status) == name)
}

impl Column for GameStatus {
    const SQL: &'static str = "game_status";
    fn write(&self, out: &mut String) -> bool {
        out.push_str(status_name(*self));
        true
    }
}

impl ReadColumn for GameStatus {
    const READ_CAST: &'static str = "::text";
    fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error> {
        let text: &str = row.try_get(name)?;
        status_from_name(text).ok_or_else(|| bad(name, format!("no status is called {text}")))
    }
}
