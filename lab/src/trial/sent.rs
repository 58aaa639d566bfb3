//! What a keeper sent, and whether two of its transactions for one purpose could have
//! landed at the same time.

use std::{collections::HashMap, time::Instant};

use serde_json::Value;
use solana_hash::Hash;
use solana_signature::Signature;

use super::{chain::Chain, transaction::Read};

/// A transaction on its way.
#[derive(Clone, Debug)]
pub struct Trip {
    pub read: Read,
    /// When a node was first told of it.
    pub first: Instant,
    /// How often nodes were told of it.
    pub times: u32,
}

/// All that left a keeper.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    trips: HashMap<Signature, Trip>,
    /// The last block height of each blockhash that the keeper was told of.
    last_valid: HashMap<Hash, u64>,
}

impl Sent {
    /// Notes that a node was told of a transaction.
    pub fn note(&mut self, read: Read) {
        let first = Instant::now();
        let trip = self.trips.entry(read.signature).or_insert(Trip {
            read,
            first,
            times: 0,
        });
        trip.times += 1;
    }

    /// Notes the answer to a question for the latest blockhash.
    pub(super) fn note_blockhash(&mut self, answer: &Value) -> Option<()> {
        let value = answer.pointer("/result/value")?;
        let hash = value.get("blockhash")?.as_str()?.parse().ok()?;
        let height = value.get("lastValidBlockHeight")?.as_u64()?;
        self.last_valid.insert(hash, height);
        Some(())
    }

    /// Everything that several keepers, or lives of one, sent.
    pub fn together(all: impl IntoIterator<Item = Self>) -> Self {
        let mut together = Self::default();
        for one in all {
            together.last_valid.extend(one.last_valid);
            for (signature, trip) in one.trips {
                let known = together.trips.entry(signature).or_insert(Trip {
                    times: 0,
                    ..trip.clone()
                });
                known.first = known.first.min(trip.first);
                known.times += trip.times;
            }
        }
        together
    }

    pub fn trips(&self) -> impl Iterator<Item = &Trip> {
        self.trips.values()
    }

    pub fn signatures(&self) -> Vec<Signature> {
        self.trips.keys().copied().collect()
    }

    /// Pairs of transactions for one purpose of which the second was sent while the
    /// first could still land. `slots` are those in which transactions landed.
    pub fn overlaps(&self, slots: &HashMap<Signature, u64>, chain: &Chain) -> Vec<String> {
        let mut found = Vec::new();
        for (purpose, trips) in self.by_purpose() {
            for (earlier, later) in trips.iter().zip(trips.iter().skip(1)) {
                let landed = slots.get(&earlier.read.signature).copied();
                if !self.is_over(earlier, landed, later.first, chain) {
                    found.push(format!(
                        "{purpose}: {} was sent while {} could still land",
                        later.read.signature, earlier.read.signature
                    ));
                }
            }
        }
        found
    }

    /// Purposes that more than one transaction of those `landed` served.
    pub fn repeated(&self, landed: impl Fn(&Signature) -> bool) -> Vec<String> {
        let by_purpose = self.by_purpose().into_iter();
        by_purpose
            .filter_map(|(purpose, trips)| {
                let landed = trips.iter().filter(|trip| landed(&trip.read.signature));
                let times = landed.count();
                (times > 1).then(|| format!("{purpose}: {times} transactions landed"))
            })
            .collect()
    }

    /// In the order in which they were sent.
    fn by_purpose(&self) -> HashMap<&str, Vec<&Trip>> {
        let mut by_purpose: HashMap<&str, Vec<&Trip>> = HashMap::new();
        for trip in self.trips.values() {
            for purpose in &trip.read.purposes {
                by_purpose.entry(purpose).or_default().push(trip);
            }
        }
        for trips in by_purpose.values_mut() {
            trips.sort_by_key(|trip| trip.first);
        }
        by_purpose
    }

    /// Whether a transaction had landed by then, or could no longer land.
    fn is_over(&self, trip: &Trip, landed: Option<u64>, by: Instant, chain: &Chain) -> bool {
        if let Some(slot) = landed {
            return chain.after(by).is_none_or(|place| slot <= place.slot);
        }
        let Some(last_valid) = self.last_valid.get(&trip.read.blockhash) else {
            // No node gave it away: it was made up on the way, and lands nowhere.
            return true;
        };
        let place = chain.before(by);
        place.is_some_and(|place| place.height > *last_valid)
    }
}
