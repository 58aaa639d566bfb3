//! The slot that the cluster can be at, by what endpoints claim: pure, with time passed in.
//!
//! A claim is believed at once as far as time allows since two endpoints last agreed.
//! What is further ahead is inquired into (`inquiry.rs`): another endpoint shows the
//! same, or none answers, or the chain's own clock says that the others are behind. The
//! last is what tells a node that was away for an hour from a liar, which no comparison
//! of two slots can. What was believed and nobody shows any more is taken back.

use std::time::{Duration, Instant};

/// How old a claim may be to agree with another.
const FRESH: Duration = Duration::from_secs(5);

/// An endpoint that shows the same slot for longer stands still, and contradicts nobody.
const STUCK: Duration = Duration::from_secs(5);

/// For how long all may show less than the reference before it is given up. A node that
/// is a little behind gets there meanwhile.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(10);

/// Pause between two inquiries into a reference that another endpoint does not show: it
/// may be behind for hours.
const INQUIRED_EVERY: Duration = Duration::from_secs(30);

/// How far a chain's clock may be ahead of ours (seconds).
const CLOCK_SLACK: i64 = 60;

/// The time of a clock that is not of the slot it was shown with: it proves nobody ahead,
/// and refutes nobody.
pub const NEVER: i64 = i64::MIN;

/// What is known of the slots of each endpoint, and of the cluster's.
#[derive(Debug)]
pub struct Slots {
    /// Slots that endpoints at the same height may differ by.
    lag: u64,
    /// No cluster makes slots faster.
    shortest: Duration,
    seen: Vec<Seen>,
    reference: Option<Reference>,
}

/// What one endpoint showed.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    last: u64,
    at: Option<Instant>,
    /// When it last showed more than before.
    moved_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Reference {
    slot: u64,
    /// Who showed it.
    by: usize,
    /// When somebody last showed it, or nearly.
    shown_at: Instant,
    /// What time counts from: a slot that two agreed on, or that was inquired into.
    anchor: (u64, Instant),
    /// Whether it is one endpoint's word, given when no other answered.
    is_lone: bool,
    inquired_at: Option<Instant>,
}

/// What an endpoint says when it is asked for the chain's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Testimony {
    pub slot: u64,
    /// Of the chain's clock (unix seconds), where it told one.
    pub time: Option<i64>,
}

/// What others say to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// Another shows the same.
    Shared,
    /// No other shows less, but for those that stand still.
    Lone,
    /// The chain's clock shows that all others are behind.
    Ahead,
    /// Others show less, and nothing says who is right.
    Open,
    /// Others show less, and there was no time for so many slots.
    Refuted,
}

impl Finding {
    fn holds(self) -> bool {
        matches!(self, Self::Shared | Self::Lone | Self::Ahead)
    }
}

/// That a reference was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenBack {
    /// Who had shown it, unless it is merely silent.
    pub liar: Option<usize>,
}

impl Slots {
    pub fn new(endpoints: usize, lag: u64, shortest: Duration) -> Self {
        Self {
            lag,
            shortest,
            seen: vec![Seen::default(); endpoints],
            reference: None,
        }
    }

    /// The cluster's, 0 before one is known.
    pub fn reference(&self) -> u64 {
        self.reference.map_or(0, |reference| reference.slot)
    }

    /// What an endpoint last showed, 0 before it did.
    pub fn of(&self, index: usize) -> u64 {
        self.seen.get(index).map_or(0, |seen| seen.last)
    }

    /// Whether time allows that the cluster is at this slot.
    pub fn can_be(&self, slot: u64, now: Instant) -> bool {
        self.reference.is_some_and(|reference| {
            let (anchor, at) = reference.anchor;
            let most = anchor.saturating_add(self.made_within(now.duration_since(at)));
            slot <= most.saturating_add(self.lag).max(reference.slot)
        })
    }

    fn made_within(&self, time: Duration) -> u64 {
        let slots = time.as_millis() / self.shortest.as_millis().max(1);
        u64::try_from(slots).unwrap_or(u64::MAX)
    }

    /// Notes a claim that is believed.
    pub fn note(&mut self, index: usize, slot: u64, now: Instant) -> Option<TakenBack> {
        let shares = self.seen.iter().enumerate().any(|(other, seen)| {
            other != index && seen.is_fresh(now) && seen.last.abs_diff(slot) <= self.lag
        });
        if let Some(seen) = self.seen.get_mut(index) {
            seen.show(slot, now);
        }
        let lag = self.lag;
        let reference = self
            .reference
            .get_or_insert(Reference::new(index, slot, now));
        if slot.saturating_add(lag) >= reference.slot {
            reference.shown_at = now;
            if slot > reference.slot {
                (reference.slot, reference.by) = (slot, index);
            }
            if shares {
                reference.is_lone = false;
                // What two agree on, give or take the lag.
                reference.anchor = (slot, now);
            }
            return None;
        }
        let given_up = now.duration_since(reference.shown_at) > GIVEN_UP_AFTER;
        given_up.then(|| self.give_up(index, slot, now))
    }

