//! The configuration as it is shown: options with all keys set, and secrets as `…`.

use std::{fmt, time::Duration};

use serde::Serialize;

/// Largest number that TOML holds; larger ones are shown as this.
const LARGEST: u64 = i64::MAX.unsigned_abs();

/// A number as an option.
pub fn number(value: u64) -> Option<u64> {
    Some(value.min(LARGEST))
}

/// A duration as an option in seconds.
pub fn seconds(duration: Duration) -> Option<u64> {
    number(duration.as_secs())
}

/// A duration as an option in milliseconds.
pub fn millis(duration: Duration) -> Option<u64> {
    number(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// Shows a configuration by its `options()`: as a TOML file, and for logs as JSON in one
/// line.
#[macro_export]
macro_rules! show_as_options {
    ($config:ty) => {
        impl ::std::fmt::Display for $config {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::config::shown::toml(&self.options(), f)
            }
        }

        impl ::std::fmt::Debug for $config {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::config::shown::json(&self.options(), f)
            }
        }
    };
}

/// Writes options as a TOML file.
///
/// # Errors
/// When they cannot be written.
pub fn toml(options: &impl Serialize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let text = toml::to_string(options).map_err(|_| fmt::Error)?;
    f.write_str(&text)
}

/// Writes options as JSON in one line.
///
/// # Errors
/// When they cannot be written.
pub fn json(options: &impl Serialize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let text = serde_json::to_string(options).map_err(|_| fmt::Error)?;
    f.write_str(&text)
}
