//! What is due, from what the chain looks like: pure and deterministic. Dry
//! runs, catching up after downtime and tests all come from here.

pub mod bounties;
mod closings;
mod draws;
mod guard;
mod oracles;
mod payouts;
mod reason;
mod requests;

pub use guard::Guard;
pub use reason::Reason;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use lottery_client::{
    instruction::Token,
    lottery::state::{Game, GameStatus},
};
use serde::Serialize;
use solana_pubkey::Pubkey;

use crate::{
    actions::{Action, CancelGame, ExpirePrizes, GameRef, Key, SettleGame},
    pack::Capacity,
    state::{ChainState, Currency, is_paid},
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
    /// Close what is paid, so that its rent returns to players and creators …
    pub close: bool,
    /// … this long after the game was settled or cancelled.
    pub close_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            house: None,
            lanes: 1,
            capacity: Capacity::of_transactions(),
            push_claims: true,
            push_refunds: true,
            close: true,
            close_after: Duration::from_secs(3_600),
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
    planner.settle_games();
    planner.expire_prizes();
    planner.open_lanes();
    let entries = planner.close_games();
    // Whoever carries this out relies on it that plans end with what goes into batches.
    planner.push_payouts();
    for (game, entries) in entries {
        planner.close_planned(game, entries);
    }
    planner.plan
}

/// A plan in the making, with the games sorted by what may be due for them.
struct Planner<'a> {
    state: &'a ChainState,
    settings: &'a Settings,
    in_hand: &'a BTreeSet<Key>,
    plan: Plan,
    /// What the planned actions need for themselves.
    taken: HashSet<Key>,
    /// To be requested, by house, in the order of their ids.
    due: BTreeMap<Pubkey, Vec<(GameRef, &'a Game)>>,
    /// Bound to a draw, by draw and position.
    bound: BTreeMap<Pubkey, BTreeMap<u16, GameRef>>,
    /// The same of draws that have no value yet.
    pending: BTreeMap<Pubkey, BTreeMap<u16, GameRef>>,
    to_cancel: Vec<GameRef>,
    /// All rounds drawn, but the money not divided.
    to_settle: Vec<(GameRef, &'a Game)>,
    /// No longer claimable, but not paid.
    to_expire: Vec<(GameRef, &'a Game)>,
    /// Over, but owing their players.
    payable: Vec<(GameRef, &'a Game)>,
    /// Over and paid.
    closable: Vec<(GameRef, &'a Game)>,
}

impl<'a> Planner<'a> {
    fn new(state: &'a ChainState, settings: &'a Settings, in_hand: &'a BTreeSet<Key>) -> Self {
        let mut planner = Self {
            state,
            settings,
            in_hand,
            plan: Plan::default(),
            taken: HashSet::new(),
            due: BTreeMap::new(),
            bound: BTreeMap::new(),
            pending: BTreeMap::new(),
            to_cancel: Vec::new(),
            to_settle: Vec::new(),
            to_expire: Vec::new(),
            payable: Vec::new(),
            closable: Vec::new(),
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
                if game.awaits_settlement() {
                    self.to_settle.push((reference, game));
                } else if now < game.next_round_at {
                    self.wait_until(reference, Reason::RoundNotDue, game.next_round_at);
                } else {
                    self.note_due(reference, game);
                }
            }
            Some(GameStatus::Drawing) => {
                let games = self.bound.entry(game.draw).or_default();
                if let Some(other) = games.insert(game.draw_index, reference) {
                    self.wait(other, Reason::NotInSync);
                }
            }
            Some(GameStatus::Settled | GameStatus::Cancelled) if is_paid(game) => {
                self.closable.push((reference, game));
            }
            Some(GameStatus::Settled) if now >= game.claims_end() => {
                self.to_expire.push((reference, game));
            }
            Some(GameStatus::Settled | GameStatus::Cancelled) => {
                self.payable.push((reference, game));
            }
            // No instruction writes another status.
            None => self.wait(reference, Reason::NotInSync),
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

    /// Plans an action, unless another one of the plan needs the same for itself,
    /// which the chain cannot bring about but a view of it that is out of step can.
    /// Whether it is planned.
    fn add(&mut self, action: Action) -> bool {
        let keys = action.keys();
        let is_free = !keys.iter().any(|key| self.taken.contains(key));
        if is_free {
            self.taken.extend(keys);
            self.plan.actions.push(action);
        }
        is_free
    }

    /// As [`add`](Self::add) of what is done for these games; they wait otherwise.
    fn add_for(&mut self, games: impl IntoIterator<Item = GameRef>, action: Action) {
        if !self.add(action) {
            self.wait_all(games, Reason::NotInSync);
        }
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

    /// What the game plays for; `None` where that is not known yet.
    fn currency(&self, game: &Game) -> Result<Option<Token>, Reason> {
        match self.state.currency(&game.house) {
            Currency::Native => Ok(None),
            Currency::Token(token) => Ok(Some(token)),
            Currency::Unknown => Err(Reason::TokenUnknown),
        }
    }

    /// Plans an action that a game needs, unless it is in hand.
    fn act_on(&mut self, game: GameRef, action: Result<Action, Reason>) {
        match action {
            _ if self.is_in_hand(&Key::Game(game.address)) => self.wait(game, Reason::InHand),
            Ok(action) => self.add_for([game], action),
            Err(reason) => self.wait(game, reason),
        }
    }

    fn cancel_games(&mut self) {
        for game in std::mem::take(&mut self.to_cancel) {
            self.act_on(game, Ok(Action::CancelGame(CancelGame { game })));
        }
    }

    fn settle_games(&mut self) {
        for (reference, game) in std::mem::take(&mut self.to_settle) {
            let action = self.currency(game).map(|token| {
                Action::SettleGame(SettleGame {
                    house: game.house,
                    game: reference,
                    token,
                })
            });
            self.act_on(reference, action);
        }
    }

    fn expire_prizes(&mut self) {
        for (reference, game) in std::mem::take(&mut self.to_expire) {
            let action = self.currency(game).map(|token| {
                Action::ExpirePrizes(ExpirePrizes {
                    house: game.house,
                    game: reference,
                    token,
                })
            });
            self.act_on(reference, action);
        }
    }
}
