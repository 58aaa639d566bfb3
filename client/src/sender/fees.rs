//! What a compute unit should cost: what was paid of late for the accounts that a
//! transaction writes, more when it is urgent, and never more than the cap.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use serde_json::json;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_rpc_client_types::response::RpcPrioritizationFee;

use crate::rpc::Pool;

/// Most accounts that nodes take in one question.
const MOST_ACCOUNTS: usize = 128;

/// How long an answer serves.
const FRESH: Duration = Duration::from_secs(2);

/// Questions whose answers are kept.
const KEPT: u64 = 4_096;

/// What a transaction starts from that died, where nobody pays anything
/// (millionths of a lamport).
const FIRST_RAISE: u64 = 1_000;

/// Slots before its deadline at which a transaction begins to be urgent.
const URGENT_WITHIN: u64 = 600;

/// How much is paid for priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeSettings {
    /// Percentile of what was paid in recent slots.
    pub percentile: u8,
    /// The same of what is urgent.
    pub urgent_percentile: u8,
    /// Least price (millionths of a lamport per compute unit).
    pub min_micro_lamports: u64,
    /// Most that a transaction pays for priority (lamports). With 0 none is paid, and
    /// nodes are not asked.
    pub cap_lamports: u64,
}

impl Default for FeeSettings {
    fn default() -> Self {
        Self {
            percentile: 50,
            urgent_percentile: 95,
            min_micro_lamports: 0,
            cap_lamports: 100_000,
        }
    }
}

/// How much a transaction matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Urgency {
    /// Slots left until it is too late, if it ever is.
    pub slots_left: Option<u64>,
    /// How often it died before.
    pub deaths: u32,
    /// Most that it is worth paying for priority (lamports), if that is below the cap.
    pub worth: Option<u64>,
}

/// The accounts that instructions write.
pub fn written(instructions: &[Instruction]) -> Vec<Pubkey> {
    let metas = instructions.iter().flat_map(|it| &it.accounts);
    let mut written: Vec<Pubkey> = metas
        .filter(|meta| meta.is_writable)
        .map(|meta| meta.pubkey)
        .collect();
    written.sort_unstable();
    written.dedup();
    written.truncate(MOST_ACCOUNTS);
    written
}

/// Asks nodes for recent prices.
pub struct Fees {
    pool: Arc<Pool>,
    settings: FeeSettings,
    /// Prices of recent slots, sorted, by the accounts written.
    recent: Cache<Vec<Pubkey>, Arc<[u64]>>,
}

impl Fees {
    pub fn new(pool: Arc<Pool>, settings: FeeSettings) -> Self {
        Self {
            pool,
            settings,
            recent: Cache::builder()
                .max_capacity(KEPT)
                .time_to_live(FRESH)
                .build(),
        }
    }

    pub fn settings(&self) -> &FeeSettings {
        &self.settings
    }

    /// What was paid in recent slots for these accounts, sorted. A node that cannot
    /// tell is no reason not to send.
    pub async fn recent(&self, accounts: Vec<Pubkey>) -> Arc<[u64]> {
        if self.settings.cap_lamports == 0 {
            return Arc::new([]);
        }
        let ask = self.ask(&accounts);
        self.recent.get_with_by_ref(&accounts, ask).await
    }

    async fn ask(&self, accounts: &[Pubkey]) -> Arc<[u64]> {
        let addresses: Vec<String> = accounts.iter().map(ToString::to_string).collect();
        let method = "getRecentPrioritizationFees";
        let answer = self.pool.request(method, json!([addresses])).await;
        let parsed = answer.map(|(_, value)| {
            serde_json::from_value::<Vec<RpcPrioritizationFee>>(value).unwrap_or_default()
        });
        match parsed {
            Ok(fees) => {
                let mut prices: Vec<u64> = fees.iter().map(|fee| fee.prioritization_fee).collect();
                prices.sort_unstable();
                prices.into()
            }
            Err(fault) => {
                tracing::debug!(%fault, "nobody tells recent fees; the least is paid");
                Arc::new([])
            }
        }
    }
}

