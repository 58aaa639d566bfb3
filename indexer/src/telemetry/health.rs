//! Whether the indexer gets on. What is seen of the tables is noted in atomics; whoever
//! asks computes from them.

use std::{
    sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use lottery_service::telemetry::{Report, Stamps, Vitals};
use tokio::time::Instant;

/// An answer of the database older than this is none.
const FRESH: Duration = Duration::from_secs(15);

/// What the process is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It follows the chain into the database.
    Writer,
    /// It serves what another one writes.
    Reader,
}

/// How far the tables were seen to be. Slots are `None` before they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mark {
    /// Slot up to which the tables have everything.
    pub applied: Option<i64>,
    /// The chain's slot as the writer saw it last …
    pub chain: Option<i64>,
    /// … and how long ago.
    pub chain_age: Option<Duration>,
    /// Slot of the last full snapshot.
    pub snapshot: Option<i64>,
}

/// Of what has not been seen yet.
const NEVER: i64 = -1;

/// What was seen, and when. Cheap to note, from any thread.
#[derive(Debug)]
pub struct Health {
    role: Role,
    /// How long nothing may move on.
    stall: Duration,
    stamps: Stamps,
    /// A stamp, as are those that follow.
    turned: AtomicU64,
    answered: AtomicU64,
    chain_seen: AtomicU64,
    chain_moved: AtomicU64,
    applied_moved: AtomicU64,
    chain: AtomicI64,
    applied: AtomicI64,
    has_snapshot: AtomicBool,
    is_migrated: AtomicBool,
    is_draining: AtomicBool,
}

impl Health {
    pub fn new(role: Role, stall: Duration) -> Self {
        Self {
            role,
            stall,
            stamps: Stamps::default(),
            turned: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            chain_seen: AtomicU64::new(0),
            chain_moved: AtomicU64::new(0),
            applied_moved: AtomicU64::new(0),
            chain: AtomicI64::new(NEVER),
            applied: AtomicI64::new(NEVER),
            has_snapshot: AtomicBool::new(false),
            is_migrated: AtomicBool::new(false),
            is_draining: AtomicBool::new(false),
        }
    }

    /// Somebody looked, whatever came of it.
    pub fn turned(&self) {
        self.turned.store(self.stamps.now(), Relaxed);
    }

    /// The database answered; whether its schema is this program's.
    pub fn answered(&self, is_migrated: bool) {
        self.answered.store(self.stamps.now(), Relaxed);
        self.is_migrated.store(is_migrated, Relaxed);
    }

    /// The tables were seen to be this far.
    pub fn seen(&self, mark: &Mark) {
        self.seen_at(mark, Instant::now());
    }

    fn seen_at(&self, mark: &Mark, now: Instant) {
        let stamp = self.stamps.of(now);
        if let Some(age) = mark.chain_age {
            let then = now.checked_sub(age).unwrap_or(self.stamps.started);
            self.chain_seen.store(self.stamps.of(then), Relaxed);
        }
        for (slot, last, moved) in [
            (mark.chain, &self.chain, &self.chain_moved),
            (mark.applied, &self.applied, &self.applied_moved),
        ] {
            let slot = slot.unwrap_or(NEVER);
            if last.swap(slot, Relaxed) != slot {
                moved.store(stamp, Relaxed);
            }
        }
        self.has_snapshot.store(mark.snapshot.is_some(), Relaxed);
    }

    /// Nothing new is begun any more.
    pub fn draining(&self) {
        self.is_draining.store(true, Relaxed);
    }

    fn progress_at(&self, now: Instant) -> Report {
        let fresh = |stamp| {
            let age = self.stamps.age(stamp, now);
            (age <= self.stall, format!("{:.1} s ago", age.as_secs_f64()))
        };
        let (turns, turned) = fresh(&self.turned);
        let watching = ("watch", turns, format!("last look {turned}"));
        if self.role == Role::Reader {
            return Report::of([watching]);
        }
        let (answers, answered) = fresh(&self.answered);
        let (is_seen, seen) = fresh(&self.chain_seen);
        let (chain_moves, _) = fresh(&self.chain_moved);
        let (applies, applied) = fresh(&self.applied_moved);
        let (slot, chain) = (self.applied.load(Relaxed), self.chain.load(Relaxed));
        let reached = match slot {
            NEVER => "none yet".to_owned(),
            slot => format!("slot {slot} of {chain}, reached {applied}"),
        };
        let is_there = slot != NEVER && slot >= chain;
        Report::of([
            watching,
            ("database", answers, format!("last answer {answered}")),
            ("chain", is_seen, format!("last seen {seen}")),
            // Nothing can be written of a chain that stands still.
            ("watermark", applies || is_there || !chain_moves, reached),
        ])
    }

