//! What the weather can do, by chance: faults of a node, of its notifications, of the
//! gateway and of Postgres. Pure: nothing happens here.

use std::{ops::RangeInclusive, time::Duration};

use lottery_localnet::REVEAL_PATH;
use rand::{Rng as _, rngs::StdRng};

use super::chance;
use crate::{GatewayFault, Notifications, RpcFault, Rule, lies, rpc::Lag};

/// A spell over an endpoint of a node.
#[derive(Debug, Default)]
pub struct NodeSpell {
    pub what: Vec<String>,
    pub rules: Vec<Rule<RpcFault>>,
    pub notifications: Notifications,
    pub disconnects: bool,
    pub down: bool,
}

impl NodeSpell {
    /// One to three things at the same time.
    pub fn cast(rng: &mut StdRng) -> Self {
        let mut spell = Self::default();
        for _ in 0..rng.random_range(1..=3) {
            let (what, rule) = match rng.random_range(0..28) {
                0..20 => request_fault(rng),
                20..26 => {
                    let what = spell.disturb_notifications(rng);
                    spell.what.push(what);
                    continue;
                }
                _ => {
                    spell.what.push("down".to_owned());
                    spell.down = true;
                    continue;
                }
            };
            spell.what.push(what);
            spell.rules.push(rule);
        }
        spell
    }

    fn disturb_notifications(&mut self, rng: &mut StdRng) -> String {
        let share = rng.random_range(0.1..=0.9);
        let notifications = &mut self.notifications;
        match rng.random_range(0..7) {
            0 => {
                self.disconnects = true;
                "WebSockets cut".to_owned()
            }
            1 => {
                notifications.silent = true;
                "WebSockets silent".to_owned()
            }
            2 => {
                let delay = delay(rng);
                let what = format!(
                    "notifications {:.1} s late at most",
                    delay.end().as_secs_f64()
                );
                notifications.delay = Some(delay);
                what
            }
            3 => {
                notifications.lose = share;
                format!("{share:.1} of notifications lost")
            }
            4 => {
                notifications.duplicate = share;
                format!("{share:.1} of notifications twice")
            }
            5 => {
                notifications.swap = share;
                format!("{share:.1} of notifications out of order")
            }
            _ => {
                notifications.stale_slots = rng.random_range(5..=50);
                format!("notifications {} slots old", notifications.stale_slots)
            }
        }
    }
}

/// A delay of up to two seconds.
fn delay(rng: &mut StdRng) -> RangeInclusive<Duration> {
    Duration::ZERO..=chance::seconds(rng, 0.2, 2.0)
}

fn request_fault(rng: &mut StdRng) -> (String, Rule<RpcFault>) {
    let share = rng.random_range(0.1..=0.9);
    let some = |what: &str, fault| {
        let rule = Rule::any(fault).with_probability(share);
        (format!("{share:.1} of requests: {what}"), rule)
    };
    match rng.random_range(0..19) {
        0 | 1 => {
            let delay = delay(rng);
            let what = format!("{:.1} s late at most", delay.end().as_secs_f64());
            some(&what, RpcFault::DelayRequest(delay))
        }
        2 => {
            let delay = delay(rng);
            let what = format!("answers {:.1} s late at most", delay.end().as_secs_f64());
            some(&what, RpcFault::DelayAnswer(delay))
        }
        3 | 4 => some("lost", RpcFault::LoseRequest),
        5 | 6 => some("answer lost", RpcFault::LoseAnswer),
        7 => {
            let rate = rng.random_range(1..=20);
            let rule = Rule::any(RpcFault::rate_limit(rate));
            (format!("429 beyond {rate} requests a second"), rule)
        }
        8 => some("502", RpcFault::status(502)),
        9 => some("503", RpcFault::status(503)),
        10 => some("node is behind", RpcFault::node_is_behind()),
        11 => {
            let slots = rng.random_range(5..=60);
            some(
                &format!("{slots} slots stale"),
                RpcFault::Stale(Lag::Slots(slots)),
            )
        }
        12 => some("garbage", RpcFault::Garbage),
        13 => {
            let claim_whole = rng.random_bool(0.5);
            some("half an answer", RpcFault::Truncate { claim_whole })
        }
        14 => some("sent on twice", RpcFault::Duplicate),
        15 => {
            let longest = chance::seconds(rng, 0.2, 2.0);
            some("overtaken by the next", RpcFault::Reorder { longest })
        }
        _ => lie(rng),
    }
}

