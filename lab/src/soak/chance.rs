//! Chance, by the seed: each purpose has a sequence of its own, so that one part of a
//! run can change without changing what befalls the others.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use sha2::{Digest as _, Sha256};

/// The sequence of a purpose.
pub fn sequence(seed: u64, purpose: &str) -> StdRng {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(purpose);
    StdRng::from_seed(hash.finalize().into())
}

/// The seed of something that wants a number.
pub fn number(seed: u64, purpose: &str) -> u64 {
    sequence(seed, purpose).random()
}

/// Seconds from one number to another, evenly, to the millisecond.
pub fn seconds(rng: &mut StdRng, from: f64, to: f64) -> Duration {
    Duration::from_millis((rng.random_range(from..=to) * 1_000.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_have_sequences_of_their_own() {
        assert_eq!(number(1, "games"), number(1, "games"));
        assert_ne!(number(1, "games"), number(1, "kills"));
        assert_ne!(number(1, "games"), number(2, "games"));
    }
}
