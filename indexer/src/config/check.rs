//! What a configuration must keep to.

use std::{ops::RangeInclusive, time::Duration};

use lottery_service::config::{OptionsError, check};

use super::{Config, SourceKind};
use crate::source::geyser::GeyserSettingError;

/// A day (seconds).
const DAY: u64 = 86_400;

/// Connections: `run` keeps six for writing, and requests need some.
const CONNECTIONS: RangeInclusive<u32> = 10..=1_000;

/// Refuses what cannot work, naming the key.
pub(super) fn check(config: &Config) -> Result<(), OptionsError> {
    for (key, duration, longest) in [
        ("snapshot_seconds", config.snapshot, DAY),
        ("stream_silence_seconds", config.stream_silence, 3_600),
        ("drain_seconds", config.drain, 600),
    ] {
        check::within(key, &duration.as_secs(), &(1..=longest))?;
    }
    check::within("ledger_ms", &config.ledger.as_millis(), &(50..=600_000))?;
    check::within("database_connections", &config.connections, &CONNECTIONS)?;
    check_geyser(config)?;
    check_keeping(config)?;
    check_stall(config)?;
    if config.metrics_listen == Some(config.listen) && config.listen.port() != 0 {
        return Err(OptionsError::value(
            "metrics_listen",
            "is the address of the API (listen) too; choose another port",
        ));
    }
    Ok(())
}

fn check_geyser(config: &Config) -> Result<(), OptionsError> {
    match &config.geyser {
        Some(geyser) => match geyser.parsed() {
            Ok(_) => Ok(()),
            Err(GeyserSettingError::Url(_)) => {
                let problem = "must begin with http:// or https://, and name a host";
                Err(OptionsError::value("geyser_url", problem))
            }
            Err(GeyserSettingError::Token) => {
                let problem = "has characters that an HTTP header cannot carry";
                Err(OptionsError::value("geyser_token", problem))
            }
            Err(GeyserSettingError::Authorities(problem)) => {
                Err(OptionsError::value("geyser_ca", problem))
            }
        },
        None if config.source == SourceKind::Geyser => Err(OptionsError::value(
            "source",
            "is \"geyser\", but there is no geyser_url; give it or choose \"websocket\"",
        )),
        _ => Ok(()),
    }
}

fn check_keeping(config: &Config) -> Result<(), OptionsError> {
    if config.events_keep_months == Some(0) {
        return Err(OptionsError::value(
            "events_keep_months",
            "must be at least 1; leave it out to keep events for ever",
        ));
    }
    check::within(
        "partitions_ahead_months",
        &config.partitions_ahead_months,
        &(1..=120),
    )?;
    match config.statistics {
        Some(interval) => check::within("statistics_seconds", &interval.as_secs(), &(1..=DAY)),
        None => Ok(()),
    }
}

/// What comes from time to time is not a standstill in between.
fn check_stall(config: &Config) -> Result<(), OptionsError> {
    let pauses: &[(Duration, &str)] = match config.source {
        SourceKind::Polling => &[
            (
                config.snapshot,
                "must be longer than snapshot_seconds, which alone bring news; raise it or lower \
                 that",
            ),
            (config.ledger, LONGER_THAN_LEDGER),
        ],
        SourceKind::Websocket | SourceKind::Geyser => &[
            (
                config.stream_silence,
                "must be longer than stream_silence_seconds; raise it or lower that",
            ),
            (config.ledger, LONGER_THAN_LEDGER),
        ],
    };
    match pauses.iter().find(|(pause, _)| config.stall <= *pause) {
        Some((_, problem)) => Err(OptionsError::value("stall_seconds", *problem)),
        None => Ok(()),
    }
}

const LONGER_THAN_LEDGER: &str = "must be longer than ledger_ms; raise it or lower that";
