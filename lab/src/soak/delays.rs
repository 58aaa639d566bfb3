//! How long rounds took, from due to settled.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use lottery_client::lottery::state::GameParams;
use serde::Serialize;
use solana_pubkey::Pubkey;

use super::{
    events::{self, Event},
    ledger::Landed,
    sky::Sky,
    timeline::Timeline,
};
use crate::spread::{Spread, millis};

/// Most rounds named one by one.
const NAMED: usize = 8;

/// How long rounds took.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Delays {
    pub all: Spread,
    /// Due in a calm stretch.
    pub calm: Spread,
    /// Due in the weather, or too close to it.
    pub stormy: Spread,
    /// From the game created to its account closed.
    pub lives: Spread,
    /// Those that took longest, for who wants to know why.
    pub slowest: Vec<Round>,
}

/// A settled round. Times are since the run began (milliseconds).
#[derive(Clone, Debug, Serialize)]
pub struct Round {
    pub game: String,
    pub id: u64,
    /// The round, from 0.
    pub round: u8,
    pub due_ms: u64,
    pub took_ms: u64,
}

/// A game's way through the ledger.
#[derive(Default)]
struct Course {
    tickets: u32,
    /// Slot of the join that sold it out.
    sold_out: Option<u64>,
    /// Slots in which rounds were settled.
    settled: BTreeMap<u8, u64>,
    created: Option<u64>,
    closed: Option<u64>,
}

impl Delays {
    pub fn of(
        ledger: &[Landed],
        games: &BTreeMap<Pubkey, GameParams>,
        timeline: &Timeline,
        sky: &Sky,
    ) -> Self {
        let mut delays = Self::default();
        let (mut calm, mut stormy, mut lives) = (Vec::new(), Vec::new(), Vec::new());
        for (game, course) in &courses(ledger, games) {
            let Some(params) = games.get(game) else {
                continue;
            };
            for (round, due, settled) in rounds(params, course, timeline) {
                let took = settled.saturating_sub(due);
                let list = if sky.is_settled(due) {
                    &mut calm
                } else {
                    &mut stormy
                };
                list.push(took);
                delays.slowest.push(Round {
                    game: game.to_string(),
                    id: params.id,
                    round,
                    due_ms: millis(due),
                    took_ms: millis(took),
                });
            }
            lives.extend(course.life(timeline));
        }
        delays.slowest.sort_by_key(|round| Reverse(round.took_ms));
        delays.slowest.truncate(NAMED);
        delays.all = Spread::of([calm.as_slice(), &stormy].concat());
        delays.calm = Spread::of(calm);
        delays.stormy = Spread::of(stormy);
        delays.lives = Spread::of(lives);
        delays
    }
}

impl Course {
    /// From created to closed.
    fn life(&self, timeline: &Timeline) -> Option<Duration> {
        let created = timeline.slot_seen(self.created?)?;
        let closed = timeline.slot_seen(self.closed?)?;
        Some(closed.saturating_sub(created))
    }
}

fn courses(ledger: &[Landed], games: &BTreeMap<Pubkey, GameParams>) -> BTreeMap<Pubkey, Course> {
    let mut courses: BTreeMap<Pubkey, Course> = BTreeMap::new();
    for landed in ledger.iter().filter(|landed| landed.succeeded()) {
        if events::instruction(landed) == Some("create_game") {
            for account in landed.accounts.iter().filter(|it| games.contains_key(it)) {
                courses.entry(*account).or_default().created = Some(landed.slot);
            }
        }
        for (game, order) in events::joins(landed) {
            let course = courses.entry(game).or_default();
            course.tickets = course.tickets.saturating_add(order.tickets);
            let most = games.get(&game).map(|params| params.max_tickets);
            if most.is_some_and(|most| course.tickets >= most) {
                course.sold_out.get_or_insert(landed.slot);
            }
        }
        for event in events::events(landed) {
            match event {
                Event::DrawSettled(event) => {
                    for round in &event.rounds {
                        let course = courses.entry(round.game).or_default();
                        course.settled.insert(round.round, landed.slot);
                    }
                }
                Event::GameClosed(event) => {
                    courses.entry(event.game).or_default().closed = Some(landed.slot);
                }
                _ => {}
            }
        }
    }
    courses
}

/// Each settled round: when it was due, and when it was settled.
fn rounds(
    params: &GameParams,
    course: &Course,
    timeline: &Timeline,
) -> Vec<(u8, Duration, Duration)> {
    let mut rounds = Vec::new();
    let mut due = match course.sold_out {
        Some(slot) => timeline.slot_seen(slot),
        None => timeline.time_seen(params.closes_at),
    };
    for (round, slot) in &course.settled {
        if let (Some(due), Some(settled)) = (due, timeline.slot_seen(*slot)) {
            rounds.push((*round, due, settled));
        }
        let time = timeline.time_of(*slot);
        let next = time.map(|time| time.saturating_add(params.round_interval.into()));
        due = next.and_then(|next| timeline.time_seen(next));
    }
    rounds
}
