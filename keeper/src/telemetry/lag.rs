//! How long games and draws take from one step to the next, as this keeper sees the
//! chain, whoever takes the steps.

use std::{
    collections::{HashMap, hash_map::Entry},
    time::Duration,
};

use lottery_client::lottery::state::{Draw, Game, GameStatus};
use solana_pubkey::Pubkey;
use tokio::time::Instant;

use super::{
    labels::{GameEnd, STATUSES, Stage, Step},
    record,
};
use crate::state::{ChainState, is_paid};

/// A moment.
#[derive(Clone, Copy, Debug)]
struct Mark {
    slot: u64,
    at: Instant,
}

/// What was seen of a draw.
#[derive(Clone, Copy, Debug)]
enum DrawSeen {
    /// When it was requested; `None` if that was before anybody looked.
    Pending(Option<Mark>),
    Revealed(Option<Mark>),
    /// Settled or given up.
    Over,
}

/// What was seen of a game.
#[derive(Clone, Copy, Debug)]
enum GameSeen {
    Waiting,
    /// Since when a draw is due.
    Due(Mark),
    Drawing,
    /// Settled and owing; since when, unless that was before anybody looked.
    Owing(Option<Mark>),
    Cancelled,
    Paid,
}

/// Follows every game and draw through its steps. Steps taken before the first look
/// are not counted.
#[derive(Debug, Default)]
pub struct Lags {
    draws: HashMap<Pubkey, DrawSeen>,
    games: HashMap<Pubkey, GameSeen>,
    has_looked: bool,
}

impl Lags {
    /// Looks at the chain and records what has changed since the last look.
    pub fn look(&mut self, state: &ChainState, now: Instant) {
        let here = Mark {
            slot: state.slot,
            at: now,
        };
        let mut has_released = false;
        let mut counts = [0; STATUSES.len()];
        for (address, game) in &state.games {
            if let Some(known) = game
                .status()
                .and_then(|status| counts.get_mut(status as usize))
            {
                *known += 1;
            }
            has_released |= self.look_at_game(*address, game, state.now, here);
        }
        record::games(counts);
        let gone = self
            .games
            .extract_if(|address, _| !state.games.contains_key(address));
        for (_, seen) in gone {
            // Who does not close forgets games that are paid.
            paid(seen, here);
        }
        for (address, draw) in &state.draws {
            self.look_at_draw(*address, draw, here);
        }
        let gone = self
            .draws
            .extract_if(|address, _| !state.draws.contains_key(address));
        for (_, seen) in gone {
            match seen {
                // Between two looks it was revealed and settled, or given up.
                DrawSeen::Pending(_) if has_released => record::draw(Stage::Aborted),
                DrawSeen::Pending(_) => {
                    record::draw(Stage::Revealed);
                    record::draw(Stage::Settled);
                }
                seen => settled(seen, here),
            }
        }
        self.has_looked = true;
    }