fn lie(rng: &mut StdRng) -> (String, Rule<RpcFault>) {
    let (what, rule) = match rng.random_range(0..5) {
        0 => ("no signature is known", lies::forget_signatures()),
        1 => (
            "block height far ahead",
            lies::block_height_ahead(rng.random_range(100..=400)),
        ),
        2 => (
            "slot far ahead",
            lies::slot_ahead(rng.random_range(50..=400)),
        ),
        3 => ("a blockhash that nobody knows", lies::unknown_blockhash()),
        _ => ("the program has no accounts", lies::no_program_accounts()),
    };
    (format!("lies: {what}"), rule)
}

/// A spell over the gateway of all oracles, or of one.
pub fn gateway_spell(rng: &mut StdRng, oracles: usize) -> (String, GatewaySpell) {
    let whose = rng
        .random_bool(0.5)
        .then(|| rng.random_range(0..oracles.max(1)));
    let share = rng.random_range(0.3..=1.0);
    let (what, fault) = match rng.random_range(0..10) {
        0 | 1 => ("down", None),
        2 | 3 => {
            let slow = Duration::ZERO..=chance::seconds(rng, 1.0, 8.0);
            ("slow", Some(GatewayFault::Slow(slow)))
        }
        4 => ("wrong signature", Some(GatewayFault::WrongSignature)),
        5 => ("wrong value", Some(GatewayFault::WrongValue)),
        6 => ("wrong recovery id", Some(GatewayFault::WrongRecoveryId)),
        7 => ("garbage", Some(GatewayFault::Garbage)),
        8 => ("answers lost", Some(GatewayFault::LoseAnswer)),
        _ => ("503", Some(GatewayFault::Status(503))),
    };
    let Some(fault) = fault else {
        return (what.to_owned(), GatewaySpell::Down);
    };
    let (who, rule) = match whose {
        Some(oracle) => (format!("oracle {oracle}"), Rule::on(path(oracle), fault)),
        None => ("every oracle".to_owned(), Rule::any(fault)),
    };
    let spell = GatewaySpell::Fault(rule.with_probability(share));
    (format!("{who}, {share:.1} of questions: {what}"), spell)
}

/// What happens to the gateway.
#[derive(Debug)]
pub enum GatewaySpell {
    Down,
    Fault(Rule<GatewayFault>),
}

/// Where an oracle is asked.
pub fn path(oracle: usize) -> String {
    format!("/{oracle}{REVEAL_PATH}")
}

/// What happens to connections to Postgres.
#[derive(Clone, Debug, PartialEq)]
pub enum PostgresSpell {
    /// All are cut, and new ones let through.
    Cut,
    /// All are cut, and this share of new ones too.
    Fails(f64),
    Refused,
    Stalled,
    Slow(RangeInclusive<Duration>),
}

impl PostgresSpell {
    pub fn cast(rng: &mut StdRng) -> (String, Self) {
        match rng.random_range(0..6) {
            0 => ("connections cut".to_owned(), Self::Cut),
            1 => {
                let share = rng.random_range(0.3..=0.9);
                (
                    format!("{share:.1} of connections fail"),
                    Self::Fails(share),
                )
            }
            2 | 3 => ("refused".to_owned(), Self::Refused),
            4 => ("stalled".to_owned(), Self::Stalled),
            _ => {
                let slow = Duration::ZERO..=chance::seconds(rng, 0.1, 1.0);
                let what = format!("{:.1} s slower at most", slow.end().as_secs_f64());
                (what, Self::Slow(slow))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spell_says_what_it_is_and_a_seed_gives_the_same_ones() {
        let cast = || {
            let mut rng = chance::sequence(5, "node");
            let spells = (0..500).map(|_| NodeSpell::cast(&mut rng).what.join(", "));
            spells.collect::<Vec<_>>()
        };
        let spells = cast();
        assert!(spells.iter().all(|what| !what.is_empty()));
        assert_eq!(spells, cast());
        for kind in [
            "lost",
            "429",
            "502",
            "503",
            "stale",
            "garbage",
            "twice",
            "overtaken",
            "lies",
            "down",
            "silent",
            "cut",
        ] {
            assert!(spells.iter().any(|what| what.contains(kind)), "{kind}");
        }
    }
}
