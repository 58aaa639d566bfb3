//! Which slot and which time of the chain it was when, by this machine's clock.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use solana_clock::Clock;
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;

use super::diary::Diary;
use crate::{lock::lock, spread::millis};

/// Pause between two looks.
const LOOKS: Duration = Duration::from_millis(100);

const CLOCK: Pubkey = Pubkey::from_str_const("SysvarC1ock11111111111111111111111111111111");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    at: Duration,
    slot: u64,
    /// Unix seconds of the chain.
    time: i64,
}

/// The chain's clock as it was seen. All clones are one and the same.
#[derive(Clone, Default)]
pub struct Timeline {
    /// First look at each slot, in order.
    looks: Arc<Mutex<Vec<Look>>>,
}

impl Timeline {
    /// Looks at the clock until it is aborted.
    pub async fn follow(self, rpc: RpcClient, diary: Diary) {
        let mut ticks = tokio::time::interval(LOOKS);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let answer = rpc
                .get_account_with_commitment(&CLOCK, CommitmentConfig::processed())
                .await;
            let account = answer.ok().and_then(|answer| answer.value);
            let clock = account.and_then(|it| bincode::deserialize::<Clock>(&it.data).ok());
            if let Some(clock) = clock {
                self.note(diary.now(), clock.slot, clock.unix_timestamp);
            }
        }
    }

    fn note(&self, at: Duration, slot: u64, time: i64) {
        let mut looks = lock(&self.looks);
        if looks.last().is_none_or(|last| last.slot < slot) {
            looks.push(Look { at, slot, time });
        }
    }

    /// The chain's time at the last look (unix seconds).
    pub fn chain_time(&self) -> Option<i64> {
        lock(&self.looks).last().map(|look| look.time)
    }

    /// How long slots took on average (milliseconds).
    pub fn slot_ms(&self) -> u64 {
        let looks = lock(&self.looks);
        let ends = looks.first().zip(looks.last());
        ends.map_or(0, |(first, last)| {
            millis(last.at - first.at) / (last.slot - first.slot).max(1)
        })
    }

    /// When a slot was first seen, or a later one.
    pub fn slot_seen(&self, slot: u64) -> Option<Duration> {
        let looks = lock(&self.looks);
        let first = looks.partition_point(|look| look.slot < slot);
        looks.get(first).map(|look| look.at)
    }

    /// When it was first seen that the chain's time had come to this (unix seconds).
    pub fn time_seen(&self, time: i64) -> Option<Duration> {
        let looks = lock(&self.looks);
        let first = looks.partition_point(|look| look.time < time);
        looks.get(first).map(|look| look.at)
    }

    /// The chain's time in a slot, as far as it was seen (unix seconds).
    pub fn time_of(&self, slot: u64) -> Option<i64> {
        let looks = lock(&self.looks);
        let first = looks.partition_point(|look| look.slot < slot);
        looks.get(first).map(|look| look.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_and_times_are_found_at_the_first_look_that_has_them() {
        let timeline = Timeline::default();
        let at = Duration::from_millis;
        for (millis, slot, time) in [(100, 5, 10), (200, 5, 10), (500, 6, 10), (900, 8, 11)] {
            timeline.note(at(millis), slot, time);
        }
        assert_eq!(timeline.slot_seen(5), Some(at(100)));
        assert_eq!(timeline.slot_seen(7), Some(at(900)));
        assert_eq!(timeline.slot_seen(9), None);
        assert_eq!(timeline.time_seen(11), Some(at(900)));
        assert_eq!(timeline.time_of(7), Some(11));
        assert_eq!(timeline.chain_time(), Some(11));
    }
}