    /// Takes the reference back to the most that was shown since it was last shown.
    fn give_up(&mut self, index: usize, slot: u64, now: Instant) -> TakenBack {
        let former = self.reference;
        let later = |seen: &Seen| seen.at > former.map(|former| former.shown_at);
        let shown = self.seen.iter().enumerate().filter(|(_, seen)| later(seen));
        let (by, most) = shown
            .map(|(index, seen)| (index, seen.last))
            .max_by_key(|(_, slot)| *slot)
            .unwrap_or((index, slot));
        let liar = former.map(|former| former.by);
        let liar = liar.filter(|by| self.seen.get(*by).is_some_and(later));
        self.reference = Some(Reference::new(by, most, now));
        TakenBack { liar }
    }

    /// Takes a claim that was inquired into.
    pub fn accept(&mut self, index: usize, slot: u64, finding: Finding, now: Instant) {
        if let Some(seen) = self.seen.get_mut(index) {
            seen.show(slot, now);
        }
        self.reference = Some(Reference {
            is_lone: finding == Finding::Lone,
            ..Reference::new(index, slot, now)
        });
    }

    /// Takes the reference back, because of what others testified.
    pub fn take_back(&mut self, testimonies: &[Option<Testimony>], now: Instant) -> TakenBack {
        let liar = self.reference.map(|reference| reference.by);
        let mut others = testimonies.to_vec();
        if let Some(liar) = liar {
            if let Some(own) = others.get_mut(liar) {
                *own = None;
            }
            if let Some(seen) = self.seen.get_mut(liar) {
                *seen = Seen::default();
            }
        }
        let inquired_at = self.reference.and_then(|former| former.inquired_at);
        self.reference = None;
        if let Some((by, slot, finding)) = self.best(&others, now, i64::MAX) {
            self.accept(by, slot, finding, now);
        }
        if let Some(reference) = &mut self.reference {
            reference.inquired_at = inquired_at;
        }
        TakenBack { liar }
    }

    /// The highest testimony that holds against the others; the lowest always does.
    pub fn best(
        &self,
        testimonies: &[Option<Testimony>],
        now: Instant,
        unix: i64,
    ) -> Option<(usize, u64, Finding)> {
        let given = testimonies.iter().enumerate();
        let given = given.filter_map(|(index, given)| Some((index, (*given)?.slot)));
        let held = given.filter_map(|(index, slot)| {
            let finding = self.weigh(index, testimonies, now, unix);
            finding.holds().then_some((index, slot, finding))
        });
        held.max_by_key(|(_, slot, _)| *slot)
    }

    /// What the others say to one's testimony, at this time by our clock (unix seconds).
    pub fn weigh(
        &self,
        claimant: usize,
        testimonies: &[Option<Testimony>],
        now: Instant,
        unix: i64,
    ) -> Finding {
        let Some(claim) = testimonies.get(claimant).copied().flatten() else {
            return Finding::Refuted;
        };
        let others = testimonies.iter().enumerate();
        let others = others.filter(|(index, _)| *index != claimant);
        let others: Vec<(usize, Testimony)> = others
            .filter_map(|(index, given)| Some((index, (*given)?)))
            .collect();
        let is_near = |one: u64, other: u64| one.abs_diff(other) <= self.lag;
        let moving = others
            .iter()
            .filter(|(index, other)| !self.is_stuck(*index, other.slot, now));
        let moving: Vec<Testimony> = moving.map(|(_, other)| *other).collect();
        if moving.iter().any(|other| is_near(other.slot, claim.slot)) {
            return Finding::Shared;
        }
        let latest = our_time(testimonies, unix).saturating_add(CLOCK_SLACK);
        let time = claim.time.filter(|time| *time <= latest);
        // A clock may be a minute ahead of ours, which is many slots. Against two that agree
        // and show the present time that proves nothing.
        let earliest = our_time(testimonies, unix).saturating_sub(CLOCK_SLACK);
        let is_present = |other: &Testimony| other.time.is_some_and(|time| time >= earliest);
        let outvoted = moving.iter().enumerate().any(|(position, one)| {
            let rest = moving.iter().skip(position + 1);
            let mut agreeing = rest.filter(|other| is_near(one.slot, other.slot));
            is_present(one) && agreeing.any(is_present)
        });
        let findings =
            moving
                .iter()
                .filter(|other| other.slot < claim.slot)
                .map(|other| match time.zip(other.time) {
                    None => Finding::Open,
                    Some((time, behind)) => {
                        let seconds = u64::try_from(time.saturating_sub(behind)).unwrap_or(0);
                        let most = self.made_within(Duration::from_secs(seconds));
                        let most = other.slot.saturating_add(most).saturating_add(self.lag);
                        if claim.slot <= most && outvoted {
                            Finding::Open
                        } else if claim.slot <= most {
                            Finding::Ahead
                        } else {
                            Finding::Refuted
                        }
                    }
                });
        findings.fold(Finding::Lone, Finding::max)
    }

