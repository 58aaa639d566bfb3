//! The configuration as it is shown: every key with what it is set to, and secrets
//! as `…`.

use lottery_service::config::shown::{millis, number, seconds};

use super::{Config, DAY, Options};

impl Config {
    /// The options that make this configuration, all of them set.
    pub fn options(&self) -> Options {
        let (settings, database) = (&self.settings, &self.database);
        let urls = |url: fn(&super::Endpoint) -> &String| {
            Some(self.endpoints.iter().map(url).cloned().collect())
        };
        Options {
            rpc_url: urls(|endpoint| &endpoint.rpc_url),
            ws_url: urls(|endpoint| &endpoint.ws_url),
            oracle_rpc_url: Some(self.oracle_rpc_url.clone()),
            rpc_timeout_ms: millis(self.rpc_timeout),
            probe_ms: millis(self.probe),
            max_slot_lag: number(self.max_slot_lag),
            gateway_timeout_ms: millis(self.gateway_timeout),
            keypair: self.keypair.clone(),
            house: settings.house,
            lanes: Some(settings.lanes),
            push_claims: Some(settings.push_claims),
            push_refunds: Some(settings.push_refunds),
            create_token_accounts: Some(self.create_token_accounts),
            close: Some(settings.close),
            close_after_seconds: seconds(settings.close_after),
            draw_jobs: Some(self.draw_jobs),
            push_jobs: Some(self.push_jobs),
            tick_ms: millis(self.tick),
            debounce_ms: millis(self.debounce),
            scan_seconds: seconds(self.scan),
            drain_seconds: seconds(self.drain),
            min_balance: number(self.min_balance),
            fee_percentile: Some(self.fees.percentile),
            fee_urgent_percentile: Some(self.fees.urgent_percentile),
            fee_min_micro_lamports: number(self.fees.min_micro_lamports),
            fee_cap_lamports: number(self.fees.cap_lamports),
            profit_guard: Some(self.profit_guard),
            max_loss_lamports: number(self.max_loss_lamports),
            transaction_version: Some(self.transaction_version),
            lookup_tables: Some(self.lookup_tables.clone()),
            database_url: database.url.clone(),
            lease_name: Some(database.lease_name.clone()),
            lease_seconds: seconds(database.lease),
            without_database: Some(database.without),
            database_patience_seconds: seconds(database.patience),
            journal_keep_days: number(database.journal_keep.as_secs() / DAY),
            listen: self.listen,
            stall_seconds: seconds(self.stall),
        }
    }
}

lottery_service::show_as_options!(Config);
