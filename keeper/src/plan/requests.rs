//! Requests: which due games are drawn together, and by which oracle.

use std::collections::BTreeSet;

use lottery_client::{
    address,
    lottery::state::{DRAW_GRACE, Game, House, Lane},
};
use solana_pubkey::Pubkey;

use super::{Planner, Reason, oracles};
use crate::{
    actions::{Action, CancelGame, GameRef, Key, RequestDraw},
    state::Oracle,
};

/// How much longer than the program demands a game is kept that waits for nothing but
/// a lane (seconds): a day. Lanes come free by themselves, so a keeper that comes back
/// after days draws what waits rather than cancel it.
const LANE_PATIENCE: i64 = 86_400;

/// The same for a game whose house's queue could not be read (seconds): a week. That
/// its oracles are not known says nothing of them, but a queue may never be one.
const QUEUE_PATIENCE: i64 = 7 * 86_400;

/// How much longer than the program demands an oracle must be live (seconds): the
/// chain's clock goes on between the look at it and the request.
const ORACLE_MARGIN: i64 = 10;

impl<'a> Planner<'a> {
    /// All due games of a house share as few draws as they fit into, one a lane.
    pub(super) fn request_draws(&mut self) {
        let state = self.state;
        let late = oracles::late(state);
        for (house_address, games) in std::mem::take(&mut self.due) {
            match state.houses.get(&house_address) {
                Some(house) => self.request_draws_of(house_address, house, games, &late),
                None => self.wait_all(games.into_iter().map(|(game, _)| game), Reason::NotInSync),
            }
        }
    }

    fn request_draws_of(
        &mut self,
        house_address: Pubkey,
        house: &House,
        games: Vec<(GameRef, &'a Game)>,
        late: &BTreeSet<Pubkey>,
    ) {
        let Some(live) = self.live_oracles(house) else {
            for (reference, game) in games {
                self.wait_or_cancel(reference, game, Reason::OraclesUnknown, QUEUE_PATIENCE);
            }
            return;
        };
        let (mut games, stuck): (Vec<_>, Vec<_>) = games
            .into_iter()
            .partition(|(_, game)| live.iter().any(|oracle| !was_tried(game, oracle)));
        let reason = if live.is_empty() {
            Reason::NoLiveOracle
        } else {
            Reason::NoUntriedOracle
        };
        for (reference, game) in stuck {
            self.wait_or_cancel(reference, game, reason, 0);
        }
        for lane in self.idle_lanes(&house_address) {
            let Some((_, first)) = games.first() else {
                break;
            };
            let untried = live.iter().filter(|oracle| !was_tried(first, oracle));
            let untried: Vec<&Oracle> = untried.copied().collect();
            let lane_address = address::lane(&house_address, lane.index);
            let point = oracles::point(&lane_address, lane.next_draw);
            let Some(oracle) = oracles::choose(self.state, late, &untried, point) else {
                break;
            };
            let bound = self.take_games(&mut games, oracle);
            let action = RequestDraw {
                house: house_address,
                queue: house.vrf_queue,
                lane_index: lane.index,
                draw_id: lane.next_draw,
                oracle: oracle.address,
                games: bound.clone(),
            };
            self.add_for(bound, Action::RequestDraw(action));
        }
        let lanes = self.state.lanes.values();
        let has_lane = lanes.into_iter().any(|lane| lane.house == house_address);
        // One that is about to be opened counts too.
        let patience = if has_lane || self.settings.lanes > 0 {
            LANE_PATIENCE
        } else {
            0
        };
        for (reference, game) in games {
            self.wait_or_cancel(reference, game, Reason::NoIdleLane, patience);
        }
    }

    /// Takes the first games that fit a draw of this oracle's.
    fn take_games(&self, games: &mut Vec<(GameRef, &'a Game)>, oracle: &Oracle) -> Vec<GameRef> {
        let size = self.settings.capacity.request.max(1);
        let mut taken = Vec::new();
        games.retain(|(reference, game)| {
            let takes = taken.len() < size && !was_tried(game, oracle);
            if takes {
                taken.push(*reference);
            }
            !takes
        });
        taken
    }

    /// A game that cannot be drawn waits, but not for ever.
    fn wait_or_cancel(&mut self, reference: GameRef, game: &Game, reason: Reason, patience: i64) {
        let overdue_at = game
            .draw_due_at()
            .saturating_add(DRAW_GRACE)
            .saturating_add(patience);
        if self.state.now < overdue_at {
            self.wait_until(reference, reason, overdue_at);
        } else {
            let action = CancelGame { game: reference };
            self.act_on(reference, Ok(Action::CancelGame(action)));
        }
    }

    /// `None` while the queue's oracles are not known.
    fn live_oracles(&self, house: &House) -> Option<Vec<&'a Oracle>> {
        let oracles = self.state.oracles.get(&house.vrf_queue)?.iter();
        let then = self.state.now.saturating_add(ORACLE_MARGIN);
        Some(oracles.filter(|oracle| oracle.is_live(then)).collect())
    }

    /// The lanes of a house that are free, by index.
    fn idle_lanes(&self, house: &Pubkey) -> Vec<&'a Lane> {
        let mut idle: Vec<&Lane> = self
            .state
            .lanes
            .values()
            .filter(|lane| {
                lane.house == *house
                    && lane.state == Lane::IDLE
                    && !self.is_in_hand(&Key::Lane(address::lane(house, lane.index)))
            })
            .collect();
        idle.sort_by_key(|lane| lane.index);
        idle.dedup_by_key(|lane| lane.index);
        idle
    }
}

/// Whether the oracle was asked for the game's present round before.
fn was_tried(game: &Game, oracle: &Oracle) -> bool {
    game.tried_oracles.contains(&oracle.address)
}
