//! An experiment: many draws, counted, then judged.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore as _, SeedableRng as _},
};
use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    functions::Bytes,
    statistics::{LEAST_EXPECTED, Outcome, StatisticError},
};

/// Draws that a thread takes at a time.
const BATCH: u64 = 256;
/// ChaCha words of 32 bits in a value.
const WORDS: u64 = 8;

/// Counts one draw under a random value.
type Count = Box<dyn Fn(&Bytes, &mut [u64]) + Send + Sync>;
/// Judges the counts of all draws.
type Judge = Box<dyn Fn(&[u64]) -> Result<Vec<Finding>, StatisticError> + Send + Sync>;

/// Many draws, what is counted in each, and which statistics judge the counts.
pub struct Experiment {
    /// Unique: it also picks the random values.
    pub name: String,
    pub draws: u64,
    /// Fewer draws make no statistic.
    pub least_draws: u64,
    pub counters: usize,
    pub count: Count,
    pub judge: Judge,
}

/// A statistic and what it is of.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub observed: String,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub passed: bool,
}

impl Finding {
    pub fn new(observed: impl Into<String>, outcome: Outcome) -> Self {
        Self {
            observed: observed.into(),
            passed: outcome.passed(),
            outcome,
        }
    }
}

impl Experiment {
    /// Whether its draws are enough for its statistics.
    pub fn is_worthwhile(&self) -> bool {
        self.draws >= self.least_draws
    }

    /// Makes the draws on all cores and judges them. `progress` hears how many more
    /// are done.
    ///
    /// The value of draw `i` is bytes `32 i …` of ChaCha20 keyed with `seed`, stream
    /// [`stream`] of the name: the counts depend on neither threads nor batches.
    pub fn run(
        &self,
        seed: u64,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Vec<Finding>, StatisticError> {
        let counters = (0..self.draws.div_ceil(BATCH))
            .into_par_iter()
            .fold(
                || vec![0; self.counters],
                |mut counters, batch| {
                    let first = batch * BATCH;
                    let last = self.draws.min(first + BATCH);
                    let mut random = ChaCha20Rng::seed_from_u64(seed);
                    random.set_stream(stream(&self.name));
                    random.set_word_pos(u128::from(first * WORDS));
                    let mut value = Bytes::default();
                    for _ in first..last {
                        random.fill_bytes(&mut value);
                        (self.count)(&value, &mut counters);
                    }
                    progress(last - first);
                    counters
                },
            )
            .reduce(
                || vec![0; self.counters],
                |mut sum, counters| {
                    sum.iter_mut()
                        .zip(counters)
                        .for_each(|(sum, more)| *sum += more);
                    sum
                },
            );
        (self.judge)(&counters)
    }
}

/// Draws that a statistic of so many equally likely cells needs if a draw fills
/// one of them.
pub fn least_draws(cells: usize) -> u64 {
    LEAST_EXPECTED.saturating_mul(cells as u64)
}

/// The ChaCha stream of an experiment: the first eight bytes of its name's sha256,
/// little-endian. So an experiment's values stay when others come and go.
fn stream(name: &str) -> u64 {
    let hash = Sha256::digest(name);
    let mut word = [0; 8];
    word.copy_from_slice(&hash[..8]);
    u64::from_le_bytes(word)
}

/// A 32-bit number as an index: every platform the tests run on has 64 bits.
pub fn index(number: u32) -> usize {
    number as usize
}
