//! What is known of recent slots, and what is delivered of them when. Forks are told as
//! slots with parents, and resolved by whoever reads.
//!
//! A transaction comes before its block's time does, so a slot's transactions wait for
//! its block; but neither for ever nor in any number. A slot's status is delivered after
//! what happened in the slot, and once.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use super::{
    convert::Message,
    executed::{Executed, closed},
};
use crate::source::{Event, SlotStatus, SlotUpdate};

/// Transactions that wait for their blocks, of all slots together.
const MAX_WAITING: usize = 2_048;

/// Longest wait for a block: several times what it takes to execute one.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Slots that are remembered: some more than it takes to finalize one.
const MAX_SLOTS: usize = 512;

/// Slots remembered below the newest finalized one, for what comes late or twice.
const KEPT: i64 = 64;

/// How many further slots a parent may come after its child.
const PATIENCE: u64 = 8;

/// Recent slots.
#[derive(Debug)]
pub struct Slots {
    /// What is subscribed to.
    level: SlotStatus,
    slots: BTreeMap<i64, Slot>,
    /// Parents that were not told.
    missing: BTreeMap<i64, Missing>,
    /// Up to here a snapshot or an earlier session knows.
    floor: Option<i64>,
    applied: Option<i64>,
    finalized: Option<i64>,
    newest: Option<i64>,
    /// Slots that reached the level.
    reached: u64,
    waiting: usize,
    events: Vec<Event>,
}

#[derive(Debug, Default)]
struct Slot {
    parent: Option<i64>,
    /// What was delivered, or is about to be.
    told: Option<SlotStatus>,
    /// Whether anything was told of it in this session.
    busy: bool,
    /// Its block, with its time, was told.
    block: Option<Option<i64>>,
    waiting: Vec<Executed>,
    since: Option<Instant>,
    /// A status that is delivered after what waits.
    status: Option<SlotUpdate>,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    /// The slot that builds on it.
    child: i64,
    /// How many slots had reached the level when it was told.
    at: u64,
    /// It was told as a gap; only a snapshot makes up for it.
    told: bool,
}

fn next(slot: i64) -> i64 {
    slot.saturating_add(1)
}

impl Slot {
    fn dead(&self) -> bool {
        self.told == Some(SlotStatus::Dead)
    }

    fn reached(&self, level: SlotStatus) -> bool {
        !self.dead() && self.told >= Some(level)
    }

    /// Whether everything of it has been delivered.
    fn settled(&self, level: SlotStatus) -> bool {
        let known = self.block.is_some() || self.told > Some(level);
        self.reached(level) && known && self.waiting.is_empty()
    }
}

impl Slots {
    pub fn new(level: SlotStatus) -> Self {
        Self {
            level,
            slots: BTreeMap::new(),
            missing: BTreeMap::new(),
            floor: None,
            applied: None,
            finalized: None,
            newest: None,
            reached: 0,
            waiting: 0,
            events: Vec::new(),
        }
    }

    /// Takes a message; what is to be delivered follows by [`events`](Self::events).
    pub fn take(&mut self, message: Message, now: Instant) {
        match message {
            Message::Account(update) => {
                self.slot(update.slot).busy = true;
                self.events.push(Event::Account(update));
            }
            Message::Transaction(executed) => self.transaction(*executed, now),
            Message::Slot(update) => self.status(update),
            Message::Begun { slot, .. } => self.begun(slot),
            Message::Block { slot, time } => {
                let known = self.slot(slot);
                known.busy = true;
                known.block = Some(time);
                self.release(slot);
            }
            Message::Ping | Message::Other => {}
        }
        self.forget();
    }

