//! What a configuration must keep to.

use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};

use lottery_service::config::{OptionsError, check};

use super::{Config, TransactionVersion, value};

/// Longest name of a lease (characters).
const MAX_LEASE_NAME: usize = 63;

/// Shortest pause between two probes: each is a question to every node.
const MIN_PROBE: Duration = Duration::from_millis(100);

/// Refuses what cannot work, naming the key.
pub(super) fn check(config: &Config) -> Result<(), OptionsError> {
    check_positive(config)?;
    check_fees(config)?;
    check_transactions(config)?;
    check_database(config)?;
    // One answer that is waited for in vain is not a standstill.
    if config.stall <= config.rpc_timeout || config.stall <= config.tick {
        return Err(value(
            "stall_seconds",
            "must be longer than rpc_timeout_ms and tick_ms; raise it or lower those",
        ));
    }
    Ok(())
}

fn check_positive(config: &Config) -> Result<(), OptionsError> {
    check::at_least_one(&[
        ("draw_jobs", config.draw_jobs > 0),
        ("push_jobs", config.push_jobs > 0),
        ("tick_ms", !config.tick.is_zero()),
        ("scan_seconds", !config.scan.is_zero()),
        ("rpc_timeout_ms", !config.rpc_timeout.is_zero()),
        ("gateway_timeout_ms", !config.gateway_timeout.is_zero()),
        ("max_slot_lag", config.max_slot_lag > 0),
        ("journal_keep_days", !config.database.journal_keep.is_zero()),
    ])?;
    if config.probe < MIN_PROBE {
        return Err(value("probe_ms", "must be at least 100"));
    }
    Ok(())
}

fn check_fees(config: &Config) -> Result<(), OptionsError> {
    const PERCENT: RangeInclusive<u8> = 1..=100;
    let fees = &config.fees;
    for (key, percentile) in [
        ("fee_percentile", fees.percentile),
        ("fee_urgent_percentile", fees.urgent_percentile),
    ] {
        check::within(key, &percentile, &PERCENT)?;
    }
    if fees.urgent_percentile < fees.percentile {
        return Err(value(
            "fee_urgent_percentile",
            "must not be below fee_percentile; raise it or lower that",
        ));
    }
    if fees.cap_lamports == 0 && fees.min_micro_lamports > 0 {
        return Err(value(
            "fee_min_micro_lamports",
            "must be 0 while fee_cap_lamports is 0, which pays no priority fee; change one",
        ));
    }
    if !config.profit_guard && config.max_loss_lamports > 0 {
        return Err(value(
            "max_loss_lamports",
            "means nothing without profit_guard; turn that on or remove this",
        ));
    }
    Ok(())
}

fn check_transactions(config: &Config) -> Result<(), OptionsError> {
    let tables = &config.lookup_tables;
    if !tables.is_empty() && config.transaction_version != TransactionVersion::V0 {
        return Err(value(
            "lookup_tables",
            "only transactions of version v0 can use them; set transaction_version = \"v0\" or remove them",
        ));
    }
    if tables.iter().collect::<BTreeSet<_>>().len() < tables.len() {
        return Err(value("lookup_tables", "names a table twice; remove one"));
    }
    Ok(())
}

fn check_database(config: &Config) -> Result<(), OptionsError> {
    let database = &config.database;
    if let Some(url) = &database.url {
        check::postgres("database_url", url)?;
    }
    let name = &database.lease_name;
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if name.is_empty() || name.len() > MAX_LEASE_NAME || !name.chars().all(is_plain) {
        return Err(value(
            "lease_name",
            "must have 1 to 63 letters, digits, hyphens, underscores or dots",
        ));
    }
    check::within("lease_seconds", &database.lease.as_secs(), &(1..=60))
}
