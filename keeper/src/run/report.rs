//! What the keeper did, counted.

use std::fmt;

use serde::Serialize;

use crate::error::Verdict;

/// How often what happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Actions that took effect.
    pub landed: u64,
    /// Actions that somebody else did first, or that were no longer due.
    pub lost_races: u64,
    /// Actions that the program refused.
    pub refused: u64,
    /// Actions that network, node or oracle kept from happening.
    pub transient: u64,
    /// Actions that would have cost more than they earn.
    pub unprofitable: u64,
    /// Full scans.
    pub scans: u64,
    /// Times the stream of changes broke.
    pub stream_breaks: u64,
}

impl Counters {
    /// Counts a failure.
    pub fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::LostRace => self.lost_races += 1,
            Verdict::Refused => self.refused += 1,
            Verdict::Transient => self.transient += 1,
            Verdict::Unprofitable => self.unprofitable += 1,
            Verdict::Stopping => {}
        }
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} landed, {} lost races, {} refused, {} unprofitable, {} kept from happening; {} scans, {} stream breaks",
            self.landed,
            self.lost_races,
            self.refused,
            self.unprofitable,
            self.transient,
            self.scans,
            self.stream_breaks
        )
    }
}

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub counters: Counters,
    /// Actions that were still due when they were given up, with why. Those the
    /// program refuses are somebody else's to put right, those that do not pay are left
    /// by the operator's wish; any other means that the work is not done.
    pub given_up: Vec<(Verdict, String)>,
    /// Actions that had not ended at the drain's deadline.
    pub abandoned: usize,
    /// Whether nothing was done because another keeper leads.
    pub was_superfluous: bool,
}

impl Summary {
    /// Whether nothing was left undone that the keeper could do.
    pub fn is_complete(&self) -> bool {
        !self.was_superfluous
            && self
                .given_up
                .iter()
                .all(|(verdict, _)| matches!(verdict, Verdict::Refused | Verdict::Unprofitable))
    }
}
