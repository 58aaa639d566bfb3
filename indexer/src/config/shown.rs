//! The configuration as it is shown: every key with what it is set to, and secrets
//! as `…`.

use lottery_service::config::shown::{millis, number, seconds};

use super::{Config, Options};

impl Config {
    /// The options that make this configuration, all of them set but those whose absence
    /// means something.
    pub fn options(&self) -> Options {
        let geyser = self.geyser.as_ref();
        Options {
            rpc_url: Some(self.endpoint.rpc_url.clone()),
            ws_url: Some(self.endpoint.ws_url.clone()),
            source: Some(self.source),
            geyser_url: geyser.map(|geyser| geyser.url.expose().to_owned()),
            geyser_token: geyser.and_then(|geyser| geyser.token.clone()),
            geyser_ca: geyser.and_then(|geyser| geyser.authorities.clone()),
            commitment: Some(self.commitment),
            snapshot_seconds: seconds(self.snapshot),
            stream_silence_seconds: seconds(self.stream_silence),
            ledger_ms: millis(self.ledger),
            database_url: self.database.url.clone(),
            database_read_url: self.replica.as_ref().and_then(|it| it.url.clone()),
            database_connections: Some(self.connections),
            events_keep_months: self.events_keep_months,
            partitions_ahead_months: Some(self.partitions_ahead_months),
            statistics_seconds: number(self.statistics.map_or(0, |it| it.as_secs())),
            listen: Some(self.listen),
            metrics_listen: self.metrics_listen,
            stall_seconds: seconds(self.stall),
            drain_seconds: seconds(self.drain),
        }
    }
}

lottery_service::show_as_options!(Config);
