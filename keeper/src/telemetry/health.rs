//! Whether the keeper gets on. The loop notes what it does in atomics; whoever asks
//! computes from them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use lottery_service::telemetry::{Report, Stamps, Vitals};
use tokio::time::Instant;

use super::record;

/// An action may take so many times the patience for a standstill: transactions are
/// followed for minutes until they are proven dead, and a batch that fails is taken apart.
const PATIENCE_WITH_ACTIONS: u32 = 5;

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// Not known yet.
    Unknown = 0,
    /// This keeper: it holds the lease, or there is none.
    Leader = 1,
    /// Another keeper holds the lease.
    Follower = 2,
}

/// What the loop did, and when. Cheap to note, from any thread.
#[derive(Debug)]
pub struct Health {
    stamps: Stamps,
    /// A stamp, as are those that follow.
    turned: AtomicU64,
    clock_read: AtomicU64,
    slot_moved: AtomicU64,
    planned: AtomicU64,
    /// Of what is under way, when the first began; 0 if nothing is.
    oldest_action: AtomicU64,
    slot: AtomicU64,
    has_scanned: AtomicBool,
    /// Endpoints that can be used.
    endpoints: AtomicU64,
    role: AtomicU8,
    is_draining: AtomicBool,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            stamps: Stamps::default(),
            turned: AtomicU64::new(0),
            clock_read: AtomicU64::new(0),
            slot_moved: AtomicU64::new(0),
            planned: AtomicU64::new(0),
            oldest_action: AtomicU64::new(0),
            slot: AtomicU64::new(0),
            has_scanned: AtomicBool::new(false),
            endpoints: AtomicU64::new(0),
            role: AtomicU8::new(Role::Unknown as u8),
            is_draining: AtomicBool::new(false),
        }
    }
}

impl Health {
    /// The loop turned once more.
    pub fn turned(&self) {
        self.turned.store(self.stamps.now(), Relaxed);
    }

    /// The chain's clock was read at this slot, or a newer one was told of.
    pub fn clock_read(&self, slot: u64) {
        self.clock_read_at(slot, self.stamps.now());
    }

    fn clock_read_at(&self, slot: u64, now: u64) {
        self.clock_read.store(now, Relaxed);
        if self.slot.fetch_max(slot, Relaxed) < slot {
            self.slot_moved.store(now, Relaxed);
        }
    }

    /// What was read is forgotten; slots count anew.
    pub fn started_over(&self) {
        self.slot.store(0, Relaxed);
    }

    /// A plan was made; of the actions under way, the first began then.
    pub fn planned(&self, oldest_action: Option<Instant>) {
        self.planned.store(self.stamps.now(), Relaxed);
        let oldest = oldest_action.map_or(0, |at| self.stamps.of(at));
        self.oldest_action.store(oldest, Relaxed);
    }

    /// The whole chain was read.
    pub fn scanned(&self) {
        self.has_scanned.store(true, Relaxed);
    }

    /// So many endpoints can be used.
    pub fn endpoints(&self, usable: usize) {
        let usable = u64::try_from(usable).unwrap_or(u64::MAX);
        self.endpoints.store(usable, Relaxed);
    }

    /// Who acts, from now on; `epoch` is the lease's, 0 without one.
    pub fn acts(&self, role: Role, epoch: u64) {
        self.role.store(role as u8, Relaxed);
        record::leadership(role == Role::Leader, epoch);
    }

    /// Nothing new is begun any more.
    pub fn draining(&self) {
        self.is_draining.store(true, Relaxed);
    }

    fn role(&self) -> Role {
        match self.role.load(Relaxed) {
            1 => Role::Leader,
            2 => Role::Follower,
            _ => Role::Unknown,
        }
    }

    /// Whether everything moved on within `stall`.
    pub fn progress(&self, stall: Duration) -> Report {
        self.progress_at(stall, Instant::now())
    }

