//! Lanes and draws: opening, requesting, revealing, settling.

use std::collections::BTreeMap;

use lottery_client::lottery::state::{Draw, Game, House, Lane};
use solana_pubkey::Pubkey;

use super::{Planner, Reason};
use crate::{
    actions::{Action, GameRef, Key, OpenLane, RequestDraw, RevealDraw, SettleDraw},
    state::Oracle,
};

impl<'a> Planner<'a> {
    /// Draws that have their value settle their games in the order they were
    /// bound; the others wait for the value.
    pub(super) fn settle_draws(&mut self) {
        for (address, games) in std::mem::take(&mut self.bound) {
            match self.state.draws.get(&address) {
                None => self.wait_all(games.into_values(), Reason::NotInSync),
                Some(draw) if draw.state != Draw::REVEALED => self.wait_for_value(draw, games),
                Some(_) if self.is_in_hand(&Key::Draw(address)) => {
                    self.wait_all(games.into_values(), Reason::InHand);
                }
                Some(draw) => self.settle_draw(address, draw, games),
            }
        }
    }

    fn settle_draw(&mut self, address: Pubkey, draw: &Draw, games: BTreeMap<u16, GameRef>) {
        let mut next = draw.settled;
        let mut turn = Vec::new();
        for (index, game) in games {
            if index == next {
                turn.push(game);
                next = next.saturating_add(1);
            } else {
                self.wait(game, Reason::EarlierGameUnknown);
            }
        }
        if turn.is_empty() {
            return;
        }
        let size = self.settings.capacity.settlement.max(1);
        self.plan.actions.push(Action::SettleDraw(SettleDraw {
            house: draw.house,
            draw: address,
            draw_id: draw.id,
            draw_payer: draw.payer,
            chunks: turn.chunks(size).map(<[GameRef]>::to_vec).collect(),
        }));
    }

    /// The reveal itself is planned per lane; here only what its games wait for.
    fn wait_for_value(&mut self, draw: &Draw, games: BTreeMap<u16, GameRef>) {
        let lane = self.state.lanes.get(&draw.lane);
        let reason = if lane.and_then(Lane::current_draw) != Some(draw.id) {
            Reason::NotInSync
        } else if !is_revealable(draw, self.state.slot) {
            Reason::SeedSlotNotOver
        } else {
            Reason::DrawPending
        };
        self.wait_all(games.into_values(), reason);
    }

    /// Every lane with a commitment gets its value, whoever requested it.
    pub(super) fn reveal_draws(&mut self) {
        let state = self.state;
        let pending: BTreeMap<(Pubkey, u64), Pubkey> = state
            .draws
            .iter()
            .filter(|(_, draw)| draw.state == Draw::PENDING)
            .map(|(address, draw)| ((draw.lane, draw.id), *address))
            .collect();
        for (lane_address, lane) in &state.lanes {
            let Some(house) = self.served_house(&lane.house) else {
                continue;
            };
            let draw_address = lane
                .current_draw()
                .and_then(|id| pending.get(&(*lane_address, id)));
            let Some((address, draw)) =
                draw_address.and_then(|address| Some((address, state.draws.get(address)?)))
            else {
                continue;
            };
            let in_hand =
                self.is_in_hand(&Key::Lane(*lane_address)) || self.is_in_hand(&Key::Draw(*address));
            if is_revealable(draw, state.slot) && !in_hand {
                self.plan.actions.push(Action::RevealDraw(RevealDraw {
                    house: lane.house,
                    queue: house.vrf_queue,
                    lane_index: lane.index,
                    draw: *address,
                    draw_id: draw.id,
                    oracle: draw.oracle,
                    seed_slot: draw.seed_slot,
                }));
            }
        }
    }

    /// All due games of a house share as few draws as they fit into, one a lane.
    pub(super) fn request_draws(&mut self) {
        let state = self.state;
        for (house_address, games) in std::mem::take(&mut self.due) {
            let Some(house) = state.houses.get(&house_address) else {
                self.wait_all(games.into_iter().map(|(game, _)| game), Reason::NotInSync);
                continue;
            };
            let mut idle: Vec<(&Pubkey, &Lane)> = state
                .lanes
                .iter()
                .filter(|(address, lane)| {
                    lane.house == house_address
                        && lane.state == Lane::IDLE
                        && !self.is_in_hand(&Key::Lane(**address))
                })
                .collect();
            idle.sort_unstable_by_key(|(_, lane)| lane.index);
            let size = self.settings.capacity.request.max(1);
            let mut lanes = idle.into_iter();
            for chunk in games.chunks(size) {
                let request = match lanes.next() {
                    None => Err(Reason::NoIdleLane),
                    Some((_, lane)) => self
                        .choose_oracle(house, lane.next_draw, chunk)
                        .map(|oracle| (lane, oracle.address))
                        .ok_or(Reason::NoLiveOracle),
                };
                let games = chunk.iter().map(|(game, _)| *game);
                match request {
                    Err(reason) => self.wait_all(games, reason),
                    Ok((lane, oracle)) => {
                        self.plan.actions.push(Action::RequestDraw(RequestDraw {
                            house: house_address,
                            queue: house.vrf_queue,
                            lane_index: lane.index,
                            draw_id: lane.next_draw,
                            oracle,
                            games: games.collect(),
                        }));
                    }
                }
            }
        }
    }

    /// Live oracles take turns by draw id. A game whose last draw went
    /// unanswered gets another oracle than that time, if there is one.
    fn choose_oracle(
        &self,
        house: &House,
        draw_id: u64,
        games: &[(GameRef, &Game)],
    ) -> Option<&'a Oracle> {
        let live: Vec<&Oracle> = self
            .state
            .oracles
            .get(&house.vrf_queue)?
            .iter()
            .filter(|oracle| oracle.is_live(self.state.now))
            .collect();
        let count = u64::try_from(live.len()).ok().filter(|count| *count > 0)?;
        let first = usize::try_from(draw_id % count).ok()?;
        let failed = |oracle: &Oracle| {
            games
                .iter()
                .any(|(_, game)| game.draw_attempts > 0 && game.last_oracle == oracle.address)
        };
        let mut turns = live.iter().cycle().skip(first).take(live.len());
        turns
            .clone()
            .find(|oracle| !failed(oracle))
            .or_else(|| turns.next())
            .copied()
    }

    /// Opens the first missing lanes of each house, one at a time.
    pub(super) fn open_lanes(&mut self) {
        let state = self.state;
        for (address, house) in &state.houses {
            if !self.serves(address) {
                continue;
            }
            let open: Vec<u8> = state
                .lanes
                .values()
                .filter(|lane| lane.house == *address)
                .map(|lane| lane.index)
                .collect();
            let missing = (0..self.settings.lanes).find(|index| !open.contains(index));
            let Some(index) = missing.filter(|_| open.len() < usize::from(self.settings.lanes))
            else {
                continue;
            };
            let action = OpenLane {
                house: *address,
                queue: house.vrf_queue,
                index,
            };
            if !self.is_in_hand(&Key::Lane(action.lane())) {
                self.plan.actions.push(Action::OpenLane(action));
            }
        }
    }

    fn served_house(&self, house: &Pubkey) -> Option<&'a House> {
        self.state.houses.get(house).filter(|_| self.serves(house))
    }
}

/// Whether the program takes the value at this slot: the request was made in the
/// slot after the seed's, and the reveal must come later.
fn is_revealable(draw: &Draw, slot: u64) -> bool {
    slot > draw.seed_slot.saturating_add(1)
}