    /// What is to be delivered by now, in order.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Lets go what has waited too long.
    pub fn expire(&mut self, now: Instant) {
        let late = |slot: &Slot| slot.since.is_some_and(|at| now - at > LONGEST_WAIT);
        let late = self.slots.iter().filter(|(_, slot)| late(slot));
        for slot in late.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.release(slot);
        }
    }

    /// Everything up to a slot is known otherwise: what is missing of it was told as a
    /// gap, or comes.
    pub fn covered(&mut self, slot: i64) {
        self.floor = self.floor.max(Some(slot));
        self.missing
            .retain(|missing, at| !at.told || *missing > slot);
    }

    /// The stream broke off. What waits is let go, and what the next stream will tell
    /// again is forgotten.
    pub fn end(&mut self) {
        for slot in self.slots.keys().copied().collect::<Vec<_>>() {
            self.release(slot);
        }
        self.floor = self.resume_after();
        let again = self.floor.map_or(i64::MIN, next);
        self.slots.split_off(&again);
        self.missing.clear();
    }

    /// The newest slot of which, as of all before it, everything has been delivered.
    pub fn applied(&mut self) -> Option<i64> {
        let after = self.finalized.map_or(i64::MIN, next);
        let level = self.level;
        let mut open = self.slots.range(after..);
        let open = open.find(|(_, slot)| slot.busy && !slot.dead() && !slot.settled(level));
        let missing = self.missing.keys().next().copied();
        let limit = open.map(|(slot, _)| *slot).into_iter().chain(missing).min();
        let mut before = self.slots.range(..limit.unwrap_or(i64::MAX)).rev();
        let newest = before.find(|(_, slot)| slot.settled(level));
        self.applied = self.applied.max(newest.map(|(slot, _)| *slot));
        self.applied
    }

    /// The newest slot of which something was told that is subscribed to.
    pub fn newest(&self) -> Option<i64> {
        self.newest
    }

    /// The slot after which a new stream has to begin for nothing to be missed: the
    /// newest that cannot be undone and has been delivered.
    pub fn resume_after(&mut self) -> Option<i64> {
        Some(self.finalized?.min(self.applied()?))
    }

    fn slot(&mut self, slot: i64) -> &mut Slot {
        self.newest = self.newest.max(Some(slot));
        self.slots.entry(slot).or_default()
    }

    fn begun(&mut self, slot: i64) {
        // A block that was dropped may be executed again, or another in its place.
        if self.slots.get(&slot).is_some_and(Slot::dead) {
            self.release(slot);
            self.slots.remove(&slot);
        }
    }

    fn transaction(&mut self, executed: Executed, now: Instant) {
        let slot = executed.update.slot;
        let signature = executed.update.signature;
        self.newest = self.newest.max(Some(slot));
        let known = self.slots.entry(slot).or_default();
        known.busy = true;
        let mut waiting = known.waiting.iter();
        if waiting.any(|other| other.update.signature == signature) {
            return;
        }
        known.waiting.push(executed);
        known.since.get_or_insert(now);
        let late = known.block.is_some() || known.told > Some(self.level);
        self.waiting += 1;
        if late {
            self.release(slot);
        } else if self.waiting > MAX_WAITING {
            let oldest = self.slots.iter().find(|(_, slot)| !slot.waiting.is_empty());
            if let Some(oldest) = oldest.map(|(slot, _)| *slot) {
                self.release(oldest);
            }
        }
    }

    fn status(&mut self, update: SlotUpdate) {
        let SlotUpdate { slot, status, .. } = update;
        let level = self.level;
        let known = self.slots.entry(slot).or_default();
        let learned = known.parent.is_none() && update.parent.is_some();
        known.parent = known.parent.or(update.parent);
        if status < level {
            // What happened in it is not told yet, nor may it ever be.
            return;
        }
        let first = !known.reached(level);
        let update = match known.told {
            // A dropped block may be executed again.
            Some(SlotStatus::Dead) if status != SlotStatus::Dead => update,
            Some(told) if told >= status && learned => SlotUpdate {
                status: told,
                ..update
            },
            Some(told) if told >= status => return,
            _ => update,
        };
        known.told = Some(update.status);
        let (parent, reached) = (known.parent, known.reached(level));
        let waits = !known.waiting.is_empty() && update.status == level;
        if waits {
            known.status = Some(update);
        }
        if status == SlotStatus::Finalized {
            // Whoever is told that a slot is final is told nothing of older ones any more.
            self.finalize(slot);
        }
        if !waits {
            if update.status > level {
                self.release(slot);
            }
            self.events.push(Event::Slot(update));
        }
        if reached {
            self.newest = self.newest.max(Some(slot));
            self.missing
                .retain(|missing, at| at.told || *missing != slot);
            self.reached += u64::from(first);
            if first || learned {
                self.look_for(parent, slot);
            }
        }
        self.find_gaps();
    }

    /// What has not come of slots before a final one does not come any more.
    fn finalize(&mut self, slot: i64) {
        self.finalized = self.finalized.max(Some(slot));
        let waiting = self.slots.range(..slot);
        let waiting = waiting.filter(|(_, slot)| !slot.waiting.is_empty());
        for slot in waiting.map(|(slot, _)| *slot).collect::<Vec<_>>() {
            self.release(slot);
        }
    }

    /// Notes a parent that ought to have been told.
    fn look_for(&mut self, parent: Option<i64>, child: i64) {
        let (Some(parent), Some(floor)) = (parent, self.floor) else {
            return;
        };
        // One that was dropped was told, too.
        let known = |slot: &Slot| slot.told >= Some(self.level);
        if parent > floor && !self.slots.get(&parent).is_some_and(known) {
            self.missing.entry(parent).or_insert(Missing {
                child,
                at: self.reached,
                told: false,
            });
        }
    }

    /// Tells of parents that will not come any more.
    fn find_gaps(&mut self) {
        let (reached, finalized) = (self.reached, self.finalized);
        for (parent, missing) in &mut self.missing {
            let waited = reached - missing.at > PATIENCE || Some(missing.child) <= finalized;
            if missing.told || !waited {
                continue;
            }
            missing.told = true;
            let mut before = self.slots.range(..parent).rev();
            let known = before.find(|(_, slot)| slot.reached(self.level));
            let known = known.map(|(slot, _)| *slot).max(self.floor);
            self.events.push(Event::Gap {
                from: known.map_or(*parent, next),
                to: *parent,
            });
        }
    }

    /// Delivers what waits for a slot's block, with its time if it came.
    fn release(&mut self, number: i64) {
        let Some(slot) = self.slots.get_mut(&number) else {
            return;
        };
        let mut executed = std::mem::take(&mut slot.waiting);
        slot.since = None;
        self.waiting -= executed.len();
        executed.sort_by_key(|executed| executed.update.index);
        let gone = closed(number, &executed);
        for mut executed in executed {
            executed.update.block_time = slot.block.flatten();
            let update = Box::new(executed.update);
            self.events.push(Event::Transaction(update));
        }
        self.events.extend(gone.into_iter().map(Event::Account));
        self.events.extend(slot.status.take().map(Event::Slot));
    }

    /// Forgets what nothing is told of any more.
    fn forget(&mut self) {
        let kept = self
            .finalized
            .map_or(i64::MIN, |slot| slot.saturating_sub(KEPT));
        while let Some((oldest, _)) = self.slots.first_key_value() {
            let oldest = *oldest;
            if oldest >= kept && self.slots.len() <= MAX_SLOTS {
                return;
            }
            self.release(oldest);
            self.slots.remove(&oldest);
        }
    }
}
