//! What values must keep to, whoever's they are.

use std::{fmt::Display, ops::RangeInclusive};

use super::{OptionsError, Secret};

/// Refuses the first of the keys that is zero.
///
/// # Errors
/// Which one that is.
pub fn at_least_one(keys: &[(&'static str, bool)]) -> Result<(), OptionsError> {
    match keys.iter().find(|(_, is_positive)| !is_positive) {
        Some((key, _)) => Err(OptionsError::value(key, "must be at least 1")),
        None => Ok(()),
    }
}

/// Refuses a value outside its range.
///
/// # Errors
/// The range.
pub fn within<T: PartialOrd + Display>(
    key: &'static str,
    value: &T,
    range: &RangeInclusive<T>,
) -> Result<(), OptionsError> {
    if range.contains(value) {
        return Ok(());
    }
    let problem = format!("must be from {} to {}", range.start(), range.end());
    Err(OptionsError::value(key, problem))
}

/// Refuses what is no address of a Postgres database.
///
/// # Errors
/// What it must begin with.
pub fn postgres(key: &'static str, url: &Secret) -> Result<(), OptionsError> {
    let schemes = ["postgres://", "postgresql://"];
    if schemes
        .iter()
        .any(|scheme| url.expose().starts_with(scheme))
    {
        return Ok(());
    }
    let problem = "must begin with postgres:// or postgresql://";
    Err(OptionsError::value(key, problem))
}
