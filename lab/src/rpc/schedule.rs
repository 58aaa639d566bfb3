//! When which frame leaves for the client: pure, so that what shares and delays come to
//! can be tested without a clock.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use rand::{Rng as _, rngs::StdRng};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Notifications;
use crate::chance::{self, probability_of};

/// How long a notification waits for the one that it is to follow.
const SWAP_PATIENCE: Duration = Duration::from_secs(1);

/// The frames of one connection that have not left.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// In the order they leave.
    queue: VecDeque<(Instant, Frame)>,
    /// Leaves after the next notification, or at this instant.
    held: Option<(Instant, Frame)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    pub text: Utf8Bytes,
    pub notification: bool,
}

impl Schedule {
    /// An answer: it leaves after what came before it.
    pub fn answer(&mut self, text: Utf8Bytes, now: Instant) {
        let frame = Frame {
            text,
            notification: false,
        };
        self.enqueue(now, frame);
    }

    /// A notification, parsed.
    pub fn notify(
        &mut self,
        mut notification: Value,
        now: Instant,
        weather: &Notifications,
        rng: &mut StdRng,
    ) {
        // Drawn even where it does not matter, so that a share of one kind does not
        // change whom another kind strikes.
        let lost = rng.random_bool(probability_of(weather.lose));
        let twice = rng.random_bool(probability_of(weather.duplicate));
        let swapped = rng.random_bool(probability_of(weather.swap));
        if weather.silent || lost {
            return;
        }
        if weather.stale_slots > 0 || weather.ahead_slots > 0 {
            move_slots(&mut notification, |slot| {
                let slot = slot.saturating_sub(weather.stale_slots);
                slot.saturating_add(weather.ahead_slots)
            });
        }
        let delay = weather.delay.as_ref();
        let delay = delay.map_or(Duration::ZERO, |range| chance::draw(range, rng));
        let due = now + delay;
        let frame = Frame {
            text: notification.to_string().into(),
            notification: true,
        };
        if swapped && self.held.is_none() {
            self.held = Some((due + SWAP_PATIENCE, frame.clone()));
        } else {
            self.enqueue(due, frame.clone());
            if let Some((_, held)) = self.held.take() {
                self.enqueue(due, held);
            }
        }
        if twice {
            self.enqueue(due, frame);
        }
    }

    fn enqueue(&mut self, due: Instant, frame: Frame) {
        let last = self.queue.back().map_or(due, |(last, _)| *last);
        self.queue.push_back((due.max(last), frame));
    }

    /// When the next frame leaves.
    pub fn due(&self) -> Option<Instant> {
        let queued = self.queue.front().map(|(due, _)| *due);
        let held = self.held.as_ref().map(|(due, _)| *due);
        queued.into_iter().chain(held).min()
    }

    /// Takes a frame whose time has come.
    pub fn pop(&mut self, now: Instant) -> Option<Frame> {
        if self.queue.front().is_some_and(|(due, _)| *due <= now) {
            return self.queue.pop_front().map(|(_, frame)| frame);
        }
        self.held
            .take_if(|(due, _)| *due <= now)
            .map(|(_, frame)| frame)
    }
}

/// Changes the slots that a notification names.
fn move_slots(notification: &mut Value, to: impl Fn(u64) -> u64) {
    let names = [
        "/params/result/context/slot",
        "/params/result/slot",
        "/params/result/parent",
        "/params/result/root",
    ];
    for name in names {
        if let Some(slot) = notification.pointer_mut(name)
            && let Some(number) = slot.as_u64()
        {
            *slot = to(number).into();
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use serde_json::json;

    use super::*;

    fn numbers(schedule: &mut Schedule, now: Instant) -> Vec<u64> {
        std::iter::from_fn(|| schedule.pop(now))
            .filter_map(|frame| serde_json::from_str(&frame.text).ok())
            .filter_map(|value: Value| value.get("n")?.as_u64())
            .collect()
    }

    fn notify_all(weather: &Notifications, count: u64, now: Instant) -> Schedule {
        let mut schedule = Schedule::default();
        let mut rng = StdRng::seed_from_u64(3);
        for n in 0..count {
            schedule.notify(json!({ "n": n }), now, weather, &mut rng);
        }
        schedule
    }

    #[test]
    fn pairs_are_swapped() {
        let now = Instant::now();
        let weather = Notifications {
            swap: 1.0,
            ..Default::default()
        };
        let mut schedule = notify_all(&weather, 5, now);
        assert_eq!(numbers(&mut schedule, now), [1, 0, 3, 2]);
        // The last one had nothing to follow.
        assert_eq!(numbers(&mut schedule, now + SWAP_PATIENCE), [4]);
    }

    #[test]
    fn a_delay_keeps_the_order_and_does_not_add_up() {
        let now = Instant::now();
        let delay = Duration::from_secs(5);
        let weather = Notifications {
            delay: Some(delay..=delay),
            ..Default::default()
        };
        let mut schedule = notify_all(&weather, 3, now);
        schedule.answer("{\"n\": 9}".into(), now);
        assert_eq!(schedule.due(), Some(now + delay));
        assert!(numbers(&mut schedule, now).is_empty());
        assert_eq!(numbers(&mut schedule, now + delay), [0, 1, 2, 9]);
    }

    #[test]
    fn shares_are_about_what_they_say_and_the_same_for_the_same_seed() {
        let now = Instant::now();
        let weather = Notifications {
            lose: 0.5,
            duplicate: 0.1,
            ..Default::default()
        };
        let one = numbers(&mut notify_all(&weather, 1_000, now), now);
        let two = numbers(&mut notify_all(&weather, 1_000, now), now);
        assert_eq!(one, two);
        assert!((450..650).contains(&one.len()), "{}", one.len());
    }

    #[test]
    fn slots_are_moved() {
        let mut slot = json!({"params": {"result": {"slot": 9, "parent": 8, "root": 0}}});
        move_slots(&mut slot, |slot| slot.saturating_sub(3));
        assert_eq!(
            slot,
            json!({"params": {"result": {"slot": 6, "parent": 5, "root": 0}}})
        );
    }
}
