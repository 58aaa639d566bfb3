//! Requests: which due games are drawn together, and by which oracle.

use lottery_client::{
    address,
    lottery::state::{DRAW_GRACE, Game, House, Lane},
};
use solana_pubkey::Pubkey;

use super::{Planner, Reason};
use crate::{
    actions::{Action, CancelGame, GameRef, Key, RequestDraw},
    state::Oracle,
};

/// How much longer than the program demands a game is kept that waits for nothing but
/// a lane (seconds): a day. Lanes come free by themselves, so a keeper that comes back
/// after days draws what waits rather than cancel it.
const LANE_PATIENCE: i64 = 86_400;

impl<'a> Planner<'a> {
    /// All due games of a house share as few draws as they fit into, one a lane.
    pub(super) fn request_draws(&mut self) {
        let state = self.state;
        for (house_address, games) in std::mem::take(&mut self.due) {
            match state.houses.get(&house_address) {
                Some(house) => self.request_draws_of(house_address, house, games),
                None => self.wait_all(games.into_iter().map(|(game, _)| game), Reason::NotInSync),
            }
        }
    }

    fn request_draws_of(
        &mut self,
        house_address: Pubkey,
        house: &House,
        games: Vec<(GameRef, &'a Game)>,
    ) {
        let live = self.live_oracles(house);
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
            let Some(oracle) = choose_oracle(&live, lane.next_draw, &games) else {
                break;
            };
            let size = self.settings.capacity.request.max(1);
            let mut bound = Vec::new();
            games.retain(|(reference, game)| {
                let takes = bound.len() < size && !was_tried(game, oracle);
                if takes {
                    bound.push(*reference);
                }
                !takes
            });
            self.plan.actions.push(Action::RequestDraw(RequestDraw {
                house: house_address,
                queue: house.vrf_queue,
                lane_index: lane.index,
                draw_id: lane.next_draw,
                oracle: oracle.address,
                games: bound,
            }));
        }
        let has_lane = self
            .state
            .lanes
            .values()
            .any(|lane| lane.house == house_address);
        let patience = if has_lane { LANE_PATIENCE } else { 0 };
        for (reference, game) in games {
            self.wait_or_cancel(reference, game, Reason::NoIdleLane, patience);
        }
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

    fn live_oracles(&self, house: &House) -> Vec<&'a Oracle> {
        let oracles = self.state.oracles.get(&house.vrf_queue);
        let oracles = oracles.map(Vec::as_slice).unwrap_or_default();
        oracles
            .iter()
            .filter(|oracle| oracle.is_live(self.state.now))
            .collect()
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
        idle.sort_unstable_by_key(|lane| lane.index);
        idle
    }
}

/// Whether the oracle was asked for the game's present round before.
fn was_tried(game: &Game, oracle: &Oracle) -> bool {
    game.tried_oracles.contains(&oracle.address)
}

/// Live oracles take turns by draw id; one that the first game has tried is passed
/// over. `None` when there is no game.
fn choose_oracle<'a>(
    live: &[&'a Oracle],
    draw_id: u64,
    games: &[(GameRef, &Game)],
) -> Option<&'a Oracle> {
    let (_, game) = games.first()?;
    let count = u64::try_from(live.len()).ok().filter(|count| *count > 0)?;
    let first = usize::try_from(draw_id % count).ok()?;
    let mut turns = live.iter().cycle().skip(first).take(live.len());
    turns.find(|oracle| !was_tried(game, oracle)).copied()
}