    fn readiness_at(&self, now: Instant) -> Report {
        let has_answered = self.answered.load(Relaxed) > 0;
        let age = self.stamps.age(&self.answered, now);
        let is_migrated = self.is_migrated.load(Relaxed);
        let has_snapshot = self.has_snapshot.load(Relaxed);
        let is_draining = self.is_draining.load(Relaxed);
        let schema = if is_migrated {
            "up to date"
        } else {
            "not this program's yet"
        };
        let snapshot = if has_snapshot {
            "in the tables"
        } else {
            "none yet"
        };
        let work = if is_draining { "stopping" } else { "going on" };
        let answered = match has_answered {
            true => format!("answered {:.1} s ago", age.as_secs_f64()),
            false => "has not answered yet".to_owned(),
        };
        Report::of([
            ("database", has_answered && age <= FRESH, answered),
            ("schema", is_migrated, schema.to_owned()),
            ("snapshot", has_snapshot, snapshot.to_owned()),
            ("work", !is_draining, work.to_owned()),
        ])
    }
}

impl Vitals for Health {
    fn progress(&self) -> Report {
        self.progress_at(Instant::now())
    }

    fn readiness(&self) -> Report {
        self.readiness_at(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALL: Duration = Duration::from_secs(120);

    fn mark(applied: i64, chain: i64) -> Mark {
        Mark {
            applied: Some(applied),
            chain: Some(chain),
            chain_age: Some(Duration::ZERO),
            snapshot: Some(applied),
        }
    }

    /// All goes on at that moment, and the tables are this far.
    fn look(health: &Health, mark: &Mark, at: Instant) {
        let stamp = health.stamps.of(at);
        health.turned.store(stamp, Relaxed);
        health.answered(true);
        health.answered.store(stamp, Relaxed);
        health.seen_at(mark, at);
    }

    #[test]
    fn each_standstill_is_named() {
        let health = Health::new(Role::Writer, STALL);
        let later = |seconds| health.stamps.started + Duration::from_secs(seconds);
        look(&health, &mark(7, 8), later(0));
        assert!(health.progress_at(later(100)).ok);
        let all = ["chain", "database", "watch"];
        assert_eq!(health.progress_at(later(130)).failing(), all);
        // Who only serves is well as long as it looks.
        let reader = Health::new(Role::Reader, STALL);
        let later = |seconds| reader.stamps.started + Duration::from_secs(seconds);
        reader.turned.store(reader.stamps.of(later(100)), Relaxed);
        assert!(reader.progress_at(later(200)).ok);
        assert_eq!(reader.progress_at(later(300)).failing(), ["watch"]);
    }

    #[test]
    fn tables_that_stand_still_are_told_from_a_chain_that_does() {
        let health = Health::new(Role::Writer, STALL);
        let begun = health.stamps.started;
        look(&health, &mark(7, 8), begun);
        let later = begun + STALL * 2;
        look(&health, &mark(7, 90), later);
        assert_eq!(health.progress_at(later).failing(), ["watermark"]);
        // The chain halts, too.
        let later = later + STALL * 2;
        look(&health, &mark(7, 90), later);
        assert!(health.progress_at(later).ok);
        // It goes on, and the tables follow.
        look(&health, &mark(91, 91), later);
        assert!(health.progress_at(later).ok);
        // Nobody has seen the chain for long: its node is gone.
        let later = later + STALL;
        let unseen = Mark {
            chain_age: Some(STALL * 2),
            ..mark(91, 91)
        };
        look(&health, &unseen, later);
        assert_eq!(health.progress_at(later).failing(), ["chain"]);
    }

    #[test]
    fn readiness_wants_a_schema_a_snapshot_an_answer_and_no_stop() {
        let health = Health::new(Role::Writer, STALL);
        let begun = health.stamps.started;
        let all = ["database", "schema", "snapshot"];
        assert_eq!(health.readiness_at(begun).failing(), all);
        health.answered(false);
        health.seen(&Mark::default());
        let some = ["schema", "snapshot"];
        assert_eq!(health.readiness().failing(), some);
        look(&health, &mark(7, 8), begun);
        assert!(health.readiness_at(begun).ok);
        let later = begun + FRESH * 2;
        assert_eq!(health.readiness_at(later).failing(), ["database"]);
        health.draining();
        assert_eq!(health.readiness_at(begun).failing(), ["work"]);
    }
}