/// The price of a compute unit (millionths of a lamport), for a transaction limited to
/// `compute_units`.
pub fn price(recent: &[u64], settings: &FeeSettings, urgency: Urgency, compute_units: u32) -> u64 {
    if settings.cap_lamports == 0 {
        return 0;
    }
    let wanted = percentile(recent, effective_percentile(settings, urgency));
    let mut price = wanted.max(settings.min_micro_lamports);
    for death in 0..urgency.deaths.min(16) {
        let least = if death == 0 { FIRST_RAISE } else { 0 };
        price = price.saturating_add(price / 2).max(least);
    }
    let cap = settings.cap_lamports.min(urgency.worth.unwrap_or(u64::MAX));
    let cap = u128::from(cap) * 1_000_000 / u128::from(compute_units.max(1));
    price.min(u64::try_from(cap).unwrap_or(u64::MAX))
}

/// Grows from the one percentile to the other as the deadline comes nearer.
fn effective_percentile(settings: &FeeSettings, urgency: Urgency) -> u8 {
    let (calm, urgent) = (settings.percentile, settings.urgent_percentile);
    let left = urgency.slots_left.unwrap_or(u64::MAX);
    let passed = URGENT_WITHIN.saturating_sub(left);
    let grown = u64::from(urgent.saturating_sub(calm)) * passed / URGENT_WITHIN;
    calm.saturating_add(u8::try_from(grown).unwrap_or(u8::MAX))
}

/// The least of `sorted` that at least so many percent do not exceed; 0 of none.
fn percentile(sorted: &[u64], percent: u8) -> u64 {
    let rank = (sorted.len() * usize::from(percent.min(100))).div_ceil(100);
    sorted
        .get(rank.saturating_sub(1))
        .or(sorted.last())
        .copied()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CALM: Urgency = Urgency {
        slots_left: None,
        deaths: 0,
        worth: None,
    };

    #[test]
    fn percentiles_are_of_what_was_paid() {
        let sorted: Vec<u64> = (1..=150).collect();
        assert_eq!(percentile(&sorted, 50), 75);
        assert_eq!(percentile(&sorted, 100), 150);
        assert_eq!(percentile(&sorted, 1), 2);
        assert_eq!(percentile(&[7], 1), 7);
        assert_eq!(percentile(&[], 50), 0);
    }

    #[test]
    fn the_nearer_the_deadline_the_higher_the_price() {
        let recent: Vec<u64> = (1..=100).map(|n| n * 10).collect();
        let settings = FeeSettings::default();
        let at = |slots_left| {
            let urgency = Urgency {
                slots_left: Some(slots_left),
                ..CALM
            };
            price(&recent, &settings, urgency, 100_000)
        };
        assert_eq!(at(10_000), 500);
        assert_eq!(at(300), 720);
        assert_eq!(at(0), 950);
    }

    #[test]
    fn who_died_pays_more_even_where_nobody_pays() {
        let settings = FeeSettings::default();
        let after = |deaths| {
            let urgency = Urgency { deaths, ..CALM };
            price(&[0; 150], &settings, urgency, 100_000)
        };
        assert_eq!(after(0), 0);
        assert_eq!(after(1), 1_000);
        assert_eq!(after(2), 1_500);
    }

    #[test]
    fn without_a_cap_to_spend_nothing_is_paid() {
        let settings = FeeSettings {
            cap_lamports: 0,
            min_micro_lamports: 10_000,
            ..FeeSettings::default()
        };
        assert_eq!(price(&[1_000_000], &settings, CALM, 1), 0);
    }

    proptest! {
        /// Whatever others pay, and however often it died.
        #[test]
        fn the_cap_holds(
            mut recent: Vec<u64>,
            deaths: u32,
            slots_left: Option<u64>,
            compute_units in 0u32..=1_400_000,
            cap_lamports in 0u64..10_000_000,
            min_micro_lamports: u64,
            worth: Option<u64>,
        ) {
            recent.sort_unstable();
            let settings = FeeSettings { cap_lamports, min_micro_lamports, ..FeeSettings::default() };
            let urgency = Urgency { slots_left, deaths, worth };
            let micro_lamports = price(&recent, &settings, urgency, compute_units);
            let paid = u128::from(micro_lamports) * u128::from(compute_units);
            let most = cap_lamports.min(worth.unwrap_or(u64::MAX));
            prop_assert!(paid <= u128::from(most) * 1_000_000);
        }
    }
}