    fn look_at_draw(&mut self, address: Pubkey, draw: &Draw, here: Mark) {
        let is_new = self.has_looked;
        let seen = match self.draws.entry(address) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                if is_new {
                    record::draw(Stage::Requested);
                }
                let requested = Mark {
                    slot: draw.seed_slot.saturating_add(1),
                    at: here.at,
                };
                place.insert(DrawSeen::Pending(is_new.then_some(requested)))
            }
        };
        if let (DrawSeen::Pending(requested), Draw::REVEALED) = (*seen, draw.state) {
            if is_new {
                record::draw(Stage::Revealed);
            }
            let revealed = Mark {
                slot: draw.reveal_slot,
                at: here.at,
            };
            lag(Step::Reveal, requested, revealed);
            *seen = DrawSeen::Revealed(is_new.then_some(revealed));
        }
        if let (DrawSeen::Pending(_), Draw::ABORTED) = (*seen, draw.state) {
            if is_new {
                record::draw(Stage::Aborted);
            }
            *seen = DrawSeen::Over;
        }
        if draw.is_done() {
            settled(*seen, here);
            *seen = DrawSeen::Over;
        }
    }

    /// Whether it was released by a draw that was given up.
    fn look_at_game(&mut self, address: Pubkey, game: &Game, chain_now: i64, here: Mark) -> bool {
        let is_new = self.has_looked;
        let seen = self.games.entry(address).or_insert(GameSeen::Waiting);
        let next = match game.status() {
            _ if is_paid(game) => GameSeen::Paid,
            Some(GameStatus::Open | GameStatus::Playing) => {
                match (*seen, due_at(game, chain_now)) {
                    (GameSeen::Due(since), Some(_)) => GameSeen::Due(since),
                    (_, Some(due)) => GameSeen::Due(backdated(here, chain_now, due)),
                    (_, None) => GameSeen::Waiting,
                }
            }
            Some(GameStatus::Drawing) => GameSeen::Drawing,
            Some(GameStatus::Settled) => match *seen {
                GameSeen::Owing(since) => GameSeen::Owing(since),
                _ => GameSeen::Owing(is_new.then_some(here)),
            },
            Some(GameStatus::Cancelled) => GameSeen::Cancelled,
            None => return false,
        };
        let before = std::mem::replace(seen, next);
        if let (GameSeen::Due(since), GameSeen::Drawing) = (before, next) {
            lag(Step::Request, Some(since), here);
        }
        if !is_new {
            return false;
        }
        let was_live = matches!(
            before,
            GameSeen::Waiting | GameSeen::Due(_) | GameSeen::Drawing
        );
        if was_live && game.is(GameStatus::Settled) {
            record::game(GameEnd::Settled);
        }
        if was_live && game.is(GameStatus::Cancelled) {
            record::game(GameEnd::Cancelled);
        }
        if matches!(next, GameSeen::Paid) {
            let owing = match before {
                // Paid in the very look in which it is first seen settled.
                _ if was_live => GameSeen::Owing(Some(here)),
                before => before,
            };
            paid(owing, here);
        }
        matches!(before, GameSeen::Drawing)
            && game.draw_attempts > 0
            && !matches!(next, GameSeen::Drawing)
    }
}

/// When the game's next draw was due (unix seconds), if it is.
fn due_at(game: &Game, now: i64) -> Option<i64> {
    if game.is(GameStatus::Open) {
        let is_due = game.sales_ended(now) && game.tickets >= game.min_tickets;
        let sold_out = game.sold_out().then_some(game.next_round_at);
        let due = sold_out.filter(|at| *at > 0).unwrap_or(game.closes_at);
        return is_due.then_some(due);
    }
    let is_due = !game.awaits_settlement() && now >= game.next_round_at;
    is_due.then_some(game.next_round_at)
}

/// The moment when it was due by the chain's clock, which is seen a little later. The
/// slot is that of the look.
fn backdated(here: Mark, now: i64, due: i64) -> Mark {
    let late = u64::try_from(now.saturating_sub(due)).unwrap_or(0);
    let at = here.at.checked_sub(Duration::from_secs(late));
    Mark {
        at: at.unwrap_or(here.at),
        ..here
    }
}

fn lag(step: Step, from: Option<Mark>, to: Mark) {
    if let Some(from) = from {
        let took = to.at.saturating_duration_since(from.at);
        record::lag(step, to.slot.saturating_sub(from.slot), took);
    }
}

/// A draw has settled its last game, and may be gone.
fn settled(seen: DrawSeen, here: Mark) {
    if let DrawSeen::Revealed(revealed) = seen {
        record::draw(Stage::Settled);
        lag(Step::Settle, revealed, here);
    }
}

/// A game owes nothing any more, or is gone.
fn paid(seen: GameSeen, here: Mark) {
    match seen {
        GameSeen::Owing(since) => {
            record::game(GameEnd::Paid);
            lag(Step::Pay, since, here);
        }
        GameSeen::Cancelled => record::game(GameEnd::Paid),
        GameSeen::Waiting | GameSeen::Due(_) | GameSeen::Drawing | GameSeen::Paid => {}
    }
}

#[cfg(test)]
mod tests;
