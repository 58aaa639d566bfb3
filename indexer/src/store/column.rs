//! How a field of an account becomes a column and back. One implementation per
//! type, so that no table can get a conversion wrong of its own.

use std::fmt::Debug;

use lottery::state::GameStatus;
use solana_pubkey::Pubkey;
use sqlx::{Encode, Postgres, Row, Type, postgres::PgHasArrayType, postgres::PgRow};

use super::U64;

/// A type that a column can hold.
pub trait Column: Sized + PartialEq + Debug {
    /// What one value is sent as; a column of rows goes as an array of these.
    type Wire: for<'q> Encode<'q, Postgres> + Type<Postgres> + PgHasArrayType + Send;
    /// SQL type of the parameter's elements.
    const PARAMETER: &'static str;
    /// Cast from the parameter to the column's type, where assignment does not do.
    const WRITE_CAST: &'static str = "";
    /// Cast from the column to a type that is read without knowing the domain.
    const READ_CAST: &'static str = "";

    fn to_wire(&self) -> Self::Wire;

    /// # Errors
    /// When the column is missing or holds what the type cannot.
    fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error>;
}

/// The error of a column that holds what its type cannot.
fn bad(name: &str, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::ColumnDecode {
        index: name.to_owned(),
        source: why.into(),
    }
}

macro_rules! plain {
    ($($rust:ty, $wire:ty, $sql:literal;)*) => {$(
        impl Column for $rust {
            type Wire = $wire;
            const PARAMETER: &'static str = $sql;
            fn to_wire(&self) -> $wire { <$wire>::from(*self) }
            fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error> {
                let wire: $wire = row.try_get(name)?;
                Self::try_from(wire).map_err(|error| bad(name, error))
            }
        }
    )*};
}

plain! {
    bool, bool, "bool";
    i64, i64, "int8";
    u8, i16, "int2";
    u16, i32, "int4";
    u32, i64, "int8";
    U64, U64, "numeric";
}

impl Column for Option<U64> {
    type Wire = Option<U64>;
    const PARAMETER: &'static str = "numeric";
    fn to_wire(&self) -> Self::Wire {
        *self
    }
    fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error> {
        row.try_get(name)
    }
}

impl Column for Pubkey {
    type Wire = String;
    const PARAMETER: &'static str = "text";
    fn to_wire(&self) -> String {
        self.to_string()
    }
    fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error> {
        let text: &str = row.try_get(name)?;
        text.parse().map_err(|error| bad(name, format!("{error}")))
    }
}

/// An address that is all zero on the chain while there is none: NULL here.
impl Column for Option<Pubkey> {
    type Wire = Option<String>;
    const PARAMETER: &'static str = "text";
    fn to_wire(&self) -> Self::Wire {
        self.map(|address| address.to_string())
    }
    fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error> {
        let text: Option<&str> = row.try_get(name)?;
        text.map(|text| text.parse().map_err(|error| bad(name, format!("{error}"))))
            .transpose()
    }
}

/// `None` for an address that is all zero.
pub fn some_address(address: &Pubkey) -> Option<Pubkey> {
    (*address != Pubkey::default()).then_some(*address)
}

impl<const N: usize> Column for [u8; N] {
    type Wire = Vec<u8>;
    const PARAMETER: &'static str = "bytea";
    fn to_wire(&self) -> Vec<u8> {
        self.to_vec()
    }
    fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error> {
        let bytes: &[u8] = row.try_get(name)?;
        bytes.try_into().map_err(|error| bad(name, error))
    }
}

impl Column for Option<[u8; 32]> {
    type Wire = Option<Vec<u8>>;
    const PARAMETER: &'static str = "bytea";
    fn to_wire(&self) -> Self::Wire {
        self.map(|bytes| bytes.to_vec())
    }
    fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error> {
        let bytes: Option<&[u8]> = row.try_get(name)?;
        bytes
            .map(|bytes| bytes.try_into().map_err(|error| bad(name, error)))
            .transpose()
    }
}

/// An array goes as the text of an array literal: UNNEST would flatten an
/// array of arrays into one.
macro_rules! array {
    ($($rust:ty, $wire:ty, $write:literal, $read:literal;)*) => {$(
        impl<const N: usize> Column for [$rust; N] {
            type Wire = String;
            const PARAMETER: &'static str = "text";
            const WRITE_CAST: &'static str = $write;
            const READ_CAST: &'static str = $read;
            fn to_wire(&self) -> String {
                let items: Vec<String> = self.iter().map(ToString::to_string).collect();
                format!("{{{}}}", items.join(","))
            }
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
    u16, i32, "::u16[]", "::int4[]";
    u32, i64, "::u32[]", "::int8[]";
    U64, U64, "::u64[]", "::numeric[]";
}

/// Addresses of which each may be missing.
impl<const N: usize> Column for [Option<Pubkey>; N] {
    type Wire = String;
    const PARAMETER: &'static str = "text";
    const WRITE_CAST: &'static str = "::address[]";
    const READ_CAST: &'static str = "::text[]";
    fn to_wire(&self) -> String {
        let items: Vec<String> = self
            .iter()
            .map(|address| address.map_or_else(|| "NULL".to_owned(), |a| a.to_string()))
            .collect();
        format!("{{{}}}", items.join(","))
    }
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
    type Wire = String;
    const PARAMETER: &'static str = "text";
    const WRITE_CAST: &'static str = "::game_status";
    const READ_CAST: &'static str = "::text";
    fn to_wire(&self) -> String {
        status_name(*self).to_owned()
    }
    fn read(row: &PgRow, name: &str) -> Result<Self, sqlx::Error> {
        let text: &str = row.try_get(name)?;
        status_from_name(text).ok_or_else(|| bad(name, format!("no status is called {text}")))
    }
}