    fn is_stuck(&self, index: usize, slot: u64, now: Instant) -> bool {
        self.seen.get(index).is_some_and(|seen| {
            let moved_at = seen.moved_at.filter(|_| slot <= seen.last);
            moved_at.is_some_and(|at| now.duration_since(at) > STUCK)
        })
    }

    /// Whether an endpoint that moves shows less than the reference, and it was not
    /// inquired into of late.
    pub fn is_contradicted(&self, now: Instant) -> bool {
        let Some(reference) = self.reference else {
            return false;
        };
        let is_due = reference
            .inquired_at
            .is_none_or(|at| now.duration_since(at) > INQUIRED_EVERY);
        is_due
            && self.seen.iter().enumerate().any(|(index, seen)| {
                seen.is_fresh(now)
                    && seen.last.saturating_add(self.lag) < reference.slot
                    && !self.is_stuck(index, seen.last, now)
            })
    }

    /// Holds the reference against testimonies. What is one endpoint's word or what two
    /// others contradict needs proof; what time allowed, step by step, needs none.
    pub fn reconsider(
        &mut self,
        testimonies: &[Option<Testimony>],
        now: Instant,
        unix: i64,
    ) -> Option<TakenBack> {
        let reference = self.reference.as_mut()?;
        reference.inquired_at = Some(now);
        let reference = *reference;
        let mut held = testimonies.to_vec();
        let own = held.get_mut(reference.by)?;
        let shown = own.filter(|own| own.slot.saturating_add(self.lag) >= reference.slot);
        let is_proven = shown.is_some_and(|own| own.time.is_some());
        *own = Some(shown.unwrap_or(Testimony {
            slot: reference.slot,
            time: None,
        }));
        let others = testimonies.iter().enumerate();
        let others = others.filter(|(index, _)| *index != reference.by);
        let others: Vec<Testimony> = others.filter_map(|(_, given)| *given).collect();
        let has_evidence = others.iter().any(|other| other.time.is_some());
        let is_wrong = match self.weigh(reference.by, &held, now, unix) {
            Finding::Refuted => true,
            // Whoever shows a slot and no clock, against one that shows both, or does not
            // answer any more, has nobody to stand up for it.
            Finding::Open => reference.is_lone || others.len() > 1 || (!is_proven && has_evidence),
            Finding::Shared | Finding::Lone | Finding::Ahead => false,
        };
        if is_wrong {
            return Some(self.take_back(testimonies, now));
        }
        if let Some(reference) = self.reference.as_mut() {
            reference.anchor = (reference.slot, now);
        }
        None
    }
}

/// The time by our clock, unless all others' are later: then it is ours that is wrong.
fn our_time(testimonies: &[Option<Testimony>], unix: i64) -> i64 {
    let times = testimonies.iter().flatten().filter_map(|given| given.time);
    let times = times.filter(|time| *time != NEVER);
    let (earliest, latest) = times.fold((i64::MAX, i64::MIN), |(least, most), time| {
        (least.min(time), most.max(time))
    });
    let is_late = earliest <= latest && earliest > unix.saturating_add(CLOCK_SLACK);
    if is_late { latest } else { unix }
}

impl Seen {
    fn show(&mut self, slot: u64, now: Instant) {
        if slot > self.last || self.moved_at.is_none() {
            self.moved_at = Some(now);
        }
        (self.last, self.at) = (slot, Some(now));
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.at.is_some_and(|at| now.duration_since(at) <= FRESH)
    }
}

impl Reference {
    fn new(by: usize, slot: u64, now: Instant) -> Self {
        Self {
            slot,
            by,
            shown_at: now,
            anchor: (slot, now),
            is_lone: true,
            inquired_at: None,
        }
    }
}

#[cfg(test)]
mod tests;
