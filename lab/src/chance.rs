//! Numbers as chances, and chances as numbers.

use std::{ops::RangeInclusive, time::Duration};

use rand::{Rng as _, rngs::StdRng};

/// A number as a probability: from 0 to 1.
pub(crate) fn probability_of(number: f64) -> f64 {
    if number.is_nan() {
        0.0
    } else {
        number.clamp(0.0, 1.0)
    }
}

/// One of a range of durations, evenly; the start of a range that is empty.
pub(crate) fn draw(range: &RangeInclusive<Duration>, rng: &mut StdRng) -> Duration {
    if range.is_empty() {
        return *range.start();
    }
    rng.random_range(range.clone())
}
