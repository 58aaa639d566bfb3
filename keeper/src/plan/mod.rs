//! What is due, from what the chain looks like: pure and deterministic. Dry
//! runs, catching up after downtime and tests all come from here.

mod draws;
mod payouts;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use lottery_client::lottery::state::{Game, GameStatus};
use serde::Serialize;
use solana_pubkey::Pubkey;

use crate::{
    actions::{Action, GameRef, Key},
    pack::Capacity,
    state::{ChainState, is_payable},
};

/// What the operator wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The one house to serve; all when `None`.
    pub house: Option<Pubkey>,
    /// Lanes that each house should have; missing ones are opened.
    pub lanes: u8,
    /// How many games one transaction holds.
    pub capacity: Capacity,
    /// Pay prizes and jackpots without being asked.
    pub push_claims: bool,
    /// Return the money of cancelled games without being asked.
    pub push_refunds: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            house: None,
            lanes: 1,
            capacity: Capacity::of_transactions(),
            push_claims: true,
            push_refunds: true,
        }
    }
}

/// What to do, most urgent first, and why the other games wait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub actions: Vec<Action>,
    pub waiting: Vec<Waiting>,
}

/// A live game that nothing is done for now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    pub game: GameRef,
    pub reason: Reason,
    /// When it will be due by itself (unix seconds), if that is known.
    pub until: Option<i64>,
}

/// Why nothing is done for a game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It still sells tickets.
    SalesOpen,
    /// Its next round is not due.
    RoundNotDue,
    /// Its house has no idle lane.
    NoIdleLane,
    /// No oracle of its house's queue is attested and reachable.
    NoLiveOracle,
    /// Its draw was requested in this very slot.
    SeedSlotNotOver,
    /// Its draw waits for the oracle's value.
    DrawPending,
    /// A game bound to the same draw before it is not known.
    EarlierGameUnknown,
    /// Its house or draw has not been seen yet.
    NotInSync,
    /// Some of its entries have not been read yet.
    EntriesUnknown,
    /// The operator does not want to push payments.
    NotPushed,
    /// Being acted on, or to be tried again later after a failure.
    InHand,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SalesOpen => "it still sells tickets",
            Self::RoundNotDue => "its next round is not due",
            Self::NoIdleLane => "its house has no idle lane",
            Self::NoLiveOracle => "no oracle of its house's queue is live",
            Self::SeedSlotNotOver => "its draw was requested in this very slot",
            Self::DrawPending => "its draw waits for the oracle's value",
            Self::EarlierGameUnknown => "a game before it in its draw is not known",
            Self::NotInSync => "its house or draw has not been seen yet",
            Self::EntriesUnknown => "some of its entries have not been read yet",
            Self::NotPushed => "payments are not pushed",
            Self::InHand => "it is being acted on",
        })
    }
}

impl Plan {
    /// When the next game will be due by itself (unix seconds).
    pub fn next_due(&self) -> Option<i64> {
        self.waiting.iter().filter_map(|game| game.until).min()
    }
}

/// What is due.
pub fn plan(state: &ChainState, settings: &Settings) -> Plan {
    plan_around(state, settings, &BTreeSet::new())
}

/// What is due apart from what is already in hand.
pub fn plan_around(state: &ChainState, settings: &Settings, in_hand: &BTreeSet<Key>) -> Plan {
    let mut planner = Planner::new(state, settings, in_hand);
    planner.settle_draws();
    planner.reveal_draws();
    planner.request_draws();
    planner.cancel_games();
    planner.open_lanes();
    planner.push_payouts();
    planner.plan
}

/// A plan in the making, with the games sorted by what may be due for them.
struct Planner<'a> {
    state: &'a ChainState,
    settings: &'a Settings,
    in_hand: &'a BTreeSet<Key>,
    plan: Plan,
    /// To be requested, by house, in the order of their ids.
    due: BTreeMap<Pubkey, Vec<(GameRef, &'a Game)>>,
    /// Bound to a draw, by draw and position.
    bound: BTreeMap<Pubkey, BTreeMap<u16, GameRef>>,
    to_cancel: Vec<GameRef>,
    /// Over, but owing their players.
    payable: Vec<(GameRef, &'a Game)>,
}

impl<'a> Planner<'a> {
    fn new(state: &'a ChainState, settings: &'a Settings, in_hand: &'a BTreeSet<Key>) -> Self {
        let mut planner = Self {
            state,
            settings,
            in_hand,
            plan: Plan::default(),
            due: BTreeMap::new(),
            bound: BTreeMap::new(),
            to_cancel: Vec::new(),
            payable: Vec::new(),
        };
        for (address, game) in &state.games {
            if planner.serves(&game.house) {
                let reference = GameRef {
                    id: game.id,
                    address: *address,
                };
                planner.sort_in(reference, game);
            }
        }
        for games in planner.due.values_mut() {
            games.sort_unstable_by_key(|(game, _)| (game.id, game.address));
        }
        planner
    }

    fn sort_in(&mut self, reference: GameRef, game: &'a Game) {
        let now = self.state.now;
        match game.status() {
            Some(GameStatus::Open) => {
                if !game.sales_ended(now) {
                    self.wait_until(reference, Reason::SalesOpen, game.closes_at);
                } else if game.tickets < game.min_tickets {
                    self.to_cancel.push(reference);
                } else {
                    self.note_due(reference, game);
                }
            }
            Some(GameStatus::Playing) => {
                if now < game.next_round_at {
                    self.wait_until(reference, Reason::RoundNotDue, game.next_round_at);
                } else {
                    self.note_due(reference, game);
                }
            }
            Some(GameStatus::Drawing) => {
                let games = self.bound.entry(game.draw).or_default();
                games.insert(game.draw_index, reference);
            }
            Some(GameStatus::Settled | GameStatus::Cancelled) if is_payable(game) => {
                self.payable.push((reference, game));
            }
            // Paid; the decoder lets no other status through.
            _ => {}
        }
    }

    fn note_due(&mut self, reference: GameRef, game: &'a Game) {
        if self.is_in_hand(&Key::Game(reference.address)) {
            self.wait(reference, Reason::InHand);
        } else {
            let games = self.due.entry(game.house).or_default();
            games.push((reference, game));
        }
    }

    fn serves(&self, house: &Pubkey) -> bool {
        self.settings.house.is_none_or(|only| only == *house)
    }

    fn is_in_hand(&self, key: &Key) -> bool {
        self.in_hand.contains(key)
    }

    fn wait(&mut self, game: GameRef, reason: Reason) {
        self.plan.waiting.push(Waiting {
            game,
            reason,
            until: None,
        });
    }

    fn wait_until(&mut self, game: GameRef, reason: Reason, until: i64) {
        self.plan.waiting.push(Waiting {
            game,
            reason,
            until: Some(until),
        });
    }

    fn wait_all(&mut self, games: impl IntoIterator<Item = GameRef>, reason: Reason) {
        for game in games {
            self.wait(game, reason);
        }
    }

    fn cancel_games(&mut self) {
        for game in std::mem::take(&mut self.to_cancel) {
            if self.is_in_hand(&Key::Game(game.address)) {
                self.wait(game, Reason::InHand);
            } else {
                let action = crate::actions::CancelGame { game };
                self.plan.actions.push(Action::CancelGame(action));
            }
        }
    }
}