    fn progress_at(&self, stall: Duration, now: Instant) -> Report {
        let ago = |age: Duration| format!("{:.1} s ago", age.as_secs_f64());
        let fresh = |stamp| {
            let age = self.stamps.age(stamp, now);
            (age <= stall, ago(age))
        };
        let (turns, turned) = fresh(&self.turned);
        let (reads, read) = fresh(&self.clock_read);
        let (moves, moved) = fresh(&self.slot_moved);
        let (plans, planned) = fresh(&self.planned);
        let is_follower = self.role() == Role::Follower;
        let is_busy = self.oldest_action.load(Relaxed) > 0;
        let oldest = self.stamps.age(&self.oldest_action, now);
        let slot = self.slot.load(Relaxed);
        Report::of([
            ("loop", turns, format!("last turn {turned}")),
            ("clock", reads, format!("last read {read}")),
            ("slot", moves, format!("{slot}, reached {moved}")),
            // Who does not act need not plan.
            (
                "plans",
                plans || is_follower,
                format!("last made {planned}"),
            ),
            (
                "actions",
                !is_busy || oldest <= stall * PATIENCE_WITH_ACTIONS,
                match is_busy {
                    true => format!("the oldest under way began {}", ago(oldest)),
                    false => "none under way".to_owned(),
                },
            ),
        ])
    }

    /// Whether it is at work, or ready to take over.
    pub fn readiness(&self) -> Report {
        let has_scanned = self.has_scanned.load(Relaxed);
        let endpoints = self.endpoints.load(Relaxed);
        let role = self.role();
        let is_draining = self.is_draining.load(Relaxed);
        let scan = if has_scanned { "done" } else { "not done yet" };
        let work = if is_draining { "stopping" } else { "going on" };
        Report::of([
            ("scan", has_scanned, scan.to_owned()),
            ("endpoints", endpoints > 0, format!("{endpoints} usable")),
            (
                "role",
                role != Role::Unknown,
                format!("{role:?}").to_lowercase(),
            ),
            ("work", !is_draining, work.to_owned()),
        ])
    }
}

/// Health, judged with a patience for standstills.
pub(super) struct Patient {
    pub health: Arc<Health>,
    pub stall: Duration,
}

impl Vitals for Patient {
    fn progress(&self) -> Report {
        self.health.progress(self.stall)
    }

    fn readiness(&self) -> Report {
        self.health.readiness()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALL: Duration = Duration::from_secs(120);

    fn working() -> Health {
        let health = Health::default();
        health.turned();
        health.clock_read(7);
        health.planned(None);
        health
    }

    #[test]
    fn each_standstill_is_named() {
        let health = working();
        let later = |seconds| health.stamps.started + Duration::from_secs(seconds);
        assert!(health.progress_at(STALL, later(100)).ok);
        let all = ["clock", "loop", "plans", "slot"];
        assert_eq!(health.progress_at(STALL, later(130)).failing(), all);
        health.acts(Role::Follower, 3);
        let all = ["clock", "loop", "slot"];
        assert_eq!(health.progress_at(STALL, later(130)).failing(), all);
    }

    /// All goes on at that moment, and the slot is this.
    fn go_on(health: &Health, slot: u64, oldest_action: Option<Instant>, now: Instant) {
        let stamp = health.stamps.of(now);
        health.turned.store(stamp, Relaxed);
        health.planned(oldest_action);
        health.planned.store(stamp, Relaxed);
        health.clock_read_at(slot, stamp);
    }

    #[test]
    fn a_slot_that_stands_still_is_told_from_a_clock_that_cannot_be_read() {
        let health = working();
        let later = health.stamps.started + STALL * 2;
        go_on(&health, 7, None, later);
        assert_eq!(health.progress_at(STALL, later).failing(), ["slot"]);
        go_on(&health, 8, None, later);
        assert!(health.progress_at(STALL, later).ok);
        // It had been believed to be further.
        health.started_over();
        go_on(&health, 5, None, later + STALL * 2);
        assert!(health.progress_at(STALL, later + STALL * 2).ok);
    }

    #[test]
    fn an_action_may_take_longer_than_anything_else() {
        let health = working();
        let begun = health.stamps.started;
        let later = begun + STALL * 4;
        go_on(&health, 8, Some(begun), later);
        assert!(health.progress_at(STALL, later).ok);
        let later = begun + STALL * 6;
        go_on(&health, 9, Some(begun), later);
        assert_eq!(health.progress_at(STALL, later).failing(), ["actions"]);
        go_on(&health, 9, None, later);
        assert!(health.progress_at(STALL, later).ok);
    }

    #[test]
    fn readiness_wants_a_scan_an_endpoint_a_role_and_no_stop() {
        let health = Health::default();
        let all = ["endpoints", "role", "scan"];
        assert_eq!(health.readiness().failing(), all);
        health.scanned();
        health.endpoints(1);
        health.acts(Role::Follower, 1);
        assert!(health.readiness().ok);
        health.draining();
        assert_eq!(health.readiness().failing(), ["work"]);
    }
}
