//! What the loop's plans say of the work: what is due, what waits and why, and how long
//! games take.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::time::Instant;

use super::{lag::Lags, record};
use crate::{plan::Plan, state::ChainState};

/// Tells of plans.
#[derive(Debug, Default)]
pub struct Progress {
    lags: Lags,
    /// Reasons told before, to be zero when no game waits for them any more.
    reasons: BTreeSet<String>,
}

impl Progress {
    /// A plan was made of the chain as it is, which took so long.
    pub fn planned(&mut self, state: &ChainState, plan: &Plan, took: Duration) {
        record::plan(took);
        self.lags.look(state, Instant::now());
        let mut waiting: BTreeMap<String, usize> = BTreeMap::new();
        for game in &plan.waiting {
            let reason = snake_case(&format!("{:?}", game.reason));
            *waiting.entry(reason).or_default() += 1;
        }
        self.reasons.extend(waiting.keys().cloned());
        for reason in &self.reasons {
            let games = waiting.get(reason).copied().unwrap_or(0);
            record::waiting(reason.clone(), games);
        }
    }
}

/// `NoIdleLane` as `no_idle_lane`.
fn snake_case(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for (at, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_written_as_labels_are() {
        assert_eq!(snake_case("NoIdleLane"), "no_idle_lane");
    }
}
