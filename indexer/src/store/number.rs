//! `u64` in a NUMERIC column: exact, by its binary wire format (counts of
//! base-10,000 digits; see `numeric_recv` in Postgres' `numeric.c`).

use serde::{Serialize, Serializer};
use sqlx::{
    Postgres,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef},
};

const BASE: u64 = 10_000;

/// An unsigned 64-bit number of the chain. In JSON it is a string, because
/// JavaScript's numbers end at 2^53.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct U64(pub u64);

impl From<u64> for U64 {
    fn from(value: u64) -> Self {
        Self(value)
    }
}

impl std::fmt::Display for U64 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for U64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Why a NUMERIC is not a `u64`.
#[derive(Debug, thiserror::Error)]
pub enum NumberError {
    #[error("a numeric of {0} bytes is cut short")]
    Short(usize),
    #[error("a numeric that is negative, a fraction, infinite or not a number")]
    NotWhole,
    #[error("a numeric above 18446744073709551615")]
    TooLarge,
}

/// Wire format of a whole number.
fn to_wire(value: u64) -> Vec<u8> {
    let mut digits = Vec::with_capacity(5);
    let mut rest = value;
    while rest > 0 {
        // Below 10,000.
        digits.push(u16::try_from(rest % BASE).unwrap_or_default());
        rest /= BASE;
    }
    // At most five digits hold 2^64.
    let count = u16::try_from(digits.len()).unwrap_or_default();
    let mut wire = Vec::with_capacity(8 + digits.len() * 2);
    wire.extend(count.to_be_bytes());
    wire.extend(count.saturating_sub(1).to_be_bytes());
    // Sign and display scale.
    wire.extend([0; 4]);
    for digit in digits.iter().rev() {
        wire.extend(digit.to_be_bytes());
    }
    wire
}

fn from_wire(wire: &[u8]) -> Result<u64, NumberError> {
    let short = NumberError::Short(wire.len());
    let (words, rest) = wire.as_chunks::<2>();
    let mut words = words.iter().map(|word| u16::from_be_bytes(*word));
    let (Some(count), Some(weight), Some(sign), Some(_scale), true) = (
        words.next(),
        words.next(),
        words.next(),
        words.next(),
        rest.is_empty(),
    ) else {
        return Err(short);
    };
    let digits: Vec<u16> = words.collect();
    if digits.len() != usize::from(count) {
        return Err(short);
    }
    if count == 0 && sign == 0 {
        return Ok(0);
    }
    // A negative weight reads as a large one here: a fraction. Trailing zero
    // digits are left out on the wire, so there may be fewer than the weight says.
    if sign != 0 || weight >= 0x8000 || count > weight.saturating_add(1) {
        return Err(NumberError::NotWhole);
    }
    let mut value = 0u64;
    for place in 0..=weight {
        let digit = digits.get(usize::from(place)).copied().unwrap_or_default();
        value = value
            .checked_mul(BASE)
            .and_then(|v| v.checked_add(u64::from(digit)))
            .ok_or(NumberError::TooLarge)?;
    }
    Ok(value)
}

impl sqlx::Type<Postgres> for U64 {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(sqlx::postgres::types::Oid(1700))
    }
}

impl PgHasArrayType for U64 {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(sqlx::postgres::types::Oid(1231))
    }
}

impl sqlx::Encode<'_, Postgres> for U64 {
    fn encode_by_ref(&self, buf: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buf.extend(to_wire(self.0));
        Ok(IsNull::No)
    }
}

impl sqlx::Decode<'_, Postgres> for U64 {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(match value.format() {
            PgValueFormat::Binary => from_wire(value.as_bytes()?)?,
            PgValueFormat::Text => value.as_str()?.parse()?,
        }))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn every_length_survives_the_wire() {
        let mut values = vec![
            0,
            1,
            9_999,
            10_000,
            10_001,
            99_990_000,
            u64::MAX,
            u64::MAX - 1,
        ];
        values.extend((0..20).map(|power| 10u64.pow(power)));
        values.extend((0..64).map(|bit| 1u64 << bit));
        for value in values {
            assert_eq!(from_wire(&to_wire(value)).unwrap(), value);
        }
    }

    #[test]
    fn trailing_zero_digits_may_be_missing() {
        // 10^8 as Postgres sends it: one digit of weight 2.
        let wire = [0, 1, 0, 2, 0, 0, 0, 0, 0, 1];
        assert_eq!(from_wire(&wire).unwrap(), 100_000_000);
    }

    #[test]
    fn what_is_no_u64_is_refused() {
        // 2^64 = 1844 6744 0737 0955 1616.
        let mut two_to_64 = vec![0, 5, 0, 4, 0, 0, 0, 0];
        for digit in [1844u16, 6744, 737, 955, 1616] {
            two_to_64.extend(digit.to_be_bytes());
        }
        assert!(matches!(from_wire(&two_to_64), Err(NumberError::TooLarge)));
        let negative = [0, 1, 0, 0, 0x40, 0, 0, 0, 0, 1];
        let half = [0, 1, 0xff, 0xff, 0, 0, 0, 1, 0x13, 0x88];
        let nan = [0, 0, 0, 0, 0xc0, 0, 0, 0];
        for wire in [&negative[..], &half, &nan] {
            assert!(matches!(from_wire(wire), Err(NumberError::NotWhole)));
        }
        for length in 0..8 {
            assert!(from_wire(&nan[..length]).is_err());
        }
    }
}
