use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

use crate::trial::{Boundary, Channel, Instant, PREPARE};

/// A boundary as it is met for the n-th time: where a keeper is killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spot {
    #[serde(flatten)]
    pub boundary: Boundary,
    /// From 1.
    pub nth: u32,
    /// Whether every play met it, not some only: what depends on who is faster need not
    /// come about again.
    pub steady: bool,
    /// Whether it is the n-th time in any step.
    pub any_step: bool,
}

impl Spot {
    /// Where a settlement, with its value, is written down and not sent: whoever comes
    /// next has something to take up.
    pub fn unsent() -> Self {
        Self {
            boundary: Boundary {
                channel: Channel::Postgres,
                method: "journal: write".to_owned(),
                step: "reveal_draw+settle_draw".to_owned(),
                moment: Instant::Answered,
            },
            nth: 1,
            steady: true,
            any_step: false,
        }
    }

    /// Whether this is its boundary.
    pub fn is_at(&self, met: &Boundary) -> bool {
        let ours = &self.boundary;
        let same = (met.channel, met.moment) == (ours.channel, ours.moment);
        same && met.method == ours.method && (self.any_step || met.step == ours.step)
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, time {}", self.boundary, self.nth)
    }
}

/// Notifications come by the dozen and all mean the same to a keeper: look again.
fn is_notification(boundary: &Boundary) -> bool {
    boundary.channel == Channel::Socket && boundary.method.ends_with("Notification")
}

/// Where to kill, by what plays met: each boundary of each step up to `bound` times, a
/// notification once. In the order of the first play that met it.
pub fn spots(plays: &[Vec<Boundary>], bound: u32) -> Vec<Spot> {
    let counts: Vec<BTreeMap<&Boundary, u32>> = plays.iter().map(|play| count(play)).collect();
    let mut listed = BTreeSet::new();
    let mut spots = Vec::new();
    for boundary in plays.iter().flatten() {
        if !listed.insert(boundary) {
            continue;
        }
        let times = |play: &BTreeMap<&Boundary, u32>| play.get(boundary).copied().unwrap_or(0);
        let most = counts.iter().map(times).max().unwrap_or(0);
        let least = counts.iter().map(times).min().unwrap_or(0);
        let bound = if is_notification(boundary) { 1 } else { bound };
        spots.extend((1..=most.min(bound)).map(|nth| Spot {
            boundary: boundary.clone(),
            nth,
            steady: nth <= least,
            any_step: false,
        }));
    }
    spots
}

fn count(play: &[Boundary]) -> BTreeMap<&Boundary, u32> {
    let mut counts = BTreeMap::new();
    for boundary in play {
        *counts.entry(boundary).or_default() += 1;
    }
    counts
}

/// One spot of each kind: of each method at each moment, whatever the step, and of each
/// step where a transaction is sent or written down. Only those that every play met.
pub fn kinds(spots: Vec<Spot>) -> Vec<Spot> {
    let mut listed = BTreeSet::new();
    spots
        .into_iter()
        .filter(|spot| spot.steady && spot.nth == 1)
        .filter_map(|spot| {
            let boundary = &spot.boundary;
            let matters = matches!(
                &*boundary.method,
                "sendTransaction" | "journal: write" | "COMMIT"
            );
            // The second draw is like the first; to prepare a statement like to run it.
            let step = boundary.step.split(' ').next().filter(|_| matters);
            let kind = (
                boundary.channel,
                boundary.method.replace(PREPARE, ""),
                boundary.moment,
                step.map(str::to_owned),
            );
            listed.insert(kind).then_some(Spot {
                any_step: !matters,
                ..spot
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Moment;

    fn boundary(method: &str, step: &str) -> Boundary {
        Boundary {
            channel: Channel::Rpc,
            method: method.to_owned(),
            step: step.to_owned(),
            moment: Moment::BeforeForward.into(),
        }
    }

    #[test]
    fn each_boundary_of_each_step_is_a_spot_up_to_the_bound() {
        let (slot, send) = (
            boundary("getSlot", "start"),
            boundary("sendTransaction", "a"),
        );
        let one = vec![slot.clone(), slot.clone(), slot.clone(), send.clone()];
        let other = vec![slot.clone(), send.clone()];
        let spots = spots(&[one, other], 2);
        let found: Vec<_> = spots
            .iter()
            .map(|spot| (&*spot.boundary.method, spot.nth, spot.steady))
            .collect();
        let expected = [
            ("getSlot", 1, true),
            ("getSlot", 2, false),
            ("sendTransaction", 1, true),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn of_each_kind_there_is_one() {
        let play = vec![
            boundary("getSlot", "request_draw"),
            boundary("sendTransaction", "request_draw"),
            boundary("getSlot", "settle_draw"),
            boundary("sendTransaction", "settle_draw"),
            boundary("sendTransaction", "settle_draw 2"),
        ];
        let kinds = kinds(spots(&[play], 2));
        let found: Vec<_> = kinds.iter().map(|spot| spot.boundary.to_string()).collect();
        let expected = [
            "rpc getSlot asked, request_draw",
            "rpc sendTransaction asked, request_draw",
            "rpc sendTransaction asked, settle_draw",
        ];
        assert_eq!(found, expected);
    }
}
